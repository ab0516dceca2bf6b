"""``result.json``: what a job found, for programs. The schema is docs/result-schema.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from cinekit.errors import WriteError
from cinekit.labels import LabelMap
from cinekit.model import Clip, EnergyTerms, Loop, Ranking, Verdict, best_first
from cinekit.result import Result
from cinekit.store.archive import plain

SCHEMA = "cinekit.result/1"
"""Changes its number when a key is renamed, removed or changes its meaning; new keys may come."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """What was written for one candidate; names are relative to the output folder.

    files : kind ("mp4", "labels") -> file. types : kind -> media type, of loops.
    media : what the report shows: "loop", "labels", "target", "frames" -> file.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)


def result_json(
    result: Result,
    files: Mapping[str, Files] | None = None,
    media: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The result as plain JSON values: no arrays, no NaN (a figure that is not finite is null).

    files : by candidate id; what has none was not written.
    media : what the report shows of the clip: "clip", "moving", "region NAME" -> file.
    """
    clip, regions, written = result.clip, result.regions, files or {}
    frames, height, width = result.working
    return {
        "schema": SCHEMA,
        "cinekit": version("cinekit"),
        "clip": _clip(clip),
        "stabilisation": plain(vars(result.stabilisation)),
        "response": {
            "source": result.response.source,
            "categories": [category.name for category in result.response.categories],
            "notes": list(result.response.notes),
        },
        "working": {"frames": frames, "height": height, "width": width, "every": result.every},
        "stages": [plain(vars(stage)) for stage in result.stages],
        "moving": plain(float(regions.moving.mean())),
        "regions": [
            {
                "name": region.name,
                "motion": region.motion.value,
                "area": plain(region.area),
                "moving": plain(region.moving),
            }
            for region in regions.regions
        ],
        "dropped": [plain(vars(dropped)) for dropped in regions.dropped],
        "candidates": [
            _candidate(one, clip, written.get(one.candidate.id, Files())) for one in result
        ],
        "ranking": _ranking(result.ranking),
        "notes": list(result.notes),
        "warnings": list(result.warnings),
        "settings": plain(result.settings),
        "media": dict(media or {}),
        "files": {"report": "report.html"} if media else {},
    }


def _ranking(ranking: Ranking | None) -> dict[str, Any] | None:
    return None if ranking is None else plain({**vars(ranking), "heading": ranking.heading})


def ranked(document: Mapping[str, Any], ranking: Ranking) -> dict[str, Any]:
    """The document of a result in the order of another ranking."""

    def order(one: Mapping[str, Any]) -> tuple[int, float, float, str]:
        score = ranking.scores.get(one["id"])
        return best_first(Verdict(one["verdict"]), score, one["moving_area"], one["id"])

    candidates = sorted(document["candidates"], key=order)
    return {**document, "candidates": candidates, "ranking": _ranking(ranking)}


def _clip(clip: Clip) -> dict[str, Any]:
    height, width = clip.size
    return {
        "name": clip.name,
        "width": width,
        "height": height,
        "fps": plain(clip.fps),
        "frames": clip.n_frames,
        "seconds": plain(clip.seconds),
        "notes": list(clip.notes),
        "warnings": list(clip.warnings),
    }


def _candidate(loop: Loop, clip: Clip, written: Files) -> dict[str, Any]:
    labels, judgement = loop.labels, loop.judgement
    found = {
        "id": loop.candidate.id,
        "categories": loop.candidate.regions,
        "target_area": float(loop.candidate.target.mean()),
        "frames": loop.n_frames,
        "first_frame": loop.first,
        "seconds": loop.n_frames / clip.fps,
        "verdict": judgement.verdict,
        "reasons": judgement.reasons,
        "measures": judgement.measures,
        "moving_area": judgement.measures.get("moving_area"),
        "looping_area": float(labels.looping.mean()),
        "there_and_back": float(labels.returns.mean()),
        "periods": period_shares(labels),
        "energies": [{"stage": stage, **_terms(terms)} for stage, terms in loop.energies.items()],
        "statistics": loop.statistics,
        **vars(written),
    }
    document: dict[str, Any] = plain(found)
    return document


def _terms(terms: EnergyTerms) -> dict[str, float]:
    return {**vars(terms), "total": terms.total}


def period_shares(labels: LabelMap) -> dict[int, float]:
    """Share of the looping pixels that has each period (frames), in ascending order of period."""
    periods, counts = np.unique(labels.period[labels.looping], return_counts=True)
    total = max(int(counts.sum()), 1)
    return {int(p): int(c) / total for p, c in zip(periods, counts, strict=True)}


def dump_json(document: Mapping[str, Any]) -> str:
    """Readable JSON text with a newline at its end."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_result(result: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of a result, given it or its result.json, and what is in that.

    Raises
    ------
    WriteError
        When it is none, or one of another schema.
    """
    folder = result.parent if result.name == "result.json" else result
    path = folder / "result.json"
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WriteError(
            f"{path}: expected a result, cannot read it ({type(error).__name__}); "
            "give the folder that 'cinekit make' wrote"
        ) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise WriteError(f"expected a result of schema {SCHEMA}, {path} is {schema}")
    assert isinstance(document, dict)
    return folder, document
