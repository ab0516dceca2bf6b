"""Time stamps: which frame rate a stretch of video has, and how it is made constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STANDARD_RATES = (
    10.0, 12.0, 12.5, 15.0, 24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0,
    48.0, 50.0, 60000 / 1001, 60.0, 100.0, 120000 / 1001, 120.0, 240.0,
)  # fmt: skip
JITTER = 0.2
"""Frames. Time stamps this near to an even grid are an even grid, written down imprecisely."""


@dataclass(frozen=True)
class Timing:
    """A constant frame rate, and which decoded frame is shown at each of its ticks.

    index : int64 (T,), non-decreasing.
    """

    fps: float
    index: NDArray[np.int64]
    notes: tuple[str, ...] = ()


def _snap(rate: float, near: Sequence[float], tolerance: float) -> float:
    """The nearest of some rates, when it is within a relative tolerance."""
    best = min(near, key=lambda r: abs(r - rate))
    return best if abs(best - rate) <= tolerance * rate else rate


def constant(times: NDArray[np.float64], nominal: float | None, tick: float) -> Timing:
    """Make time stamps constant by showing, at every tick, the frame nearest in time.

    Nothing is interpolated: a blended frame would be a ghost in the loop.

    Parameters
    ----------
    times : float64 (n,), seconds, increasing, n >= 2.
    nominal : average rate that the container states, if any.
    tick : seconds, the precision of the time stamps.
    """
    n = len(times)
    span = float(times[-1] - times[0])
    rates = STANDARD_RATES if nominal is None else (*STANDARD_RATES, nominal)
    rate = _snap((n - 1) / span, rates, 2 * tick / span + 1e-4)
    grid = (times - times[0]) * rate  # in frames
    off = grid - np.arange(n)
    if float(off.max() - off.min()) <= 2 * JITTER:
        return Timing(rate, np.arange(n))
    steps = np.diff(times)
    rate = _snap(float(1 / np.median(steps)), STANDARD_RATES, 0.02)
    ticks = times[0] + np.arange(int(span * rate + 0.5) + 1) / rate
    after = np.clip(np.searchsorted(times, ticks), 1, n - 1)
    index = np.where(ticks - times[after - 1] <= times[after] - ticks, after - 1, after)
    used = len(np.unique(index))
    slow, fast = 1 / float(steps.max()), 1 / float(steps.min())
    note = (
        f"variable frame rate ({slow:.4g} to {fast:.4g} frames/s) made a constant {rate:.4g} by "
        f"taking the frame nearest in time: {len(index) - used} repeated, {n - used} left out"
    )
    return Timing(rate, index, (note,))
