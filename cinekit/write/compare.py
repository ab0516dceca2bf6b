"""One page for a sweep: several ``result.json`` side by side.

The runs are told apart by the settings in which they differ, their candidates stand in rows, and
the loops play from the files that each run wrote (linked, not copied: the page stays small and
belongs beside its runs).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cinekit.errors import WriteError
from cinekit.store.atomic import write_text
from cinekit.write.media import shown_of
from cinekit.write.report import environment, flat_settings
from cinekit.write.summary import read_result


def write_comparison(
    results: Sequence[Path], path: Path, different: Sequence[Mapping[str, Any]] | None = None
) -> Path:
    """Write a page that compares jobs, in the order given.

    results : paths of ``result.json`` files, or of the folders that hold them.
    path : the page. Loops are linked relative to it.
    different : what each job was told that others were not, in the same order; None takes the
        settings in which they differ.

    Returns
    -------
    The file that was written.

    Raises
    ------
    WriteError
        When there is nothing to compare, a file is no result of this schema, or the folder of the
        page is not writable.
    """
    path = Path(path)
    if not results:
        raise WriteError("expected at least one result.json to compare, received none")
    folders, documents = zip(*(read_result(Path(one)) for one in results), strict=True)
    if different is None:
        different = differing_settings(documents)
    runs = [
        _run(document, folder, path.parent, settings)
        for document, folder, settings in zip(documents, folders, different, strict=True)
    ]
    names = sorted({document["clip"]["name"] for document in documents})
    page = (
        environment()
        .get_template("compare.html.j2")
        .render(
            title=", ".join(names),
            many_clips=len(names) > 1,
            runs=runs,
            version=documents[0]["cinekit"],
        )
    )
    write_text(path, page)
    return path


def differing_settings(documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per run, the settings (dotted names) in which the runs differ.

    Where runs use different components ("segmenter.class" differs), the component is named, and
    its options only when they also differ between runs of that same component: the options of one
    segmenter say nothing about another.
    """
    flat = [dict(flat_settings(document["settings"])) for document in documents]
    names = dict.fromkeys(name for one in flat for name in one)
    varying = [name for name in names if _differs(name, flat)]
    kept = []
    for name in varying:
        component = f"{name.rpartition('.')[0]}.class"
        if name == component or component not in varying:
            kept.append(name)
            continue
        same: dict[Any, list[dict[str, Any]]] = {}
        for one in flat:
            same.setdefault(one.get(component), []).append(one)
        if any(_differs(name, group) for group in same.values()):
            kept.append(name)
    return [{name: one[name] for name in kept if name in one} for one in flat]


def _differs(name: str, runs: Sequence[dict[str, Any]]) -> bool:
    missing = object()
    return any(one.get(name, missing) != runs[0].get(name, missing) for one in runs[1:])


def _run(
    document: dict[str, Any], folder: Path, page: Path, different: Mapping[str, Any]
) -> dict[str, Any]:
    report = document["files"].get("report")
    clip = document["clip"]
    return {
        "name": folder.name,
        "clip": clip["name"],
        "shape": f"{clip['width']} / {clip['height']}",
        "different": {name.removesuffix(".class"): value for name, value in different.items()},
        "source": document["response"]["source"],
        "seconds": sum(stage["seconds"] for stage in document["stages"]),
        "peak": max((stage["peak_bytes"] for stage in document["stages"]), default=0),
        "report": _link(report, folder, page),
        "warnings": clip["warnings"] + document["warnings"],
        "dropped": document["dropped"],
        "candidates": [_tile(one, folder, page) for one in document["candidates"]],
    }


def _tile(candidate: dict[str, Any], folder: Path, page: Path) -> dict[str, Any]:
    kind = shown_of(candidate["types"])
    final = candidate["energies"][-1]["total"] if candidate["energies"] else None
    return {
        **candidate,
        "title": candidate["id"].replace("_", " "),
        "loop": _link(candidate["files"][kind] if kind else None, folder, page),
        "is_video": kind is not None and candidate["types"][kind].startswith("video/"),
        "energy": final,
    }


def _link(name: str | None, folder: Path, page: Path) -> str | None:
    """A file as a link relative to the page."""
    if name is None:
        return None
    return quote(Path(os.path.relpath(folder / name, page)).as_posix())
