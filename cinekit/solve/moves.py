"""One move: every pixel keeps its label or takes a proposed one, by one minimum cut.

An expansion move on alpha (Boykov, Veksler, Zabih, PAMI 2001) proposes alpha everywhere; a fusion
move (Lempitsky et al., PAMI 2010) proposes a whole labelling. With x = 1 where the proposal is
taken, an edge has the costs E00 (cur, cur), E01 (cur, new), E10 (new, cur), E11 (new, new), and

    E(x_i, x_j) = E00 + (E10 - E00) x_i + (E11 - E10) x_j + (E01 + E10 - E00 - E11) (1 - x_i) x_j

The last bracket must be >= 0 for a cut. Squared distances break the triangle inequality, so where
it is negative E00 is lowered until it is 0 (Rother et al., CVPR 2005): the true energy of the cut's
labelling is then still never above the current one. Where E01 and E10 are guesses it may be, and
the move is given up.

This is the only loop that makes moves. Where the costs come from is a :class:`Reader`: the problem
itself, warps of a pyramid, prefix sums of one period, or the frames of the full-resolution clip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.costs import edge_ends
from cinekit.energy.problem import MoveCosts
from cinekit.protocols import LabelProblem
from cinekit.solve.grid_cut import AreaCut, Capacities, MinimumCut, cut_box, grid_cut
from cinekit.solve.move_kernels import accept, capacities, energy_change
from cinekit.solve.prospects import Prospect, Prospects

Labels = NDArray[np.int32]
Float = NDArray[np.float32]


class Reader(ABC):
    """Where the costs of moves come from; pair costs are >= 0."""

    @abstractmethod
    def unary(self, proposal: Labels | int, area: Area | None) -> Float:
        """Unary costs of the proposal, float32 (h, w), at least in the area; inf forbids."""

    @abstractmethod
    def pair_costs(
        self, labels: Labels, proposal: Labels | int, costs: MoveCosts, area: Area
    ) -> None:
        """Write E01, E10 and E11 of the edges inside the area, at least those of free pixels.

        Called after :meth:`unary` of the same proposal. E01 and E10 need not be right before
        :meth:`correct`.
        """

    def correct(  # noqa: B027 - few readers guess
        self, taken: NDArray[np.bool_], costs: MoveCosts, area: Area
    ) -> None:
        """Put E01 and E10 right, where guessed, on the edges of which one end takes the proposal.

        taken : bool (h, w).
        """

    def accepted(self, taken: NDArray[np.bool_]) -> None:  # noqa: B027 - few readers keep anything
        """The pixels of ``taken``, bool (h, w), have the proposed label from now on."""


class ProblemReader(Reader):
    """Costs as the problem computes them.

    Parameters
    ----------
    guess : whether moves may be decided by guesses, for problems that can make some. By how much
        they change the energy is always known exactly; on clips they end within 0.1 % of exact
        ones, on noise 4 %.
    """

    def __init__(self, problem: LabelProblem, guess: bool = False) -> None:
        self._problem, self._guess = problem, guess
        self._move_costs = getattr(problem, "move_costs", None)

    def unary(self, proposal: Labels | int, _area: Area | None) -> Float:
        """Unary costs of the proposal."""
        unary = self._problem.unary
        picked: Float = (
            unary[proposal]
            if isinstance(proposal, int)
            else np.take_along_axis(unary, proposal[None], axis=0)[0]
        )
        return picked

    def pair_costs(
        self, labels: Labels, proposal: Labels | int, costs: MoveCosts, area: Area
    ) -> None:
        """All planes in one pass, where the problem can, else by ``pairwise``."""
        if self._move_costs is not None:
            self._move_costs(labels, proposal, costs, area, self._guess)
            return
        for axis, out in ((0, costs.vertical), (1, costs.horizontal)):
            first, second = edge_ends(labels, axis)
            new = (proposal,) * 2 if isinstance(proposal, int) else edge_ends(proposal, axis)
            out[1] = self._problem.pairwise(axis, first, new[1])
            out[2] = self._problem.pairwise(axis, new[0], second)
            out[3] = self._problem.pairwise(axis, *new)

    def correct(self, taken: NDArray[np.bool_], costs: MoveCosts, area: Area) -> None:
        """Only where something was guessed."""
        if self._guess and self._move_costs is not None:
            self._problem.mixed_costs(taken, costs, area)  # type: ignore[attr-defined]


class Moves:
    """A labelling, the costs of its edges, and the moves that improve it.

    The pair costs of the current labelling are kept from move to move: an accepted move selects
    them from the four planes it already has, so E00 is never evaluated again.

    Parameters
    ----------
    reader : where the costs come from.
    labels : int32 (h, w), allowed ones: from where.
    n_labels : of the problem, for sweeps over all of them.
    cut : the minimum cut.
    neglect : share of the energy that a move may leave lying, see
        :class:`cinekit.solve.prospects.Prospects`. 0 leaves nothing, and None asks for no
        prospects: moves look everywhere, or where they are told to.
    """

    def __init__(
        self,
        reader: Reader,
        labels: Labels,
        n_labels: int,
        cut: MinimumCut = grid_cut,
        neglect: float | None = 0.0,
    ) -> None:
        self.labels = np.array(labels, np.int32)
        self.n_labels = n_labels
        self.cut = cut
        self.moves = self.accepted = self.truncated = 0
        self.converged = False  # whether the last sweep gained no more than the tolerance
        shape = self.labels.shape
        self._reader = reader
        self._whole = Area.whole(shape)
        self.costs = MoveCosts.empty(shape)
        self.unary = np.array(reader.unary(self.labels, None))
        reader.pair_costs(self.labels, self.labels, self.costs, self._whole)
        for planes in (self.costs.vertical, self.costs.padded):
            planes[0] = planes[3]  # the labels "proposed" are the current ones
        self._prospects = None if neglect is None else Prospects(shape, n_labels, neglect)
        self._area_cut = AreaCut(shape)
        self._capacities = empty_capacities(shape)
        self._nowhere = np.zeros(shape, np.bool_)
        self._reached = self.energy

    @classmethod
    def of(
        cls,
        problem: LabelProblem,
        labels: Labels,
        cut: MinimumCut = grid_cut,
        neglect: float = 0.0,
        guess: bool = False,
    ) -> Moves:
        """Moves with the costs that the problem computes, see :class:`ProblemReader`."""
        return cls(ProblemReader(problem, guess), labels, problem.n_labels, cut, neglect)

    @property
    def energy(self) -> float:
        """E of the current labelling, from the costs that the moves saw, in float64."""
        parts = (self.unary, self.costs.vertical[0], self.costs.padded[0])
        return float(sum(part.sum(dtype=np.float64) for part in parts))

    def propose(self, proposal: Labels | int, area: Area | None = None) -> int:
        """Try one move; the number of pixels that changed, 0 when it would not lower the energy.

        area : only its free pixels may change; by default where there is something to gain.
        """
        unary = self._reader.unary(proposal, area)
        prospect = self._look(proposal, unary, area)
        if prospect is None:
            return 0
        area = prospect.area
        self.moves += 1
        self.pair_costs(proposal, area)
        changing = self.labels != proposal
        taken = self.decide(proposal, unary, area) & changing
        change = self._change(taken, unary, area)
        if prospect.rest is not None:
            taken, change, area = self._followed(proposal, unary, prospect, changing, taken, change)
        if not change < 0:
            return 0
        self.accepted += 1
        self._reached += change
        flat = np.atleast_1d(np.asarray(proposal, np.int32)).ravel()
        accept(
            area.flat, taken.ravel(), flat, np.ascontiguousarray(unary).ravel(),
            self.labels.ravel(), self.unary.ravel(), *self._planes,
        )  # fmt: skip
        self._reader.accepted(taken)
        if self._prospects is not None:
            self._prospects.accepted(proposal, taken)
        return int(np.count_nonzero(taken))

    def pair_costs(self, proposal: Labels | int, area: Area | None = None) -> None:
        """Make planes 1 to 3 of the costs those of a proposal, at least inside the area."""
        self._reader.pair_costs(self.labels, proposal, self.costs, area or self._whole)

    def _look(self, proposal: Labels | int, unary: Float, area: Area | None) -> Prospect | None:
        """Where a move should look, None where it could gain nothing."""
        if area is not None or self._prospects is None:
            return Prospect(area or self._whole, None, 0.0)
        pairs = self.costs.vertical[0], self.costs.padded[0]
        return self._prospects.find(self._reached, self.labels, proposal, unary, self.unary, *pairs)

    def decide(self, _proposal: Labels | int, unary: Float, area: Area) -> NDArray[np.bool_]:
        """Which pixels should take the proposal, whose pair costs are ready: bool (h, w).

        unary : float32 (h, w), unary costs of the proposal. area : only its free pixels may. A
        backend that owns its moves overrides this.
        """
        return self._cut(unary, area, self._nowhere)

    def _cut(self, unary: Float, area: Area, fixed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The minimum cut; fixed : pixels that are not free but take the proposal, bool (h, w)."""
        planes, truncated = _fill(self._capacities, unary, self.unary, self._planes, area, fixed)
        self.truncated += truncated
        if self.cut is grid_cut:
            return self._area_cut.solve(area, *planes)[0]
        return cut_box(self.cut, area, *planes)

    def _followed(
        self,
        proposal: Labels | int,
        unary: Float,
        prospect: Prospect,
        changing: NDArray[np.bool_],
        taken: NDArray[np.bool_],
        change: float,
    ) -> tuple[NDArray[np.bool_], float, Area]:
        """The better of a move and the same with the rest, which follows as one.

        A still rest that shows another frame saves a seam around what moves, but only all of it:
        a part would pay for a seam across the rest.
        """
        assert prospect.rest is not None
        assert self._prospects is not None
        rest = self._prospects.pixels(prospect.rest)
        area = prospect.area
        fixed = area.inside & ~area.free & _beside(rest) & np.isfinite(unary)
        other = (self._cut(unary, area, fixed) | fixed) & changing
        if not self._change(other, unary, area) + prospect.price < min(change, 0.0):
            self._reader.correct(taken, self.costs, area)
            return taken, change, area
        # Worth knowing what it really costs, seams at the far side of the rest included.
        other |= rest & changing
        area = self._prospects.area(prospect)
        self.pair_costs(proposal, area)
        true = self._change(other, unary, area)
        if true < change:
            return other, true, area
        self._reader.correct(taken, self.costs, prospect.area)
        return taken, change, prospect.area

    def _change(self, taken: NDArray[np.bool_], unary: Float, area: Area) -> float:
        """By how much the energy changes inside an area."""
        self._reader.correct(taken, self.costs, area)
        flat = area.flat, area.inside.ravel(), taken.ravel()
        unaries = np.ascontiguousarray(unary).ravel(), self.unary.ravel()
        return float(energy_change(*flat, *unaries, *self._planes))

    @property
    def _planes(self) -> tuple[Float, Float]:
        """E00, E01, E10, E11 of all edges: float32 (4, n - w) and (4, n)."""
        return _flat(self.costs)


