"""One fusion move: every pixel keeps its label or takes a proposed one, by one minimum cut.

An expansion move on alpha (Boykov, Veksler, Zabih, PAMI 2001) proposes alpha everywhere; a fusion
move (Lempitsky et al., PAMI 2010) proposes a whole labelling. With x = 1 where the proposal is
taken, an edge has the costs E00 (cur, cur), E01 (cur, new), E10 (new, cur), E11 (new, new), and

    E(x_i, x_j) = E00 + (E10 - E00) x_i + (E11 - E10) x_j + (E01 + E10 - E00 - E11) (1 - x_i) x_j

The last bracket must be >= 0 for a cut. Squared distances break the triangle inequality, so where
it is negative E00 is lowered until it is 0 (Rother et al., CVPR 2005): the true energy of the cut's
labelling is then still never above the current one. Where E01 and E10 are guesses it may be, and
the move is given up.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.costs import edge_ends
from cinekit.energy.problem import MoveCosts
from cinekit.solve.grid_cut import AreaCut, Capacities, MinimumCut, cut_box, grid_cut
from cinekit.solve.move_kernels import capacities, energy_change
from cinekit.solve.prospects import Prospect, Prospects

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
        self,
        labels: Labels,
        new: Labels | int,
        reuse: MoveCosts | None = None,
        area: Area | None = None,
        guess: bool = False,
    ) -> MoveCosts:
        """Planes 1 to 3 for the proposal ``new``, written into ``reuse``, whose plane 0 is kept.

        area : the edges with both ends inside are needed, all of them by default. guess : planes 1
        and 2 need not be right before :meth:`mixed_costs`.
        """
        ...

    def mixed_costs(self, taken: NDArray[np.bool_], costs: MoveCosts, area: Area) -> None:
        """Put planes 1 and 2 right on the edges with one end taken."""
        ...


class Fusion:
    """A labelling, the costs of its edges, and the moves that improve it.

    The pair costs of the current labelling are kept from move to move: an accepted move selects
    them from the four planes it already has, so E00 is never evaluated again.

    Parameters
    ----------
    problem, labels : what to improve, and from where; pair costs are >= 0.
    cut : the minimum cut.
    neglect : share of the energy that a move may leave lying, see
        :class:`cinekit.solve.prospects.Prospects`. 0 leaves nothing.
    guess : whether moves may be decided by guesses of E01 and E10. By how much they change the
        energy is always known exactly; on clips they end within 0.1 % of exact ones, on noise 4 %.
    """

    def __init__(
        self,
        problem: Movable,
        labels: Labels,
        cut: MinimumCut,
        neglect: float = 0.0,
        guess: bool = False,
    ) -> None:
        h, w = problem.shape
        self.problem = problem
        self.labels = np.array(labels, np.int32)
        self.cut = cut
        self.moves = 0
        self.accepted = 0
        self.truncated = 0
        self.converged = False  # whether the last sweep gained no more than the tolerance
        if isinstance(problem, FastMoves):
            self.costs = problem.move_costs(self.labels, self.labels)
        else:
            self.costs = MoveCosts.empty((h, w))
            self.costs.vertical[0] = problem.pairwise(0, self.labels[:-1], self.labels[1:])
            self.costs.horizontal[0] = problem.pairwise(1, self.labels[:, :-1], self.labels[:, 1:])
        self.unary = self._unary(self.labels)
        self._prospects = Prospects((h, w), problem.n_labels, neglect)
        self._area_cut = AreaCut((h, w))
        self._capacities = empty_capacities((h, w))
        self._nowhere = np.zeros((h, w), np.bool_)
        self._reached = self.energy
        self._guess = guess

    @property
    def energy(self) -> float:
        """E of the current labelling, from the costs that the moves saw, in float64."""
        parts = (self.unary, self.costs.vertical[0], self.costs.horizontal[0])
        return float(sum(part.sum(dtype=np.float64) for part in parts))

    def propose(self, proposal: Labels | int) -> int:
        """Try one move; the number of pixels that changed, 0 when it would not lower the energy."""
        unary = self._unary(proposal)
        vertical, horizontal = self._planes
        prospect = self._prospects.find(
            self._reached, self.labels, proposal, unary, self.unary, vertical[0], horizontal[0]
        )
        if prospect is None:
            return 0
        self.moves += 1
        self.pair_costs(proposal, prospect.area)
        changing = self.labels != proposal
        taken = self.decide(proposal, unary, prospect.area) & changing
        change = self._change(taken, unary, prospect.area)
        if prospect.rest is not None:
            taken, change = self._followed(proposal, unary, prospect, changing, taken, change)
        if not change < 0:
            return 0
        self.accepted += 1
        self._reached += change
        self.labels[taken] = proposal if isinstance(proposal, int) else proposal[taken]
        self.unary = np.where(taken, unary, self.unary)
        self.costs.accept(taken)
        self._prospects.accepted(proposal, taken)
        return int(np.count_nonzero(taken))

    def decide(
        self, _proposal: Labels | int, unary: NDArray[np.float32], area: Area
    ) -> NDArray[np.bool_]:
        """Which pixels should take the proposal, whose pair costs are ready: bool (h, w).

        unary : float32 (h, w), unary costs of the proposal. area : only its free pixels may. A
        backend that owns its moves overrides this.
        """
        return self._cut(unary, area, self._nowhere)

    def _cut(
        self, unary: NDArray[np.float32], area: Area, fixed: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """The minimum cut; fixed : pixels that are not free but take the proposal, bool (h, w)."""
        planes = *self._planes, *self._capacities
        self.truncated += capacities(
            area.spans, area.inside, area.free, fixed, unary, self.unary, *planes
        )
        if self.cut is grid_cut:
            return self._area_cut.solve(area, *self._capacities)[0]
        return cut_box(self.cut, area, *self._capacities)

    def _followed(
        self,
        proposal: Labels | int,
        unary: NDArray[np.float32],
        prospect: Prospect,
        changing: NDArray[np.bool_],
        taken: NDArray[np.bool_],
        change: float,
    ) -> tuple[NDArray[np.bool_], float]:
        """The better of a move and the same with the rest, which follows as one.

        A still rest that shows another frame saves a seam around what moves, but only all of it:
        a part would pay for a seam across the rest.
        """
        assert prospect.rest is not None
        rest = self._prospects.pixels(prospect.rest)
        area = prospect.area
        fixed = area.inside & ~area.free & _beside(rest) & np.isfinite(unary)
        other = (self._cut(unary, area, fixed) | fixed) & changing
        if not self._change(other, unary, area) + prospect.price < min(change, 0.0):
            return taken, change
        # Worth knowing what it really costs, seams at the far side of the rest included.
        other |= rest & changing
        area = self._prospects.area(prospect)
        self.pair_costs(proposal, area)
        true = self._change(other, unary, area)
        if true < change:
            return other, true
        self._correct(taken, prospect.area)
        return taken, change

    def _change(self, taken: NDArray[np.bool_], unary: NDArray[np.float32], area: Area) -> float:
        """By how much the energy changes inside an area."""
        self._correct(taken, area)
        return float(
            energy_change(area.spans, area.inside, taken, unary, self.unary, *self._planes)
        )

    def _correct(self, taken: NDArray[np.bool_], area: Area) -> None:
        """Put guessed pair costs right that a move would pay."""
        if self._guess and isinstance(self.problem, FastMoves):
            self.problem.mixed_costs(taken, self.costs, area)

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

    def pair_costs(self, proposal: Labels | int, area: Area | None = None) -> None:
        """Fill planes 1 to 3 of the costs for a proposal, at least inside the area."""
        if isinstance(self.problem, FastMoves):
            self.costs = self.problem.move_costs(
                self.labels, proposal, self.costs, area, self._guess
            )
            return
        for axis, out in ((0, self.costs.vertical), (1, self.costs.horizontal)):
            first, second = edge_ends(self.labels, axis)
            new_first, new_second = (
                (proposal, proposal) if isinstance(proposal, int) else edge_ends(proposal, axis)
            )
            out[1] = self.problem.pairwise(axis, first, new_second)
            out[2] = self.problem.pairwise(axis, new_first, second)
            out[3] = self.problem.pairwise(axis, new_first, new_second)


def _beside(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The neighbours of some pixels, and some of these: bool (h, w)."""
    beside = np.zeros_like(pixels)
    beside[1:] |= pixels[:-1]
    beside[:-1] |= pixels[1:]
    beside[:, 1:] |= pixels[:, :-1]
    beside[:, :-1] |= pixels[:, 1:]
    return beside


