"""One line-metric problem from the coarsest grid to the finest.

Messages begin where a node stands for many pixels and go on from grid to grid, so that they have
come from far away after few rounds (Felzenszwalb, Huttenlocher, *Efficient Belief Propagation for
Early Vision*, IJCV 2006). The labels that they say are improved by chains and moves, which end
lower than more messages would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.solve.expansion import thinned_sweep
from cinekit.solve.messages import decoded, finer_messages, no_messages, pass_messages
from cinekit.solve.moves import Moves
from cinekit.solve.plane_readers import LineReader
from cinekit.solve.pyramid import LineGrid, upsample

Labels = NDArray[np.int32]

_FIRST_MOVES = 1  # halvings of the finest grid; coarser ones get messages alone
_FEWER = 4  # times fewer rounds of messages than on the coarsest grid


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is done; see :class:`cinekit.solve.MultiscaleSolver`."""

    levels: int
    iterations: int
    tolerance: float
    proposals: int
    stride: int


@dataclass(frozen=True, eq=False)
class LineSolution:
    """labels : int32 (h, w) of the finest grid.

    others : labellings whose best parts are in it, but for the outlines that finer moves find.
    bound : a lower bound of that grid, where message passing ran on it.
    iterations : of message passing. moves : cuts on all levels.
    """

    labels: Labels
    others: list[Labels]
    bound: float | None
    iterations: int
    moves: int


def solve_line(finest: LineGrid, effort: Effort) -> LineSolution:
    """Messages, then chains and moves.

    finest : all unary costs finite.
    """
    grids = [finest]
    while len(grids) <= effort.levels and max(grids[-1].shape) > 1:
        grids.append(grids[-1].coarser())
    first = min(_FIRST_MOVES, len(grids) - 1)
    labels, bound, iterations = _messages(grids[first:], effort)
    cuts = 0
    others: list[Labels] = []
    for level in range(first, -1, -1):
        grid = grids[level]
        if level < first:
            labels = upsample(labels, grid.shape)
            others = [upsample(other, grid.shape) for other in others]
        grid.sweep(labels)
        moves = _moves(grid, labels)
        for other in others:
            grid.sweep(other)
            moves.propose(other)
        thinned_sweep(moves, effort.stride)
        if level == first:
            others = _others(grid, moves.labels, effort.proposals, effort.stride)
            for other in others:
                moves.propose(other)
        labels = moves.labels
        cuts += moves.moves
    return LineSolution(labels, others, bound if first == 0 else None, iterations, cuts)


def _moves(grid: LineGrid, labels: Labels) -> Moves:
    return Moves(LineReader(grid), labels, grid.n_labels, neglect=None)


def _messages(grids: list[LineGrid], effort: Effort) -> tuple[Labels, float | None, int]:
    """Labels and bound of the first grid from messages that begin on the last; the iterations."""
    if not effort.iterations:
        return grids[0].best_constant(), None, 0
    messages = no_messages(grids[-1].shape, grids[-1].n_labels)
    rounds, tolerance = effort.iterations, effort.tolerance
    bound, iterations = pass_messages(grids[-1].costs, messages, rounds, tolerance)
    for grid in grids[-2::-1]:
        messages = finer_messages(messages, grid.shape)
        few = max(1, rounds // _FEWER)
        bound, done = pass_messages(grid.costs, messages, few, tolerance)
        iterations += done
    return decoded(grids[0].costs, messages), bound, iterations


def _others(grid: LineGrid, labels: Labels, count: int, stride: int) -> list[Labels]:
    """Further labellings: some that differ everywhere from each other, and one from the start.

    Moves from one labelling get stuck where a region would have to change in several steps of which
    the first does not pay. What is good about another labelling, a fusion move takes over region by
    region.
    """
    found = [labels]
    unary = grid.unary.copy()
    dear = 2 * unary.max()
    for k in range(count):
        rest = grid  # the last one may have anything, as nothing is kept of the messages
        if k + 1 < min(count, grid.n_labels):
            np.put_along_axis(unary, found[-1][..., None], dear, axis=-1)
            rest = LineGrid(unary, grid.vertical, grid.horizontal)
        moves = _moves(rest, rest.best_constant())
        thinned_sweep(moves, stride)
        found.append(moves.labels)
    return found[1:]
