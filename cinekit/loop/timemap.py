"""Which frame of the clip a pixel shows in which frame of the loop (method, section 6).

A loop of ``n`` frames repeats exactly when every period fits it a whole number of times. A period
p that does not is stretched: it makes ``k`` cycles of ``n / k`` frames each, played at the speed
``k * p / n``. Source frames are rounded, not interpolated: a mix of two frames of water is a
blurred frame, while :func:`loop_length` makes the period of most pixels play at exactly speed 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.loop.options import RenderOptions
from cinekit.model import STILL, LabelMap


def cycles(period: int, n_frames: int) -> int:
    """Whole cycles of a period in n frames: n / p rounded to where the speed changes less.

    >>> cycles(32, 64), cycles(60, 64), cycles(50, 64), cycles(90, 64)
    (2, 1, 1, 1)
    """
    below = n_frames // period
    if below == 0:
        return 1
    # Speed is a ratio: k and k + 1 are equally far from n / p at their geometric mean.
    ratio = n_frames / period
    return below if ratio * ratio <= below * (below + 1) else below + 1


def speed(period: int, n_frames: int) -> float:
    """Source frames per loop frame of a period in a loop of n frames; 1 is the clip's own."""
    return cycles(period, n_frames) * period / n_frames


def _check(labels: LabelMap, n_frames: int) -> None:
    if n_frames < 1:
        raise RenderError(f"expected a loop of at least 1 frame, received {n_frames}")
    if labels.period.size == 0:
        raise RenderError("expected labels of at least one pixel, received none")


def phase(
    period: NDArray[np.int64], start: NDArray[np.int64], n_frames: int, f: int
) -> NDArray[np.int64]:
    """``(round(f * speed) - s) mod p`` per label, in exact integer arithmetic: int64, [0, p)."""
    found, where = np.unique(period, return_inverse=True)
    per_period = np.array(
        [(2 * f * cycles(int(p), n_frames) * int(p) + n_frames) // (2 * n_frames) for p in found],
        np.int64,
    )
    played = per_period[where].reshape(period.shape)
    position: NDArray[np.int64] = np.mod(played - start, period)
    return position


def time_map(labels: LabelMap, n_frames: int, f: int) -> NDArray[np.int32]:
    """Source frame of every pixel in frame f of a loop of n frames.

    ``index = s + ((round(f * speed) - s) mod p)``, with ``speed = k p / n`` and k whole: the map
    is periodic in f with period n, and stays within ``[s, s + p)``. Any integer f is allowed. The
    source is what the labels show at that index: itself, unless the loop goes there and back.

    Returns
    -------
    int32 (H, W), frames of the clip.

    Raises
    ------
    RenderError
        When n_frames is below 1.
    """
    _check(labels, n_frames)
    start = labels.start.astype(np.int64)
    index = start + phase(labels.period.astype(np.int64), start, n_frames, f)
    source: NDArray[np.int32] = labels.shows[index]
    return source


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
    looping = labels.period[labels.period > STILL]
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
