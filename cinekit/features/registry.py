"""Every feature: its name, unit and range. The order here is the order of the columns.

A value is NaN where the question has no answer: the share of moving area that is water in a loop
in which nothing moves, the position of a face when nobody looked for one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cinekit.judge.figures import MEASURES
from cinekit.see.vocabulary import shared_categories

INF = math.inf


@dataclass(frozen=True)
class Feature:
    """What a number means. low, high : the range of its values, both ends included."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str


SHARE = "share"

FACES = (
    Feature("face_known", "0 or 1", 0, 1, "whether somebody looked for faces"),
    Feature(
        "face_count", "faces", 0, INF, "faces in the middle frame; those that touch count as one"
    ),
    Feature("face_area", "share of frame", 0, 1, "area of the largest face"),
    Feature("face_x", "share of width", 0, 1, "centre of the largest face, from the left"),
    Feature("face_y", "share of height", 0, 1, "centre of the largest face, from the top"),
)
LOOK = (
    Feature("sharpness_frame", "log grey levels squared", 0, INF, "log(1 + variance of Laplacian)"),
    Feature("sharpness_moving", "log grey levels squared", 0, INF, "the same where it moves"),
    Feature("brightness", "grey levels / 255", 0, 1, "mean luma"),
    Feature("contrast", "grey levels / 255", 0, 0.5, "standard deviation of the luma"),
    Feature("colourfulness", "grey levels", 0, INF, "Hasler and Suesstrunk 2003, M3"),
    Feature("saliency_moving", SHARE, 0, 1, "share of the saliency that falls on what moves"),
    Feature("saliency_ratio", "ratio", 0, INF, "saliency where it moves, to the frame's mean"),
    Feature("moving_x", "share of width", 0, 1, "centre of what moves, from the left"),
    Feature("moving_y", "share of height", 0, 1, "centre of what moves, from the top"),
    Feature("moving_spread", "share of diagonal", 0, 1, "root mean squared distance from there"),
    Feature("moving_parts", "parts", 0, INF, "connected moving parts above a thousandth"),
)
MOTION = (
    Feature("flow_mean", "share of diagonal / s", 0, INF, "mean speed where it moves"),
    Feature("flow_p90", "share of diagonal / s", 0, INF, "90th percentile of that speed"),
    Feature("flow_variation", "ratio", 0, INF, "deviation of the mean speed over time, to it"),
    Feature("flow_direction_x", "cosine", -1, 1, "mean direction to the right, 0 when mixed"),
    Feature("flow_direction_y", "cosine", -1, 1, "mean direction downwards"),
    Feature("flow_agreement", SHARE, 0, 1, "length of the mean direction: 1 when all goes one way"),
    Feature("flow_divergence", "1 / s", 0, INF, "mean absolute divergence"),
    Feature("flow_curl", "1 / s", 0, INF, "mean absolute curl"),
    Feature("track_count", "tracks", 0, INF, "points that could be followed"),
    Feature("track_length", "share of diagonal", 0, INF, "mean length of their ways"),
    Feature("track_reach", "share of diagonal", 0, INF, "mean distance from first to last point"),
    Feature("track_speed", "share of diagonal / s", 0, INF, "mean speed along them"),
    Feature("track_smoothness", "cosine", -1, 1, "mean cosine of the turns between steps"),
)
LOOP = (
    Feature("verdict", "0, 1, 2", 0, 2, "refused, doubtful, good"),
    Feature("looping_area", "share of frame", 0, 1, "pixels with a period above 1"),
    Feature("target_area", "share of frame", 0, 1, "area that should move"),
    Feature("loop_seconds", "s", 0, INF, "length of the rendered loop"),
    Feature("period_mean", "s", 0, INF, "mean period of the looping pixels"),
    Feature("period_deviation", "s", 0, INF, "its standard deviation"),
    Feature("period_dominant", SHARE, 0, 1, "looping pixels that have the commonest period"),
    Feature("period_count", "periods", 0, INF, "different periods"),
    Feature("start_deviation", "s", 0, INF, "standard deviation of the looping pixels' starts"),
    Feature("energy_temporal", "per pixel", 0, INF, "temporal term after the last stage"),
    Feature("energy_label", "per pixel", 0, INF, "label term"),
    Feature("energy_spatial", "per pixel", 0, INF, "spatial term"),
    Feature("energy_total", "per pixel", 0, INF, "E"),
)
JUDGED = tuple(
    Feature(f"loop_{name}", measure.unit, -INF, INF, measure.meaning)
    for name, measure in MEASURES.items()
)
SEMANTIC = tuple(
    Feature(f"{part}_{category.name}", SHARE, 0, 1, f"occurrence in the {part} part")
    for part in ("still", "moving")
    for category in shared_categories()
)

STANDARD = (*LOOK, *MOTION, *LOOP, *JUDGED, *SEMANTIC)
"""What ``features=standard`` gives."""

FEATURES: Mapping[str, Feature] = MappingProxyType({f.name: f for f in (*STANDARD, *FACES)})
"""Every feature of the core by name: ``features=[standard,faces]``, the default."""

NAMES = tuple(FEATURES)
