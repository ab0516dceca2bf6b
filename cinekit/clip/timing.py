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
HIGHEST_RATE = 240.0
"""Frames per second: the fastest slow motion of phones. More is no longer a picture a frame."""
JITTER = 0.2
"""Frames. Time stamps this near to an even grid are an even grid, written down imprecisely."""
ALIKE = 0.05
"""Relative difference of two steps between frames that vote for the same rate."""
HYSTERESIS = 0.75
"""Frames that the grid may run ahead or behind before a frame is repeated for it. Above a half: a
hitch of half a frame would otherwise let every later time stamp fall on either side by chance."""
LATE = 1.5
"""Frames that the grid may be behind where frames come faster than it; then it is too slow."""


@dataclass(frozen=True)
class Timing:
    """A constant frame rate, and which decoded frame is shown at each of its ticks.

    index : int64 (T,), non-decreasing.
    """

    fps: float
    index: NDArray[np.int64]
    notes: tuple[str, ...] = ()


def constant(times: NDArray[np.float64], nominal: float | None, tick: float) -> Timing:
    """Make time stamps constant: every frame is shown, and repeated where there is a gap.

    Nothing is interpolated: a blended frame would be a ghost in the loop. Nothing is left out
    either, unless more than 240 frames come in a second.

    Parameters
    ----------
    times : float64 (n,), seconds, increasing, n >= 2.
    nominal : average rate that the container states, if any.
    tick : seconds, the precision of the time stamps.
    """
    n = len(times)
    span = float(times[-1] - times[0])
    rates = STANDARD_RATES if nominal is None else (*STANDARD_RATES, nominal)
    for measured in (1 / _vote(np.diff(times)), (n - 1) / span):
        rate = _snap(measured, rates, 2 * tick / span + 1e-4)
        off = (times - times[0]) * rate - np.arange(n)  # in frames
        if rate <= HIGHEST_RATE and float(off.max() - off.min()) <= 2 * JITTER:
            return Timing(rate, np.arange(n))
    rate, index = _place(times)
    steps = np.diff(times)
    slow, fast = 1 / float(steps.max()), 1 / float(steps.min())
    used = len(np.unique(index))
    note = (
        f"variable frame rate ({slow:.4g} to {fast:.4g} frames/s) made a constant {rate:.4g}: "
        f"{len(index) - used} repeated, {n - used} left out"
    )
    return Timing(rate, index, (note,))


def _snap(rate: float, near: Sequence[float], tolerance: float) -> float:
    """The nearest of some rates, when it is within a relative tolerance."""
    best = min(near, key=lambda r: abs(r - rate))
    return best if abs(best - rate) <= tolerance * rate else rate


def _place(times: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
    """The rate that most steps vote for, and the frame at each tick; a faster one if it is late."""
    steps = _steps(times)
    while len(steps):
        voted = _vote(steps)
        rate = _snap(1 / voted, STANDARD_RATES, 0.02)
        advances, behind = _advance(np.diff(times) * rate)
        if behind <= LATE:
            return rate, np.repeat(np.arange(len(times)), [*advances, 1])
        steps = steps[steps < (1 - ALIKE) * voted]
    return HIGHEST_RATE, _nearest(times, HIGHEST_RATE)


def _steps(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds to the next frame; frames that come in a burst share the time until the next one."""
    steps, begin = [], 0
    for end in range(1, len(times)):
        step = (times[end] - times[begin]) / (end - begin)
        if step * HIGHEST_RATE >= 1 - ALIKE:
            steps += [step] * (end - begin)
            begin = end
    return np.array(steps)


def _vote(steps: NDArray[np.float64]) -> float:
    """The step that most others are like, of equals the shortest; jitter about it is evened out."""
    steps = np.sort(steps)
    alike = np.searchsorted(steps, (1 + ALIKE) * steps, side="right") - np.searchsorted(
        steps, (1 - ALIKE) * steps
    )
    about = np.abs(steps / steps[alike.argmax()] - 1) < JITTER
    return float(steps[about].mean())


def _advance(steps: NDArray[np.float64]) -> tuple[list[int], float]:
    """How many ticks every frame but the last is shown, at least one, and how late it gets.

    steps : (n - 1,), frames of the constant rate from each frame to the next.
    """
    advances, ahead, behind = [], 0.0, 0.0
    for step in steps.tolist():
        ticks = max(1, int(step + 0.5))
        ahead += step - ticks
        if ahead > HYSTERESIS:
            ticks, ahead = ticks + 1, ahead - 1
        elif ahead < -HYSTERESIS and ticks > 1:
            ticks, ahead = ticks - 1, ahead + 1
        advances.append(ticks)
        behind = max(behind, -ahead)
    return advances, behind


def _nearest(times: NDArray[np.float64], rate: float) -> NDArray[np.int64]:
    """The frame nearest in time at every tick."""
    span = float(times[-1] - times[0])
    ticks = times[0] + np.arange(int(span * rate + 0.5) + 1) / rate
    after = np.clip(np.searchsorted(times, ticks), 1, len(times) - 1)
    index: NDArray[np.int64]
    index = np.where(ticks - times[after - 1] <= times[after] - ticks, after - 1, after)
    return index
