"""``report.html``: one page that shows what came out, why, and what it cost.

Rendered from ``result.json`` and the media beside it, and nothing else. Self-contained: every
picture and loop is inside the file, nothing is fetched. Works without JavaScript; a few lines of it
add pausing and comparing with the clip.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from cinekit.errors import WriteError
from cinekit.judge import MEASURES
from cinekit.model import Verdict
from cinekit.store.atomic import write_text

TERMS = ("temporal", "label", "spatial")

_OUTLIER = 2.5
"""A start so many times above the other stages is drawn cut, so that those can be compared."""


def write_report(document: Mapping[str, Any], folder: Path) -> Path:
    """Render the report of a result into its folder.

    document : what is in ``result.json``, made with a report.

    Returns
    -------
    The file that was written.

    Raises
    ------
    WriteError
        When the folder is not writable, or a file that the report shows is gone.
    """
    path: Path = folder / document["files"]["report"]
    write_text(path, report_html(document, folder))
    return path


def report_html(document: Mapping[str, Any], folder: Path) -> str:
    """The report as text; see :func:`write_report`."""
    media = document["media"]
    shown = [_candidate(one, document, folder) for one in document["candidates"]]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            data=document,
            shown=[one for one in shown if one["verdict"] != Verdict.REFUSED.value],
            refused=[one for one in shown if one["verdict"] == Verdict.REFUSED.value],
            source=_data_uri(folder, media["clip"], "video/mp4"),
            regions=[
                {**region, "image": _data_uri(folder, media[f"region {region['name']}"])}
                for region in document["regions"]
            ],
            moving_image=_data_uri(folder, media["moving"]),
            stages=_stage_bars(document["stages"]),
            settings=list(flat_settings(document["settings"])),
            measures=MEASURES,
        )
    )


def environment() -> jinja2.Environment:
    """The templates, everything autoescaped, a missing name an error."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("cinekit.write", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=percent, number=number, seconds=seconds, megabytes=megabytes)
    return env


def _candidate(data: dict[str, Any], document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Everything the template needs about one candidate."""
    media = data["media"]
    types = {data["files"][kind]: media_type for kind, media_type in data["types"].items()}
    media_type = types.get(media.get("loop"), "video/mp4")
    return {
        **data,
        "title": data["id"].replace("_", " "),
        "loop": _data_uri(folder, media["loop"], media_type) if "loop" in media else None,
        "is_video": media_type.startswith("video/"),
        "labels": _data_uri(folder, media["labels"]),
        "target": _data_uri(folder, media["target"]),
        "contact": _data_uri(folder, media["frames"]) if "frames" in media else None,
        "groups": energy_groups(data["energies"]),
        "last_frame": document["clip"]["frames"] - 1,
        "main_period": max(data["periods"].items(), key=lambda item: item[1], default=None),
    }


def _data_uri(folder: Path, name: str, media_type: str = "image/webp") -> str:
    """A file of the folder as a ``data:`` URI with base64."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise WriteError(
            f"{folder / name}: cannot read what the report shows ({error.strerror}); "
            "make the result again"
        ) from None
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def energy_groups(energies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Energies as stacked bars, in groups that share a scale.

    Stages of the working clip compare with each other; the re-solve at full resolution, whose
    stages are called "borders ...", counts other pixels and has a scale of its own.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for stage in energies:
        title = "Full size" if stage["stage"].startswith("borders") else "Working size"
        groups.setdefault(title, []).append(stage)
    out = []
    for title, stages in groups.items():
        totals = [stage["total"] or 0 for stage in stages]
        top = max(totals, default=0)
        if len(totals) > 1 and totals[0] > _OUTLIER * max(totals[1:]):
            top = _OUTLIER * max(totals[1:])  # the start would flatten what came of it
        out.append({"title": title, "stages": [_bar(stage, top or 1) for stage in stages]})
    return out


def _bar(stage: dict[str, Any], top: float) -> dict[str, Any]:
    """Offsets and widths of the terms in percent of ``top``; a longer bar is cut and says so."""
    parts, left = [], 0.0
    for term in TERMS:
        width = min(100 * max(stage[term] or 0, 0) / top, 100 - left)
        parts.append({"term": term, "left": left, "width": width, "value": stage[term]})
        left += width
    cut = (stage["total"] or 0) > top * (1 + 1e-9)
    return {"name": stage["stage"], "total": stage["total"], "parts": parts, "cut": cut}


def _stage_bars(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stages on a common time line, in percent of the whole."""
    total = sum(stage["seconds"] for stage in stages) or 1
    out, left = [], 0.0
    for stage in stages:
        width = 100 * stage["seconds"] / total
        out.append({**stage, "left": left, "width": width})
        left += width
    return out


def flat_settings(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as (dotted name, value) pairs in their order."""
    if not isinstance(settings, dict):
        yield prefix, settings
        return
    for key, value in settings.items():
        yield from flat_settings(value, f"{prefix}.{key}" if prefix else str(key))


def percent(share: float | None) -> str:
    """A share as "12 %", small ones with a decimal."""
    if share is None:
        return "–"
    figure = f"{share * 100:.1f}" if abs(share) < 0.0995 else f"{share * 100:.0f}"
    return f"{figure}\u00a0%"


def number(value: Any) -> str:
    """A figure at three significant digits; anything else as it is."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration: "0.4 s", "12 s", "2 min 05 s"."""
    if value >= 60:
        return f"{int(value // 60)} min {int(value % 60):02d} s"
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def megabytes(value: float) -> str:
    """Bytes as MB (10**6) or GB (10**9); 0 is what a system says that does not count them."""
    if not value:
        return "not known"
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"
