"""One fusion move: every pixel keeps its label or takes a proposed one, by one minimum cut.

An expansion move on alpha (Boykov, Veksler, Zabih, PAMI 2001) proposes alpha everywhere; a fusion
move (Lempitsky et al., PAMI 2010) proposes a whole labelling. With x = 1 where the proposal is
taken, an edge has the costs E00 (cur, cur), E01 (cur, new), E10 (new, cur), E11 (new, new), and

    E(x_i, x_j) = E00 + (E10 - E00) x_i + (E11 - E10) x_j + (E01 + E10 - E00 - E11) (1 - x_i) x_j

The last bracket must be >= 0 for a cut. Squared distances break the triangle inequality, so where
it is negative E00 is lowered until it is 0 (Rother et al., CVPR 2005): the true energy of the cut's
labelling is then still never above the current one.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cinekit.energy.costs import edge_ends
from cinekit.energy.problem import MoveCosts
from cinekit.solve.grid_cut import MinimumCut

Labels = NDArray[np.int32]


class Movable(Protocol):
    """The part of :class:`cinekit.protocols.LabelProblem` that moves need."""

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        ...

    @property
    def n_labels(self) -> int:
        """L."""
        ...

    @property
    def unary(self) -> NDArray[np.float32]:
        """float32 (L, h, w); inf forbids."""
        ...

    def pairwise(self, axis: int, a: Labels | int, b: Labels | int) -> NDArray[np.float32]:
        """Cost of every edge along an axis."""
        ...


@runtime_checkable
class FastMoves(Protocol):
    """A problem that computes the four pair costs of a move faster than ``pairwise`` would."""

    def move_costs(
        self, labels: Labels, new: Labels | int, reuse: MoveCosts | None = None
    ) -> MoveCosts:
        """Planes 1 to 3 for the proposal ``new``, written into ``reuse``, whose plane 0 is kept."""
        ...


class Fusion:
    """A labelling, the costs of its edges, and the moves that improve it.

    The pair costs of the current labelling are kept from move to move: an accepted move selects
    them from the four planes it already has, so E00 is never evaluated again.
    """

    def __init__(self, problem: Movable, labels: Labels, cut: MinimumCut) -> None:
        h, w = problem.shape
        self.problem = problem
        self.labels = np.array(labels, np.int32)
        self.cut = cut
        self.moves = 0
        self.accepted = 0
        self.truncated = 0
        self.converged = False  # whether the last sweep gained no more than the tolerance
        self.costs = MoveCosts(
            np.zeros((4, h - 1, w), np.float32), np.zeros((4, h, w - 1), np.float32)
        )
        self.costs.vertical[0] = problem.pairwise(0, self.labels[:-1], self.labels[1:])
        self.costs.horizontal[0] = problem.pairwise(1, self.labels[:, :-1], self.labels[:, 1:])
        self.unary = self._unary(self.labels)

    @property
    def energy(self) -> float:
        """E of the current labelling, from the costs that the moves saw, in float64."""
        parts = (self.unary, self.costs.vertical[0], self.costs.horizontal[0])
        return float(sum(part.sum(dtype=np.float64) for part in parts))

    def propose(self, proposal: Labels | int) -> int:
        """Try one move; the number of pixels that changed, 0 when it would not lower the energy."""
        unary = self._unary(proposal)
        changing = self.labels != proposal
        if not (changing & np.isfinite(unary)).any():
            return 0
        self.moves += 1
        self.pair_costs(proposal)
        taken = self.decide(proposal, unary) & changing
        change = energy_change(taken, unary, self.unary, *self._planes)
        if not change < 0:
            return 0
        self.accepted += 1
        self.labels[taken] = proposal if isinstance(proposal, int) else proposal[taken]
        self.unary = np.where(taken, unary, self.unary)
        self.costs.accept(taken)
        return int(np.count_nonzero(taken))

    def decide(self, _proposal: Labels | int, unary: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which pixels should take the proposal, whose pair costs are ready: bool (h, w).

        unary : float32 (h, w), unary costs of the proposal. A backend that owns its moves
        overrides this.
        """
        terminal, down, right, truncated = cut_capacities(unary, self.unary, *self._planes)
        self.truncated += truncated
        taken, _ = self.cut(terminal, down, down, right, right)
        return taken

    @property
    def _planes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.costs.vertical, self.costs.horizontal

    def _unary(self, labels: Labels | int) -> NDArray[np.float32]:
        """float32 (h, w): unary costs of a labelling."""
        unary = self.problem.unary
        picked: NDArray[np.float32] = (
            unary[labels]
            if isinstance(labels, int)
            else np.take_along_axis(unary, labels[None], axis=0)[0]
        )
        return picked

    def pair_costs(self, proposal: Labels | int) -> None:
        """Fill planes 1 to 3 of the costs for a proposal."""
        if isinstance(self.problem, FastMoves):
            self.costs = self.problem.move_costs(self.labels, proposal, self.costs)
            return
        for axis, out in ((0, self.costs.vertical), (1, self.costs.horizontal)):
            first, second = edge_ends(self.labels, axis)
            new_first, new_second = (
                (proposal, proposal) if isinstance(proposal, int) else edge_ends(proposal, axis)
            )
            out[1] = self.problem.pairwise(axis, first, new_second)
            out[2] = self.problem.pairwise(axis, new_first, second)
            out[3] = self.problem.pairwise(axis, new_first, new_second)


