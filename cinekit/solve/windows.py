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

from cinekit.energy.jit import kernel
from cinekit.energy.problem import LoopProblem
from cinekit.protocols import LabelProblem
from cinekit.solve.pyramid import LineGrid

_PERIODS = 2  # as many as a run may span


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive labels first .. first + L - 1 of ``grid``, on blocks of pixels.

    exact : whether these are all labels, and their pair costs those of the problem.
    """

    first: int
    grid: LineGrid
    exact: bool


def line_windows(problem: LabelProblem, size: int) -> list[Window]:
    """All labels when they (nearly) form a line metric, else as few windows as cover them.

    None if nothing is known about the problem. Windows that do not cover everything alone overlap
    evenly. size : side of the blocks, pixels, a power of 2.
    """
    if not isinstance(problem, LoopProblem):
        warps = problem.line()
        if warps is None:
            return []
        return [Window(0, _coarser(LineGrid.of(problem.unary, *warps).softened(), size), True)]
    period = problem.single_period
    starts = problem.start.values.astype(np.int64)
    if period in (None, 1) or problem.start.pixel_stride or (np.diff(starts) < 1).any():
        return []
    farthest = int(starts[-1] - starts[0])
    everything = range(problem.n_labels)
    if farthest <= _PERIODS * period:
        return [Window(0, _loop_grid(problem, everything, size), farthest <= period)]
    windows: list[Window] = []
    for first in window_starts(farthest + 1, _PERIODS * period + 1):
        frames = starts - starts[0] - first
        labels = np.flatnonzero((frames >= 0) & (frames <= _PERIODS * period))
        if len(labels) > 0:  # pruned labels leave gaps
            inside = range(int(labels[0]), int(labels[-1]) + 1)
            windows.append(Window(inside.start, _loop_grid(problem, inside, size), False))
    return windows


def window_starts(n_frames: int, size: int) -> list[int]:
    """Where windows of ``size`` frames begin: as few as cover all frames and share one."""
    free = n_frames - size
    count = 1 + -(-free // max(size - 1, 1))
    return [round(free * k / max(count - 1, 1)) for k in range(count)]


def _loop_grid(problem: LoopProblem, labels: range, size: int) -> LineGrid:
    """What :meth:`LoopProblem.line` returns, on blocks, for start frames at any distance."""
    (h, w), n = problem.shape, len(labels)
    unary = problem.unary[labels.start : labels.stop]
    # Blocks can only be summed when all labels are allowed.
    forbids = not np.isfinite(unary).all()
    at_once = 1 if forbids else size
    starts = problem.start.values[labels.start : labels.stop].astype(np.int64)
    sums = problem.sums[:, 0].T.reshape(-1, h, w)  # pixels fastest, as they are stored
    period = np.float32(problem.single_period or 1)
    down, right = (weights / period for weights in problem.costs.edge_weights)
    rows, columns = -(-h // at_once), -(-w // at_once)
    grid = LineGrid(
        np.zeros((rows, columns, n), np.float32),
        np.zeros((rows - 1, columns, n), np.float32),
        np.zeros((rows, columns - 1, n), np.float32),
    )
    parts = grid.unary, grid.vertical, grid.horizontal
    fill_grid(unary, sums, starts, down, right, at_once, *parts)
    return _coarser(grid.softened(), size) if forbids else grid


def _coarser(grid: LineGrid, size: int) -> LineGrid:
    """The grid on blocks of a size that is a power of 2."""
    while size > 1:
        grid, size = grid.coarser(), size // 2
    return grid


@kernel
def fill_grid(unary, sums, starts, down, right, size, new_unary, vertical, horizontal):  # type: ignore[no-untyped-def]
    """Move labels from the first axis to the last, add up blocks and what both ends of an edge see.

    unary : float32 (L, h, w). sums : float32 (frames, h, w). starts : int64 (L,), the frames of the
    labels. down, right : weights of the edges, float32. size : of the blocks. The others : zeros.
    """
    n, h, w = unary.shape
    rows, columns, _ = new_unary.shape
    costs, below = np.empty(w, np.float32), np.empty(w, np.float32)  # of a row of blocks
    for row in range(rows):
        top, bottom = row * size, min(row * size + size, h)
        for a in range(n):
            frame = sums[starts[a]]
            costs[:] = unary[a, top]
            for i in range(top + 1, bottom):
                more = unary[a, i]
                for j in range(w):
                    costs[j] += more[j]
            if bottom < h:
                here, there, weights = frame[bottom - 1], frame[bottom], down[bottom - 1]
                for j in range(w):
                    below[j] = (here[j] + there[j]) * weights[j]
            for column in range(columns):
                first, end = column * size, min(column * size + size, w)
                for j in range(first, end):
                    new_unary[row, column, a] += costs[j]
                if bottom < h:
                    for j in range(first, end):
                        vertical[row, column, a] += below[j]
                if end < w:
                    for i in range(top, bottom):
                        seen = frame[i, end - 1] + frame[i, end]
                        horizontal[row, column, a] += seen * right[i, end - 1]