def cut_capacities(
    new: NDArray[np.float32],
    current: NDArray[np.float32],
    vertical: NDArray[np.float32],
    horizontal: NDArray[np.float32],
    area: Area | None = None,
) -> tuple[Capacities, int]:
    """The cut that decides a move: arguments for :func:`cinekit.solve.grid_cut.grid_cut`.

    new, current : float32 (h, w), unary costs; ``new`` may be inf (forbidden), current not.
    vertical, horizontal : float32 (4, h - 1, w) and (4, h, w - 1), E00, E01, E10, E11.
    area : the pixels in play, all by default. The edges between those that are free and those
        that are not become part of the terminals of the former.

    Returns the terminals and the down, up, right and left capacities, and how many terms were
    truncated. An edge has the same capacity both ways, half of the bracket each, the other half
    being moved into the terminals: more flow is then settled inside a pixel.
    """
    h, w = new.shape
    planes = empty_capacities((h, w))
    area = area or Area.whole((h, w))
    truncated = capacities(
        area.spans, area.inside, area.free, np.zeros((h, w), np.bool_), new, current,
        vertical, horizontal, *planes,
    )  # fmt: skip
    return planes, int(truncated)


def empty_capacities(shape: tuple[int, int]) -> Capacities:
    """Zeros for a grid (h, w): terminals, down, up, right, left."""
    h, w = shape
    shapes = [(h, w), (h - 1, w), (h - 1, w), (h, w - 1), (h, w - 1)]
    terminal, down, up, right, left = (np.zeros(one, np.float32) for one in shapes)
    return terminal, down, up, right, left
