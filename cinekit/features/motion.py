"""How things move: dense optical flow and followed points, both by OpenCV.

Lengths are shares of the frame's diagonal and times seconds, so that size and frame rate of the
clip change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.features.registry import MOTION

NAN = float("nan")
TRACK_FRAMES = 16
MAX_TRACKS = 200
SLOW = 0.05
"""Pixels of the small frame per step: below this a flow has no direction."""


def flow_statistics(
    pairs: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    moving: NDArray[np.bool_],
    fps: float,
) -> dict[str, float]:
    """Farneback's flow between pairs of consecutive grey frames uint8 (h, w), where it moves."""
    names = [f.name for f in MOTION if f.name.startswith("flow_")]
    if not moving.any():
        return {name: (0.0 if name in ("flow_mean", "flow_p90") else NAN) for name in names}
    unit = fps / float(np.hypot(*moving.shape))  # pixels per step -> diagonals per second
    fields = np.stack([_flow(first, second) for first, second in pairs])  # (pairs, h, w, 2)
    inside = fields[:, moving]  # (pairs, n, 2)
    speed = np.linalg.norm(inside, axis=-1)
    per_pair = speed.mean(axis=1)
    fast = speed > SLOW
    direction = (inside[fast] / speed[fast][:, None]).mean(axis=0) if fast.any() else np.zeros(2)
    dx_dx, dx_dy = np.gradient(fields[..., 0], axis=2), np.gradient(fields[..., 0], axis=1)
    dy_dx, dy_dy = np.gradient(fields[..., 1], axis=2), np.gradient(fields[..., 1], axis=1)
    return {
        "flow_mean": float(speed.mean()) * unit,
        "flow_p90": float(np.percentile(speed, 90)) * unit,
        "flow_variation": float(per_pair.std() / max(per_pair.mean(), 1e-6)),
        "flow_direction_x": float(direction[0]),
        "flow_direction_y": float(direction[1]),
        "flow_agreement": min(1.0, float(np.linalg.norm(direction))),
        "flow_divergence": float(np.abs(dx_dx + dy_dy)[:, moving].mean()) * fps,
        "flow_curl": float(np.abs(dy_dx - dx_dy)[:, moving].mean()) * fps,
    }


def _flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    start = np.zeros((*first.shape, 2), np.float32)
    found = cv2.calcOpticalFlowFarneback(first, second, start, 0.5, 3, 13, 2, 5, 1.1, 0)
    return found.astype(np.float32, copy=False)


def track_statistics(
    grey: Sequence[NDArray[np.uint8]], moving: NDArray[np.bool_], fps: float
) -> dict[str, float]:
    """Corners of the moving part, followed by Lucas-Kanade for up to 16 frames."""
    ways = follow(grey[:TRACK_FRAMES], moving)  # (n, frames, 2)
    if ways.shape[0] == 0 or ways.shape[1] < 2:
        names = [f.name for f in MOTION if f.name.startswith("track_")]
        return {name: (0.0 if name == "track_count" else NAN) for name in names}
    diagonal = float(np.hypot(*moving.shape))
    steps = np.diff(ways, axis=1)
    lengths = np.linalg.norm(steps, axis=-1)
    a, b = steps[:, :-1], steps[:, 1:]
    size = lengths[:, :-1] * lengths[:, 1:]
    moved = size > SLOW**2
    turns = (a * b).sum(-1)[moved] / size[moved]
    way = lengths.sum(axis=1).mean() / diagonal
    return {
        "track_count": float(len(ways)),
        "track_length": float(way),
        "track_reach": float(np.linalg.norm(ways[:, -1] - ways[:, 0], axis=-1).mean() / diagonal),
        "track_speed": float(way) * fps / lengths.shape[1],
        "track_smoothness": float(np.clip(turns.mean(), -1, 1)) if turns.size else NAN,
    }


def follow(grey: Sequence[NDArray[np.uint8]], moving: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Points that could be followed through all frames: float64 (n, frames, 2), x before y."""
    points = cv2.goodFeaturesToTrack(
        grey[0], MAX_TRACKS, 0.01, 4, mask=moving.astype(np.uint8) * 255
    )
    if points is None:
        return np.empty((0, len(grey), 2))
    ways, alive = [points[:, 0]], np.ones(len(points), bool)
    for first, second in pairwise(grey):
        points, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, np.empty_like(points))
        alive &= found[:, 0] == 1
        ways.append(points[:, 0])
    out: NDArray[np.float64] = np.stack(ways, axis=1)[alive].astype(np.float64)
    return out
