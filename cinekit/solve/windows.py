"""Runs of labels whose pair costs are a line metric.

Loops of one period p have a line metric as long as their start frames are at most p apart. When the
clip is longer than two periods not all labels are, but every run of start frames [s, s + p] is: the
problem restricted to such a run is solved like any line metric, and the solutions of overlapping
runs are fused by cuts with the exact costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.problem import LoopProblem
from cinekit.protocols import LabelProblem


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive labels first .. first + unary.shape[0] - 1 and their line metric.

    unary : float32 (n, h, w). vertical, horizontal : warps float32 (h - 1, w, n), (h, w - 1, n).
    """

    first: int
    unary: NDArray[np.float32]
    vertical: NDArray[np.float32]
    horizontal: NDArray[np.float32]


def line_windows(problem: LabelProblem) -> list[Window]:
    """All labels when they form a line metric, else as few windows as cover them; none if unknown.

    Windows that do not cover everything alone overlap evenly.
    """
    warps = problem.line()
    if warps is not None:
        return [Window(0, problem.unary, *warps)]
    if not isinstance(problem, LoopProblem):
        return []
    period = problem.single_period
    starts = problem.start.values.astype(np.int64)
    if period is None or problem.start.pixel_stride or (np.diff(starts) < 1).any():
        return []
    windows: list[Window] = []
    for first in window_starts(int(starts[-1] - starts[0]) + 1, period + 1):
        frames = starts - starts[0] - first
        labels = np.flatnonzero((frames >= 0) & (frames <= period))
        if len(labels) == 0:  # pruned labels leave gaps
            continue
        part = problem.part(labels)
        warps = part.line()
        if warps is None:
            return []
        windows.append(Window(int(labels[0]), part.unary, *warps))
    return windows


def window_starts(n_frames: int, size: int) -> list[int]:
    """Where windows of ``size`` frames begin: as few as cover all frames and share one."""
    free = n_frames - size
    count = 1 + -(-free // max(size - 1, 1))
    return [round(free * k / max(count - 1, 1)) for k in range(count)]
