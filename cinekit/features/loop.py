"""How it loops and what is in it: verdict, periods, energies, measures, semantic occurrence."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.features.registry import JUDGED, SEMANTIC
from cinekit.model import Loop, Scene, SemanticResponse, Verdict

NAN = float("nan")
SAMPLES = 8
"""Frames of the response that are looked at."""


def loopability(scene: Scene, loop: Loop) -> dict[str, float]:
    """Verdict, periods, energies per working pixel, and every measure of the judgement."""
    labels, fps = loop.labels, scene.clip.fps
    looping = labels.looping
    periods = labels.period[looping] / fps
    counts = np.unique(labels.period[looping], return_counts=True)[1]
    measures = loop.judgement.measures
    return {
        "verdict": float(Verdict.REFUSED.rank - loop.judgement.verdict.rank),
        "looping_area": float(looping.mean()),
        "target_area": float(loop.candidate.target.mean()),
        "loop_seconds": loop.n_frames / fps,
        "period_mean": float(periods.mean()) if len(periods) else NAN,
        "period_deviation": float(periods.std()) if len(periods) else NAN,
        "period_dominant": float(counts.max() / counts.sum()) if len(counts) else NAN,
        "period_count": float(len(counts)),
        "start_deviation": float(labels.start[looping].std()) / fps if len(periods) else NAN,
        **_energies(scene, loop),
        **{f.name: float(measures.get(f.name.removeprefix("loop_"), NAN)) for f in JUDGED},
    }


def _energies(scene: Scene, loop: Loop) -> dict[str, float]:
    # "borders ..." are sums over another grid; the stages before them share the working one.
    stages = [t for name, t in loop.energies.items() if not name.startswith("borders")]
    pixels = scene.working[1] * scene.working[2]
    parts = ("temporal", "label", "spatial", "total")
    if not stages or not pixels:
        return {f"energy_{part}": NAN for part in parts}
    return {f"energy_{part}": float(getattr(stages[-1], part)) / pixels for part in parts}


def occurrence(response: SemanticResponse, moving: NDArray[np.bool_]) -> dict[str, float]:
    """Mean probability of every shared category over the still and over the moving part.

    Categories that the segmenter does not know are 0: it did not see them. NaN when the part is
    empty. Regions without a shared name ("texture 1") count for none.
    """
    height, width = response.probabilities.shape[1:3]
    share = cv2.resize(moving.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    chosen = np.unique(np.linspace(0, response.n_frames - 1, SAMPLES).round().astype(int))
    mean = np.mean([response.frame(int(t)) for t in chosen], axis=0)  # (h, w, C)
    column = {category.name: i for i, category in enumerate(response.categories)}
    out = {}
    for feature in SEMANTIC:
        part, _, name = feature.name.partition("_")
        weight = share if part == "moving" else 1 - share
        total = float(weight.sum())
        if total <= 0:
            out[feature.name] = NAN
        elif name in column:
            out[feature.name] = min(1.0, float((mean[..., column[name]] * weight).sum()) / total)
        else:
            out[feature.name] = 0.0
    return out
