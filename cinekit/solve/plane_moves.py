"""Moves on a whole grid by sums of planes, which vector instructions do.

The same moves as :class:`cinekit.solve.moves.Fusion`, several times as fast, for pair costs that
are differences of what the ends of an edge *read* at their labels. It is enough to keep what they
read for the current labelling, and to look the proposal's up.

Planes are flat, n = h * w nodes row by row, and so are edges: number k joins node k to node k + w
(axis 0) or k + 1 (axis 1). Where a row ends the latter do not exist; they cost nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.jit import kernel
from cinekit.solve.grid_cut import AreaCut

Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]
Float = NDArray[np.float32]

_ZERO, _HALF, _TIGHT = np.float32(0), np.float32(0.5), np.float32(1e-4)


@dataclass(frozen=True, eq=False)
class Reads:
    """A labelling, and what is read at it.

    labels : int32 (n,). unary : float32 (n,).
    nodes : float32 (n,), or None where only edges read.
    first, second : a pair of float32 (edges,), one an axis: what an edge reads that changes with
        the label of its first end, and with that of its second.
    """

    labels: Labels
    unary: Float
    first: tuple[Float, Float]
    second: tuple[Float, Float]
    nodes: Float | None = None


class PlaneMoves(ABC):
    """A labelling and the moves that improve it; implements :class:`cinekit.solve.expansion.Moves`.

    Parameters
    ----------
    problem : what is solved.
    labels : int32 (h, w), where to begin; allowed ones.
    """

    def __init__(self, problem: Any, labels: Labels) -> None:
        h, w = labels.shape
        self.problem = problem
        self.labels = np.array(labels, np.int32)
        self.moves = self.accepted = self.truncated = 0
        self.converged = False
        self._now = self._read(self.labels.ravel())
        # E00, E01, E10, E11 of every edge, by axis.
        self._costs = tuple(np.zeros((4, h * w - step), np.float32) for step in self._steps)
        for axis, costs in enumerate(self._costs):
            self._pair_costs(axis, self._now, costs)
            costs[0] = costs[3]  # all ends at the "proposed" labels, which are the current ones
        self._terminal = np.empty((h, w), np.float32)
        self._room = np.empty(h * w, np.float32), np.empty(h * w, np.float32)
        self._area, self._area_cut = Area.whole((h, w)), AreaCut((h, w))

    @abstractmethod
    def _read(self, labels: Labels | int) -> Reads:
        """The reads of a labelling, int32 (n,), or of one label for all."""

    @abstractmethod
    def _pair_costs(self, axis: int, new: Reads, costs: Float) -> None:
        """Write E01, E10 and E11 of all edges along an axis into costs[1:], float32 (4, edges)."""

    @property
    def energy(self) -> float:
        """E of the current labelling, in float64."""
        parts = self._now.unary, self._costs[0][0], self._costs[1][0]
        return float(sum(part.sum(dtype=np.float64) for part in parts))

    def propose(self, proposal: Labels | int) -> int:
        """Try one move; the number of nodes that changed, 0 when it would not lower the energy."""
        new = self._read(proposal if isinstance(proposal, int) else proposal.ravel())
        for axis, costs in enumerate(self._costs):
            self._pair_costs(axis, new, costs)
        self.moves += 1
        taken = self._decide(new)
        change = _unary_change(self._now.unary, new.unary, taken)
        for axis, costs in enumerate(self._costs):
            change += _pair_change(costs, *self._ends(taken, axis))
        if not change < 0:
            return 0
        self.accepted += 1
        np.copyto(self.labels, proposal, where=taken.reshape(self.labels.shape))
        self._accept(new, taken)
        return int(np.count_nonzero(taken))

    def _accept(self, new: Reads, taken: Flags) -> None:
        now = self._now
        _take(now.labels, new.labels, taken)
        _take(now.unary, new.unary, taken)
        if now.nodes is not None:
            _take(now.nodes, new.nodes, taken)
        for axis, costs in enumerate(self._costs):
            first, second = self._ends(taken, axis)
            _take(now.first[axis], new.first[axis], first)
            _take(now.second[axis], new.second[axis], second)
            _accept(costs, first, second)

    @property
    def _steps(self) -> tuple[int, int]:
        """How much further the second end of an edge is than the first, by axis."""
        return self.labels.shape[1], 1

    def _ends(self, plane: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """A plane's values at the first and at the second ends of all edges along an axis."""
        step = self._steps[axis]
        return plane[:-step], plane[step:]

    def _decide(self, new: Reads) -> Flags:
        """The nodes that take the proposal, by a minimum cut: bool (n,)."""
        h, w = self.labels.shape
        terminal = self._terminal.ravel()
        np.subtract(new.unary, self._now.unary, out=terminal)
        for axis, costs in enumerate(self._costs):
            self.truncated += _capacities(costs, self._room[axis], *self._ends(terminal, axis))
        down, right = self._room[0][:-w].reshape(h - 1, w), self._room[1].reshape(h, w)[:, :-1]
        changing = _settle(self._now.labels, new.labels, terminal)
        if not np.isfinite(terminal).all():
            _forbid(self._terminal, down, right)
        # The cut overwrites what it gets. An edge has the same capacity both ways.
        planes = down, down.copy(), right.copy(), right.copy()
        taken = self._area_cut.solve(self._area, self._terminal, *planes)[0].ravel()
        taken &= changing
        return taken


