"""Hard scene cuts: where one shot ends and the next begins. Fades and dissolves are no cuts here.

A cut must stand out three ways, so that neither a flickering fire nor a whip pan nor a flash is
taken for one: the change is large against the changes around it, the pictures on its two sides do
not correlate, and this holds for every pairing of the last two frames before with the first two
after (a flash differs from both sides, but the sides agree).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE = (32, 18)
"""Cells (width, height) that a frame is averaged to: motion inside a cell is no cut."""
_LEAST = 3.0
"""Mean absolute change of the cells, of 255."""
_STANDS_OUT = 2.5
"""Times the median change of the frames around. Cuts of real films reach 3.7 (after a whip pan)
to 29; fire, waves and hand-held faces stay below 2.7."""
_CORRELATION = 0.75
"""Of the two sides. Real cuts stay below 0.25, the wildest fire above 0.68."""
_AROUND = 6
"""Frames on each side that a change is compared with."""


def _thumbnails(frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(T, 18, 32, 3)."""
    small = [cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA) for frame in frames]
    return np.asarray(small, np.float32)


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Of two thumbnails, their mean colours removed; 0 where one of them is flat."""
    a, b = a - a.mean((0, 1)), b - b.mean((0, 1))
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > a.size else 0.0


def find_cuts(frames: Iterable[NDArray[np.uint8]]) -> list[int]:
    """Frames at which a new shot begins.

    Parameters
    ----------
    frames : uint8 (T, H, W, 3), or any iterable of (H, W, 3).

    Returns
    -------
    list of int
        Increasing, each in [1, T).
    """
    small = _thumbnails(frames)
    n = len(small)
    if n < 2:
        return []
    step = np.abs(np.diff(small, axis=0)).mean((1, 2, 3))  # (T - 1,): of t - 1 to t
    cuts: list[int] = []
    for t in range(1, n):
        near = [step[k - 1] for k in range(max(1, t - _AROUND), min(n, t + _AROUND + 1)) if k != t]
        usual = float(np.median(near)) if near else 0.0
        if step[t - 1] < max(_LEAST, _STANDS_OUT * usual):
            continue
        sides = [(a, b) for a in (t - 2, t - 1) if a >= 0 for b in (t, t + 1) if b < n]
        change = min(float(np.abs(small[a] - small[b]).mean()) for a, b in sides)
        if change < max(_LEAST, _STANDS_OUT * usual):
            continue
        if max(_correlation(small[a], small[b]) for a, b in sides) < _CORRELATION:
            cuts.append(t)
    return cuts


def longest_shot(cuts: list[int], n_frames: int) -> tuple[int, int, int]:
    """(first frame, end, number of shots) of the longest shot; the earliest, if there are two."""
    edges = [0, *cuts, n_frames]
    spans = list(pairwise(edges))
    first, end = max(spans, key=lambda span: span[1] - span[0])
    return first, end, len(spans)
