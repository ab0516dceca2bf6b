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
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.protocols import LabelProblem, OnePeriod
from cinekit.solve.pyramid import LineGrid

Float = NDArray[np.float32]

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
    loops = one_period(problem)
    if loops is None:
        warps = problem.line()
        if warps is None:
            return []
        return [Window(0, _coarser(LineGrid.of(problem.unary, *warps).softened(), size), True)]
    frames = loops.starts - loops.starts[0]
    longest = _PERIODS * loops.period
    if frames[-1] <= longest:
        everything = _loop_grid(problem.unary, loops, slice(None), size)
        return [Window(0, everything, bool(frames[-1] <= loops.period))]
    windows: list[Window] = []
    for first in window_starts(int(frames[-1]) + 1, longest + 1):
        labels = np.flatnonzero((frames >= first) & (frames <= first + longest))
        if len(labels) > 0:  # pruned labels leave gaps
            inside = slice(int(labels[0]), int(labels[-1]) + 1)
            grid = _loop_grid(problem.unary, loops, inside, size)
            windows.append(Window(int(labels[0]), grid, False))
    return windows


def one_period(problem: LabelProblem) -> OnePeriod | None:
    """What the problem says of its loops, if it says anything."""
    ask = getattr(problem, "one_period", None)
    return None if ask is None else ask()


def window_starts(n_frames: int, size: int) -> list[int]:
    """Where windows of ``size`` frames begin: as few as cover all frames and share one."""
    free = n_frames - size
    count = 1 + -(-free // max(size - 1, 1))
    return [round(free * k / max(count - 1, 1)) for k in range(count)]


def _loop_grid(all_unary: Float, loops: OnePeriod, labels: slice, size: int) -> LineGrid:
    """The line metric of some labels on blocks, as if frames at any distance had one."""
    unary = all_unary[labels]
    n, h, w = unary.shape
    # Blocks can only be summed when all labels are allowed.
    forbids = not np.isfinite(unary).all()
    at_once = 1 if forbids else size
    starts = loops.starts[labels].astype(np.int64)
    sums = loops.sums[:, 0].T.reshape(-1, h, w)  # pixels fastest, as they are stored
    down, right = (weights / np.float32(loops.period) for weights in loops.weights)
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