@kernel
def _capacities(costs, room, terminal1, terminal2):  # type: ignore[no-untyped-def]
    """Capacities of edges, and what they add to the terminals of their ends; the terms truncated.

    See :func:`cinekit.solve.moves.cut_capacities`. An end whose label does not change has exactly
    the same cost twice, and so no capacity.
    """
    truncated = 0
    e00, e01, e10, e11 = costs[0], costs[1], costs[2], costs[3]
    for k in range(e00.shape[0]):
        bracket = (e01[k] - e11[k]) + (e10[k] - e00[k])
        # Rounding makes many a tight term negative: only real violations count.
        truncated += -bracket > _TIGHT * (e00[k] + e11[k])
        room[k] = _HALF * max(bracket, _ZERO)
        # Lowering E00 makes up for a negative bracket.
        terminal1[k] += (e10[k] - e00[k]) - min(bracket, _ZERO) - room[k]
    for k in range(e00.shape[0]):
        terminal2[k] += e11[k] - e10[k] + room[k]
    return truncated


@kernel
def _settle(labels, new_labels, terminal):  # type: ignore[no-untyped-def]
    """Which nodes may change, bool (n,); the others get no terminal."""
    changing = np.empty(labels.shape[0], np.bool_)
    for k in range(labels.shape[0]):
        changing[k] = labels[k] != new_labels[k]
        terminal[k] = terminal[k] if changing[k] else _ZERO
    return changing


def _forbid(terminal: Float, down: Float, right: Float) -> None:
    """Infinite terminals become dearer than all that their edges could save, which is enough."""
    dear = np.ones_like(terminal)
    dear[:-1] += down
    dear[1:] += down
    dear[:, :-1] += right
    dear[:, 1:] += right
    np.copyto(terminal, dear, where=np.isinf(terminal))


@kernel
def _unary_change(unary, new, taken):  # type: ignore[no-untyped-def]
    """The sum of the unary costs after the move, minus before; float64."""
    change = 0.0
    for k in range(taken.shape[0]):
        if taken[k]:
            change += new[k] - unary[k]
    return change


@kernel
def _pair_change(costs, first, second):  # type: ignore[no-untyped-def]
    """The sum of the pair costs after the move, minus before; float64."""
    change = 0.0
    e00, e01, e10, e11 = costs[0], costs[1], costs[2], costs[3]
    for k in range(e00.shape[0]):
        if first[k] or second[k]:
            cost = e01[k] if not first[k] else e11[k] if second[k] else e10[k]
            change += cost - e00[k]
    return change


@kernel
def _take(plane, new, taken):  # type: ignore[no-untyped-def]
    """plane = new where taken."""
    for k in range(plane.shape[0]):
        plane[k] = new[k] if taken[k] else plane[k]


@kernel
def _accept(costs, first, second):  # type: ignore[no-untyped-def]
    """Make E00 the costs after the move."""
    e00, e01, e10, e11 = costs[0], costs[1], costs[2], costs[3]
    for k in range(e00.shape[0]):
        kept = e01[k] if second[k] else e00[k]
        changed = e11[k] if second[k] else e10[k]
        e00[k] = changed if first[k] else kept