def cut_capacities(
    new: NDArray[np.float32],
    current: NDArray[np.float32],
    vertical: NDArray[np.float32],
    horizontal: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], int]:
    """The cut that decides a move: arguments for :func:`cinekit.solve.grid_cut.grid_cut`.

    new, current : float32 (h, w), unary costs; ``new`` may be inf (forbidden), current not.
    vertical, horizontal : float32 (4, h - 1, w) and (4, h, w - 1), E00, E01, E10, E11.

    Returns the terminals, the vertical and the horizontal capacities, and how many terms were
    truncated. An edge has the same capacity both ways, half of the bracket each, the other half
    being moved into the terminals: more flow is then settled inside a pixel.
    """
    h, w = new.shape
    terminal = np.zeros((h, w), np.float32)
    down = np.zeros((h - 1, w), np.float32)
    right = np.zeros((h, w - 1), np.float32)
    truncated = _capacities(new, current, vertical, horizontal, terminal, down, right)
    return terminal, down, right, int(truncated)


@njit(cache=True, nogil=True)
def _capacities(new, current, vertical, horizontal, terminal, down, right):  # type: ignore[no-untyped-def]
    h, w = new.shape
    truncated = 0
    half = np.float32(0.5)
    for i in range(h):
        for j in range(w):
            terminal[i, j] += new[i, j] - current[i, j]
            if i + 1 < h:
                e00, e01 = vertical[0, i, j], vertical[1, i, j]
                e10, e11 = vertical[2, i, j], vertical[3, i, j]
                if e01 + e10 < e00 + e11:
                    # Rounding makes many a tight term negative: only real violations count.
                    truncated += e00 + e11 - e01 - e10 > np.float32(1e-4) * (e00 + e11)
                    e00 = e01 + e10 - e11
                room = half * max(e01 + e10 - e00 - e11, np.float32(0))
                terminal[i, j] += e10 - e00 - room
                terminal[i + 1, j] += e11 - e10 + room
                down[i, j] = room
            if j + 1 < w:
                e00, e01 = horizontal[0, i, j], horizontal[1, i, j]
                e10, e11 = horizontal[2, i, j], horizontal[3, i, j]
                if e01 + e10 < e00 + e11:
                    truncated += e00 + e11 - e01 - e10 > np.float32(1e-4) * (e00 + e11)
                    e00 = e01 + e10 - e11
                room = half * max(e01 + e10 - e00 - e11, np.float32(0))
                terminal[i, j] += e10 - e00 - room
                terminal[i, j + 1] += e11 - e10 + room
                right[i, j] = room
    for i in range(h):
        for j in range(w):
            if np.isinf(new[i, j]):
                # Forbidden: dearer than all that its edges could save, which keeps x = 0 exactly.
                room = np.float32(1)
                if i > 0:
                    room += down[i - 1, j]
                if i + 1 < h:
                    room += down[i, j]
                if j > 0:
                    room += right[i, j - 1]
                if j + 1 < w:
                    room += right[i, j]
                terminal[i, j] = room
    return truncated


@njit(cache=True, nogil=True)
def energy_change(taken, new, current, vertical, horizontal):  # type: ignore[no-untyped-def]
    """True energy after the move minus before, float64; the arguments of cut_capacities."""
    h, w = new.shape
    change = 0.0
    for i in range(h):
        for j in range(w):
            if taken[i, j]:
                change += new[i, j] - current[i, j]
            if i + 1 < h:
                which = taken[i, j] * 2 + taken[i + 1, j]
                change += vertical[which, i, j] - vertical[0, i, j]
            if j + 1 < w:
                which = taken[i, j] * 2 + taken[i, j + 1]
                change += horizontal[which, i, j] - horizontal[0, i, j]
    return change
