"""Runs of labels whose pair costs are a line metric, or nearly one.

Loops of one period p have a line metric as long as their start frames are at most p apart; further
apart the length of the line between them is not what the pair costs. Few neighbours of a good
labelling are that far apart, so a run of two periods is solved as if it were a line, and only the
moves that follow see what pairs really cost. Longer clips are cut into overlapping runs, whose
solutions are fused with the costs of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cinekit.energy.problem import LoopProblem
from cinekit.protocols import LabelProblem
from cinekit.solve.pyramid import LineGrid

_PERIODS = 2  # as many as a run may span


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive labels first .. first + L - 1 of ``grid``.

    exact : whether these are all labels, and their pair costs those of the problem.
    """

    first: int
    grid: LineGrid
    exact: bool


def line_windows(problem: LabelProblem) -> list[Window]:
    """All labels when they (nearly) form a line metric, else as few windows as cover them.

    None if nothing is known about the problem. Windows that do not cover everything alone overlap
    evenly.
    """
    if not isinstance(problem, LoopProblem):
        warps = problem.line()
        return [] if warps is None else [Window(0, LineGrid.of(problem.unary, *warps), True)]
    period = problem.single_period
    starts = problem.start.values.astype(np.int64)
    if period in (None, 1) or problem.start.pixel_stride or (np.diff(starts) < 1).any():
        return []
    farthest = int(starts[-1] - starts[0])
    if farthest <= _PERIODS * period:
        return [Window(0, _loop_grid(problem, starts, period), farthest <= period)]
    windows: list[Window] = []
    for first in window_starts(farthest + 1, _PERIODS * period + 1):
        frames = starts - starts[0] - first
        labels = np.flatnonzero((frames >= 0) & (frames <= _PERIODS * period))
        if len(labels) > 0:  # pruned labels leave gaps
            part = problem.part(labels)
            grid = _loop_grid(part, starts[labels], period)
            windows.append(Window(int(labels[0]), grid, False))
    return windows


def window_starts(n_frames: int, size: int) -> list[int]:
    """Where windows of ``size`` frames begin: as few as cover all frames and share one."""
    free = n_frames - size
    count = 1 + -(-free // max(size - 1, 1))
    return [round(free * k / max(count - 1, 1)) for k in range(count)]


def _loop_grid(problem: LoopProblem, starts: NDArray[np.int64], period: int) -> LineGrid:
    """What :meth:`LoopProblem.line` returns, as a grid, for start frames at any distance."""
    h, w = problem.shape
    n = problem.n_labels
    sums = problem.sums[:, 0].T[starts].reshape(n, h, w)  # pixels fastest, as they are stored
    grid = LineGrid(
        np.empty((h, w, n), np.float32),
        np.empty((h - 1, w, n), np.float32),
        np.empty((h, w - 1, n), np.float32),
    )
    down, right = (weights / np.float32(period) for weights in problem.costs.edge_weights)
    fill_grid(problem.unary, sums, down, right, grid.unary, grid.vertical, grid.horizontal)
    return grid


@njit(cache=True, nogil=True)
def fill_grid(unary, sums, down, right, new_unary, vertical, horizontal):  # type: ignore[no-untyped-def]
    """Move labels from the first axis to the last, and add up what both ends of an edge see.

    unary, sums : float32 (L, h, w). down, right : weights of the edges, float32. The others: out.
    """
    n, h, w = unary.shape
    block = 16  # pixels, so that what is written stays in the fastest cache
    for i in range(h):
        for begin in range(0, w, block):
            for a in range(n):
                for j in range(begin, min(begin + block, w)):
                    here = sums[a, i, j]
                    new_unary[i, j, a] = unary[a, i, j]
                    if i + 1 < h:
                        vertical[i, j, a] = (here + sums[a, i + 1, j]) * down[i, j]
                    if j + 1 < w:
                        horizontal[i, j, a] = (here + sums[a, i, j + 1]) * right[i, j]
