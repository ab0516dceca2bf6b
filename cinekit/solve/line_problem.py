"""A level of the pyramid as a problem on which expansion moves run.

On a coarse grid a sweep over all labels costs a fraction of one on the pixels, and it makes the
jumps that message passing and chains miss: whole regions that change to a label none of them has.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.problem import MoveCosts
from cinekit.solve.pyramid import LineGrid

Float = NDArray[np.float32]
Labels = NDArray[np.int32]


class LineProblem:
    """A :class:`LineGrid` as :class:`cinekit.solve.moves.Fusion` takes it, with fast moves."""

    def __init__(self, grid: LineGrid) -> None:
        self.grid = grid
        self.unary: Float = np.ascontiguousarray(np.moveaxis(grid.unary, -1, 0))

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return self.grid.shape

    @property
    def n_labels(self) -> int:
        """L."""
        return int(self.unary.shape[0])

    def pairwise(self, axis: int, a: Labels | int, b: Labels | int) -> Float:
        """|warp[a] - warp[b]| of every edge along an axis."""
        warp = self.grid.vertical if axis == 0 else self.grid.horizontal
        rows, columns = np.indices(warp.shape[:2])
        cost: Float = np.abs(warp[rows, columns, a] - warp[rows, columns, b])
        return cost

    def move_costs(
        self,
        labels: Labels,
        new: Labels | int,
        reuse: MoveCosts | None = None,
        area: Area | None = None,
    ) -> MoveCosts:
        """The four pair costs of a move, for all edges whatever the area; see ``FastMoves``."""
        proposal = np.ascontiguousarray(np.broadcast_to(new, self.shape), np.int32)
        h, w = self.shape
        out = reuse or MoveCosts(
            np.empty((4, h - 1, w), np.float32), np.empty((4, h, w - 1), np.float32)
        )
        keep = reuse is not None
        for warp, planes, down, right in (
            (self.grid.vertical, out.vertical, 1, 0),
            (self.grid.horizontal, out.horizontal, 0, 1),
        ):
            _line_move_costs(warp, labels, proposal, down, right, keep, planes)
        return out


@njit(cache=True, nogil=True)
def _line_move_costs(warps, labels, proposal, down, right, keep, out):  # type: ignore[no-untyped-def]
    """out : float32 (4, rows, columns), (cur, cur), (cur, new), (new, cur), (new, new)."""
    rows, columns, _ = warps.shape
    for i in range(rows):
        for j in range(columns):
            warp = warps[i, j]
            first, second = warp[labels[i, j]], warp[labels[i + down, j + right]]
            new_first, new_second = warp[proposal[i, j]], warp[proposal[i + down, j + right]]
            if not keep:
                out[0, i, j] = abs(first - second)
            out[1, i, j] = abs(first - new_second)
            out[2, i, j] = abs(new_first - second)
            out[3, i, j] = abs(new_first - new_second)
