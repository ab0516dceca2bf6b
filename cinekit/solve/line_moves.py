"""Fusion moves on one level of the pyramid, where pair costs are a line metric.

The same moves as :class:`cinekit.solve.moves.Fusion`, with the pair costs read from the warps in
the pass that sets up the cut, so no costs are stored between moves.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.solve.grid_cut import AreaCut, MinimumCut, grid_cut
from cinekit.solve.pyramid import LineGrid

Labels = NDArray[np.int32]


class LineMoves:
    """A labelling of a :class:`LineGrid` and the moves that improve it."""

    def __init__(self, grid: LineGrid, labels: Labels, cut: MinimumCut) -> None:
        self.problem = grid
        self.labels = np.array(labels, np.int32)
        self.energy = grid.energy(self.labels)
        self.cut = cut
        self._area = Area.whole(grid.shape)
        self._area_cut = AreaCut(grid.shape)
        self.moves = 0
        self.accepted = 0
        self.truncated = 0
        self.converged = False

    def propose(self, proposal: Labels | int) -> int:
        """Try one move; the number of pixels that changed, 0 when it would not lower the energy."""
        new = np.ascontiguousarray(np.broadcast_to(proposal, self.problem.shape), np.int32)
        h, w = self.problem.shape
        parts = self.problem.unary, self.problem.vertical, self.problem.horizontal
        moving = np.empty((h, w), np.bool_)
        if not _moving(parts[0], self.labels, new, moving):
            return 0
        self.moves += 1
        terminal = np.empty((h, w), np.float32)
        down, right = np.empty((h - 1, w), np.float32), np.empty((h, w - 1), np.float32)
        self.truncated += int(_capacities(*parts, self.labels, new, moving, terminal, down, right))
        taken = self._cut(terminal, down, right)
        taken &= moving
        change = float(_energy_change(*parts, self.labels, new, taken))
        if not change < 0:
            return 0
        self.accepted += 1
        self.energy += change
        np.copyto(self.labels, new, where=taken)
        return int(np.count_nonzero(taken))

    def _cut(
        self,
        terminal: NDArray[np.float32],
        down: NDArray[np.float32],
        right: NDArray[np.float32],
    ) -> NDArray[np.bool_]:
        """The minimum cut, for the same capacities both ways; overwrites what it gets."""
        if self.cut is grid_cut:
            # Nothing to check or to keep here, and the same working memory for all moves.
            planes = terminal, down, down.copy(), right, right.copy()
            return self._area_cut.solve(self._area, *planes)[0]
        return self.cut(terminal, down, down, right, right)[0]


@njit(cache=True, nogil=True)
def _moving(unary, labels, proposal, moving):  # type: ignore[no-untyped-def]
    """Which pixels are offered another, allowed label; how many."""
    h, w, _ = unary.shape
    count = 0
    for i in range(h):
        for j in range(w):
            new = proposal[i, j]
            moving[i, j] = new != labels[i, j] and unary[i, j, new] < np.inf
            count += moving[i, j]
    return count


@njit(cache=True, nogil=True)
def _capacities(  # type: ignore[no-untyped-def]
    unary, vertical, horizontal, labels, proposal, moving, terminal, down, right
):
    """The cut of a move, as :func:`cinekit.solve.moves.cut_capacities`; the terms truncated.

    A pixel that does not move proposes its own label: its edges are terminals of its neighbours,
    and what it gets itself from them is taken off again.
    """
    h, w, _ = unary.shape
    truncated = 0
    half, zero = np.float32(0.5), np.float32(0)
    terminal[0] = 0
    for i in range(h):
        if i + 1 < h:
            terminal[i + 1] = 0
        for j in range(w):
            here = moving[i, j]
            cur = labels[i, j]
            new = proposal[i, j] if here else cur
            if here:
                terminal[i, j] += unary[i, j, new] - unary[i, j, cur]
            for side in range(2):
                y, x = (i + 1, j) if side == 0 else (i, j + 1)
                if y == h or x == w:
                    continue
                room = zero
                if here or moving[y, x]:
                    other = labels[y, x]
                    new_other = proposal[y, x] if moving[y, x] else other
                    warp = vertical[i, j] if side == 0 else horizontal[i, j]
                    e00, e01 = abs(warp[cur] - warp[other]), abs(warp[cur] - warp[new_other])
                    e10, e11 = abs(warp[new] - warp[other]), abs(warp[new] - warp[new_other])
                    if e01 + e10 < e00 + e11:
                        # Rounding makes many a tight term negative: only real ones count.
                        truncated += e00 + e11 - e01 - e10 > np.float32(1e-4) * (e00 + e11)
                        e00 = e01 + e10 - e11
                    room = half * max(e01 + e10 - e00 - e11, zero)
                    terminal[i, j] += e10 - e00 - room
                    terminal[y, x] += e11 - e10 + room
                if side == 0:
                    down[i, j] = room
                else:
                    right[i, j] = room
            if not here:
                terminal[i, j] = 0
    return truncated


@njit(cache=True, nogil=True)
def _energy_change(unary, vertical, horizontal, labels, proposal, taken):  # type: ignore[no-untyped-def]
    """E after the pixels of ``taken`` took their proposals, minus before; float64."""
    h, w, _ = unary.shape
    change = 0.0
    for i in range(h):
        for j in range(w):
            here = taken[i, j]
            cur = labels[i, j]
            new = proposal[i, j] if here else cur
            if here:
                change += unary[i, j, new] - unary[i, j, cur]
            for side in range(2):
                y, x = (i + 1, j) if side == 0 else (i, j + 1)
                if y == h or x == w or not (here or taken[y, x]):
                    continue
                other = labels[y, x]
                new_other = proposal[y, x] if taken[y, x] else other
                warp = vertical[i, j] if side == 0 else horizontal[i, j]
                change += abs(warp[new] - warp[new_other]) - abs(warp[cur] - warp[other])
    return change
