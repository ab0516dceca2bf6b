"""One line-metric problem from the coarsest grid to the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.solve.expansion import expand
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.line_problem import LineProblem
from cinekit.solve.moves import Fusion
from cinekit.solve.pyramid import LineGrid, upsample


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is done on each level; see :class:`cinekit.solve.MultiscaleSolver`.

    polished : expansion moves on the pixels follow, which find all that chains there would.
    """

    levels: int
    iterations: int
    tolerance: float
    chain_sweeps: int
    coarse_moves: int
    polished: bool


@dataclass(frozen=True, eq=False)
class LineSolution:
    """labels : int32 (h, w). energy : inf where a pixel has no allowed label.

    bound : a lower bound, only where message passing ran on the pixels themselves: a coarse grid
        bounds no more than the labellings that are constant on its blocks.
    iterations : of message passing. moves : cuts on coarse levels.
    """

    labels: NDArray[np.int32]
    energy: float
    bound: float | None
    iterations: int
    moves: int


def solve_line(fine: LineGrid, effort: Effort) -> LineSolution:
    """Message passing on the coarsest level; chains, and expansion moves, on every finer one.

    The pixels themselves get chains only, or nothing: expansion moves there are the solver's last
    step, with the costs of all labels.
    """
    grids = [fine.softened()]
    while len(grids) <= effort.levels and max(grids[-1].shape) > 1:
        grids.append(grids[-1].coarser())
    labels, bound, iterations = grids[-1].message_passing(effort.iterations, effort.tolerance)
    moves = 0
    # The sweeps on the finest level see which labels are forbidden, and leave them.
    for grid in [*grids[:0:-1], fine]:
        if labels.shape != grid.shape:
            labels = upsample(labels, grid.shape)
        skipped = effort.polished and grid is fine and grids[0] is fine  # nothing is forbidden
        for _ in range(0 if skipped else effort.chain_sweeps):
            grid.sweep(labels)
        if grid is not fine and effort.coarse_moves:
            fusion = Fusion(LineProblem(grid), labels, grid_cut)
            expand(fusion, effort.coarse_moves, effort.tolerance)
            labels = fusion.labels
            moves += fusion.moves
    return LineSolution(
        labels, fine.energy(labels), bound if len(grids) == 1 else None, iterations, moves
    )
