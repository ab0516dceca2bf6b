"""How many frames a loop has, and with which of them its file begins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cinekit.labels import LabelMap, speed
from cinekit.loop.options import RenderOptions


def longest_loop(fps: float, options: RenderOptions) -> int:
    """Largest number of frames that :func:`loop_length` may choose."""
    fixed = options.frames(fps)
    if fixed is not None:
        return fixed
    shortest = max(1, math.ceil(options.min_seconds * fps - 1e-9))
    return max(shortest, math.floor(options.max_seconds * fps + 1e-9))


def loop_length(labels: LabelMap, fps: float, options: RenderOptions) -> int:
    """Number of frames of the loop.

    A length in seconds or frames is taken as it is. "auto" takes, within the range of the options,
    a multiple of the period that most moving pixels have, so that it plays at speed 1; among
    several the one that changes the speed of the other periods least (area-weighted squared log
    speed), and of equals the shortest. When no multiple lies in the range, the same criterion
    decides alone.
    """
    longest = longest_loop(fps, options)
    if options.frames(fps) is not None:
        return longest
    shortest = max(1, math.ceil(options.min_seconds * fps - 1e-9))
    looping = labels.period[labels.looping]
    if looping.size == 0:
        return shortest
    periods, counts = np.unique(looping, return_counts=True)
    dominant = int(periods[int(np.argmax(counts))])
    lengths = [n for n in range(shortest, longest + 1) if n % dominant == 0]
    if not lengths:
        lengths = list(range(shortest, longest + 1))
    weights = counts / counts.sum()

    def strain(n: int) -> float:
        changes = [math.log(speed(int(p), n)) ** 2 for p in periods]
        return round(float(np.dot(weights, changes)), 9)

    return min(lengths, key=lambda n: (strain(n), n))


_EVERY = 2
"""Every second row and column tells how much changes."""


def calmest_frame(frames: NDArray[np.uint8], labels: LabelMap) -> int:
    """The frame before which least changes where the loop moves; the first of several, 0 if none.

    frames : uint8 (n, H, W, 3), the loop once.
    """
    where = labels.looping[::_EVERY, ::_EVERY]
    if not where.any():
        return 0
    before = frames[-1, ::_EVERY, ::_EVERY][where].astype(np.int16)
    steps = []
    for frame in frames:
        now = frame[::_EVERY, ::_EVERY][where].astype(np.int16)
        steps.append(int(np.abs(now - before).sum(dtype=np.int64)))
        before = now
    return int(np.argmin(steps))


def begin_at(frames: NDArray[np.uint8], first: int) -> None:
    """Rotate a loop in place, so that frame ``first`` becomes frame 0 (``np.roll`` would copy it).

    frames : uint8 (n, H, W, 3). Three reversals: of each part, then of the whole.
    """
    for part in (frames[:first], frames[first:], frames):
        for k in range(len(part) // 2):
            kept = part[k].copy()
            part[k] = part[-1 - k]
            part[-1 - k] = kept
