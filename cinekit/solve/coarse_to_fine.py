"""One line-metric problem from the coarsest grid to the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.solve.expansion import expand, thinned_sweep
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.line_moves import LineMoves
from cinekit.solve.pyramid import LineGrid, upsample

Labels = NDArray[np.int32]

_COARSEST_SWEEPS = 3  # of expansion moves: with four halvings a node stands for 256 pixels
_LEVEL_OF_OTHERS = 2  # blocks of 4 x 4: coarser ones miss the regions that others open


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is done on each level; see :class:`cinekit.solve.MultiscaleSolver`.

    pixels : whether the pixels get a sweep of moves too, or chains and proposals only.
    """

    levels: int
    iterations: int
    tolerance: float
    proposals: int
    stride: int
    pixels: bool


@dataclass(frozen=True, eq=False)
class LineSolution:
    """labels : int32 (h, w). energy : inf where a pixel has no allowed label.

    bound : a lower bound, only where message passing ran on the pixels themselves: a coarse grid
        bounds no more than the labellings that are constant on its blocks.
    iterations : of message passing. moves : cuts on all levels.
    """

    labels: Labels
    energy: float
    bound: float | None
    iterations: int
    moves: int


def solve_line(fine: LineGrid, effort: Effort) -> LineSolution:
    """Chains and moves on every level; other labellings join half way and are fused in."""
    soft = fine.softened()
    grids = [soft]
    while len(grids) <= effort.levels and max(grids[-1].shape) > 1:
        grids.append(grids[-1].coarser())
    coarsest = len(grids) - 1
    labels, bound, iterations = grids[-1].best_constant(), None, 0
    if effort.iterations:
        labels, bound, iterations = grids[-1].message_passing(effort.iterations, effort.tolerance)
    others: list[Labels] = []
    finer = max(1, effort.stride // 2)  # for what begins with a constant labelling
    cuts = 0
    for level in range(coarsest, -1, -1):
        grid = grids[level] if level else fine
        if level < coarsest:
            labels = upsample(labels, grid.shape)
            # The pixels get one: what others open is in the labels by now, but for the outlines.
            others = [upsample(other, grid.shape) for other in (others if level else others[:1])]
        # Chains on the pixels see which labels are forbidden: all others must be in their reach.
        grid.sweep(labels, grid.n_labels if grid is not grids[level] else 1)
        moves = LineMoves(grid, labels, grid_cut)
        if np.isfinite(moves.energy):
            for other in others:
                grid.sweep(other)
                moves.propose(other)
            if level and level == coarsest:
                expand(moves, _COARSEST_SWEEPS, effort.tolerance)
            elif level or effort.pixels:
                thinned_sweep(moves, effort.stride)
        if level and level == min(_LEVEL_OF_OTHERS, coarsest):
            others = _others(grid, moves.labels, effort.proposals, finer)
            for other in others:
                moves.propose(other)
        labels = moves.labels
        cuts += moves.moves
    return LineSolution(labels, moves.energy, None if coarsest else bound, iterations, cuts)


def _others(grid: LineGrid, labels: Labels, count: int, stride: int) -> list[Labels]:
    """Labellings that differ everywhere from ``labels`` and from each other.

    Moves from one labelling get stuck where a region would have to change in several steps of which
    the first does not pay. What is good about another labelling, a fusion move takes over region by
    region.
    """
    found = [labels]
    unary = grid.unary.copy()
    dear = 2 * unary.max()
    for _ in range(min(count, grid.n_labels - 1)):
        np.put_along_axis(unary, found[-1][..., None], dear, axis=-1)
        rest = LineGrid(unary, grid.vertical, grid.horizontal)
        moves = LineMoves(rest, rest.best_constant(), grid_cut)
        thinned_sweep(moves, stride)
        found.append(moves.labels)
    return found[1:]