def _flat(costs: MoveCosts) -> tuple[Float, Float]:
    n = costs.padded[0].size
    return costs.vertical.reshape(4, n - costs.padded.shape[2]), costs.padded.reshape(4, n)


def _beside(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The neighbours of some pixels, and some of these: bool (h, w)."""
    beside = np.zeros_like(pixels)
    beside[1:] |= pixels[:-1]
    beside[:-1] |= pixels[1:]
    beside[:, 1:] |= pixels[:, :-1]
    beside[:, :-1] |= pixels[:, 1:]
    return beside


def cut_capacities(
    new: Float, current: Float, costs: MoveCosts, area: Area | None = None
) -> tuple[Capacities, int]:
    """The cut that decides a move: arguments for :meth:`cinekit.solve.grid_cut.AreaCut.solve`.

    new, current : float32 (h, w), unary costs; ``new`` may be inf (forbidden), current not.
    area : the pixels in play, all by default. The edges between those that are free and those
        that are not become part of the terminals of the former.

    Returns the terminals and the down, up, right and left capacities, and how many terms were
    truncated. An edge has the same capacity both ways, half of the bracket each, the other half
    being moved into the terminals: more flow is then settled inside a pixel.
    """
    planes = empty_capacities(new.shape)
    nowhere = np.zeros(new.shape, np.bool_)
    return _fill(planes, new, current, _flat(costs), area or Area.whole(new.shape), nowhere)


def _fill(
    planes: Capacities,
    new: Float,
    current: Float,
    costs: tuple[Float, Float],
    area: Area,
    fixed: NDArray[np.bool_],
) -> tuple[Capacities, int]:
    """:func:`cut_capacities` into planes, with pixels that are not free taking the proposal."""
    truncated = capacities(
        area.flat, area.inside.ravel(), area.free.ravel(), fixed.ravel(),
        np.ascontiguousarray(new).ravel(), current.ravel(), *costs,
        *(plane.ravel() for plane in planes),
    )  # fmt: skip
    return planes, int(truncated)


def empty_capacities(shape: tuple[int, ...]) -> Capacities:
    """Zeros for a grid (h, w): terminals, down, up, right, left."""
    h, w = shape
    shapes = [(h, w), (h - 1, w), (h - 1, w), (h, w), (h, w)]
    terminal, down, up, right, left = (np.zeros(one, np.float32) for one in shapes)
    return terminal, down, up, right, left
