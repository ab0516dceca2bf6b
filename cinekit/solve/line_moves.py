"""Moves on one level of the pyramid, where pair costs are a line metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.solve.plane_moves import PlaneMoves, Reads
from cinekit.solve.pyramid import LineGrid

Labels = NDArray[np.int32]
Float = NDArray[np.float32]


class LineMoves(PlaneMoves):
    """A labelling of a :class:`LineGrid` and the moves that improve it.

    Edges read their warps at the labels of their ends.
    """

    def __init__(self, grid: LineGrid, labels: Labels) -> None:
        self._grid = grid.unary, grid.vertical, grid.horizontal
        super().__init__(grid, labels)

    def _read(self, labels: Labels | int) -> Reads:
        if isinstance(labels, int):
            labels = np.full(self.labels.size, labels, np.int32)
        h, w = self.labels.shape
        n = h * w
        unary = np.empty(n, np.float32)
        vertical, horizontal = np.empty((2, n - w), np.float32), np.zeros((2, n - 1), np.float32)
        _read_warps(*self._grid, labels.reshape(h, w), unary.reshape(h, w), vertical, horizontal)
        firsts, seconds = (vertical[0], horizontal[0]), (vertical[1], horizontal[1])
        return Reads(labels.copy(), unary, firsts, seconds)

    def _pair_costs(self, axis: int, new: Reads, costs: Float) -> None:
        now = self._now.first[axis], self._now.second[axis]
        _line_costs(*now, new.first[axis], new.second[axis], costs)


@kernel
def _read_warps(unary, vertical, horizontal, labels, costs, down, right):  # type: ignore[no-untyped-def]
    """Unary costs and warps at a labelling.

    costs : float32 (h, w), out. down, right : float32 (2, edges), out: the warps of the edges at
    the labels of their first and of their second ends.
    """
    h, w = labels.shape
    for i in range(h):
        for j in range(w):
            a = labels[i, j]
            k = i * w + j
            costs[i, j] = unary[i, j, a]
            if i + 1 < h:
                down[0, k] = vertical[i, j, a]
                down[1, k] = vertical[i, j, labels[i + 1, j]]
            if j + 1 < w:
                right[0, k] = horizontal[i, j, a]
                right[1, k] = horizontal[i, j, labels[i, j + 1]]


@kernel
def _line_costs(first, second, new_first, new_second, costs):  # type: ignore[no-untyped-def]
    """Pair costs of a move from what the edges read at the labels of their ends."""
    e01, e10, e11 = costs[1], costs[2], costs[3]
    for k in range(first.shape[0]):
        e01[k] = abs(first[k] - new_second[k])
        e10[k] = abs(new_first[k] - second[k])
        e11[k] = abs(new_first[k] - new_second[k])
