"""``result.json``: what a job found, for programs. The schema is docs/result-schema.md."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from cinekit.labels import LabelMap
from cinekit.model import Cinemagraph, Clip, EnergyTerms, Result
from cinekit.store.atomic import write_text

SCHEMA = "cinekit.result/1"
"""Changes its number when a key is renamed, removed or changes its meaning; new keys may come."""

Files = Mapping[str, Mapping[str, str]]
"""Candidate id -> kind ("mp4", "labels", ...) -> file name relative to the output folder."""


def result_json(
    result: Result, files: Files | None = None, folder_files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The result as plain JSON values: no arrays, no NaN (a figure that is not finite is null).

    files : per candidate, what was written for it.
    folder_files : what was written once for the job ("report" -> "report.html").
    """
    clip = result.clip
    frames, height, width = result.working
    document = {
        "schema": SCHEMA,
        "cinekit": version("cinekit"),
        "clip": _clip(clip),
        "stabilisation": {
            "applied": result.stabilisation.applied,
            "drift": result.stabilisation.drift,
            "residual": result.stabilisation.residual,
            "inliers": result.stabilisation.inliers,
            "trusted": result.stabilisation.trusted,
        },
        "response": {
            "source": result.response.source,
            "categories": [category.name for category in result.response.categories],
            "notes": list(result.response.notes),
        },
        "working": {"frames": frames, "height": height, "width": width, "every": result.every},
        "stages": [
            {"name": stage.name, "seconds": stage.seconds, "peak_bytes": stage.peak_bytes}
            for stage in result.stages
        ],
        "regions": [
            {
                "name": region.name,
                "motion": region.motion.value,
                "area": region.area,
                "moving": region.moving,
            }
            for region in result.regions.regions
        ],
        "dropped": [
            {"name": dropped.name, "reason": dropped.reason} for dropped in result.regions.dropped
        ],
        "candidates": [
            _candidate(cinemagraph, clip, (files or {}).get(cinemagraph.candidate.id, {}))
            for cinemagraph in result.cinemagraphs
        ],
        "notes": list(result.notes),
        "warnings": list(result.warnings),
        "settings": result.settings,
        "files": dict(folder_files or {}),
    }
    plain: dict[str, Any] = plain_json(document)
    return plain


def _clip(clip: Clip) -> dict[str, Any]:
    height, width = clip.size
    return {
        "name": clip.name,
        "width": width,
        "height": height,
        "fps": clip.fps,
        "frames": clip.n_frames,
        "seconds": clip.seconds,
        "notes": list(clip.notes),
        "warnings": list(clip.warnings),
    }


def _candidate(cinemagraph: Cinemagraph, clip: Clip, files: Mapping[str, str]) -> dict[str, Any]:
    labels, judgement = cinemagraph.labels, cinemagraph.judgement
    return {
        "id": cinemagraph.candidate.id,
        "categories": list(cinemagraph.candidate.regions),
        "target_area": float(cinemagraph.candidate.target.mean()),
        "frames": cinemagraph.n_frames,
        "first_frame": cinemagraph.first,
        "seconds": cinemagraph.n_frames / clip.fps,
        "verdict": judgement.verdict.value,
        "reasons": list(judgement.reasons),
        "measures": dict(judgement.measures),
        "moving_area": judgement.measures.get("moving_area"),
        "looping_area": float(labels.looping.mean()),
        "there_and_back": float(labels.returns.mean()),
        "periods": {str(period): share for period, share in period_shares(labels).items()},
        "energies": [
            {"stage": stage, **_terms(terms)} for stage, terms in cinemagraph.energies.items()
        ],
        "statistics": dict(cinemagraph.statistics),
        "files": dict(files),
    }


def _terms(terms: EnergyTerms) -> dict[str, float]:
    return {
        "temporal": terms.temporal,
        "label": terms.label,
        "spatial": terms.spatial,
        "total": terms.total,
    }


def period_shares(labels: LabelMap) -> dict[int, float]:
    """Share of the looping pixels that has each period (frames), in ascending order of period."""
    periods, counts = np.unique(labels.period[labels.looping], return_counts=True)
    total = max(int(counts.sum()), 1)
    return {int(p): int(c) / total for p, c in zip(periods, counts, strict=True)}


def plain_json(value: Any) -> Any:
    """A value made of what JSON knows: numpy scalars become numbers, NaN and infinities null.

    Anything unknown becomes its ``str``.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return str(value)


def dump_json(document: Mapping[str, Any]) -> str:
    """Readable JSON text with a newline at its end; floats at most 6 significant digits."""
    return json.dumps(_rounded(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) < 1e6 else round(value, 1)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def write_result(document: Mapping[str, Any], path: Path) -> None:
    """Write ``result.json``; the file appears whole or not at all.

    Raises
    ------
    WriteError
        When the folder is not writable.
    """
    write_text(path, dump_json(document))
