"""The energy as a label problem on the pixel grid: what a solver gets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import edge_kernels
from cinekit.energy.area import Area
from cinekit.energy.costs import NO_SUMS, LoopCosts, edge_ends
from cinekit.labels import STILL, LabelMap
from cinekit.protocols import OnePeriod

Float = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class MoveCosts:
    """Pair costs of one move, in which every pixel keeps its label or takes the proposed one.

    vertical : float32 (4, h-1, w). First axis: (cur, cur), (cur, new), (new, cur), (new, new), the
        first end of the edge first. Weights applied.
    padded : float32 (4, h, w), the same of horizontal edges, with zeros in the last column, which
        has none: so pixels and edges are numbered alike.
    """

    vertical: Float
    padded: Float

    @property
    def horizontal(self) -> Float:
        """float32 (4, h, w-1)."""
        return self.padded[:, :, :-1]

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> MoveCosts:
        """For a grid (h, w); nothing is filled in."""
        h, w = shape
        return cls(np.empty((4, h - 1, w), np.float32), np.zeros((4, h, w), np.float32))

    @cached_property
    def scratch(self) -> tuple[NDArray[np.int16], Float]:
        """Room for the labels of a move, int16 (4, h * w), and its distances, float32 (h * w,)."""
        n = (self.vertical.shape[1] + 1) * self.vertical.shape[2]
        return np.empty((4, n), np.int16), np.empty(n, np.float32)


class LoopProblem:
    """A set of labels (period and start frame, possibly another per pixel) with its energy.

    Implements :class:`cinekit.protocols.LabelProblem`. Label l shows at pixel x the loop
    ``(period[l, x], start[l, x])``.

    Parameters
    ----------
    costs : what all problems of the clip share.
    period, start : int, broadcastable to (L, h, w).
        A still label shows one of the t frames; a looping one has ``start + period <= t - 1``,
        forbidden or not, because every pair of labels has a cost.
    unary : float32 (L, h, w), inf where a label is forbidden.
    sums : prefix sums of the one period that each pixel has, where known: see :attr:`sums`.
    """

    def __init__(
        self,
        costs: LoopCosts,
        period: NDArray[np.integer],
        start: NDArray[np.integer],
        unary: Float,
        sums: Float | None = None,
    ) -> None:
        expected = (*unary.shape[:1], *costs.size)
        if unary.shape != expected:
            raise ValueError(f"expected unary costs (L, h, w) {expected}, received {unary.shape}")
        last = np.where(period == STILL, costs.n_frames - 1, costs.n_frames - 1 - period)
        if np.min(period) < 1 or np.min(start) < 0 or (start > last).any():
            raise ValueError(
                f"expected periods >= 1 and starts >= 0 with s + p <= {costs.n_frames - 1}, "
                f"received periods from {np.min(period)} and starts from {np.min(start)} "
                f"to s + p = {np.max(start + period)}"
            )
        self.costs = costs
        self.unary = unary
        self.period = _Table(period, expected)
        self.start = _Table(start, expected)
        self._known_sums = sums

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return self.costs.size

    @property
    def n_labels(self) -> int:
        """L."""
        return int(self.unary.shape[0])

    @property
    def single_period(self) -> int | None:
        """The period that all labels have at all pixels, else None."""
        values = self.period.values
        return int(values[0]) if (values == values[0]).all() else None

    @property
    def in_order(self) -> bool:
        """Whether labels beside each other cost much the same: start frames that ascend."""
        starts = self.start.values
        if self.period.label_stride or not self.start.label_stride:
            return False
        ordered = starts.reshape(self.n_labels, -1)
        return bool((ordered[1:] >= ordered[:-1]).all())

    @cached_property
    def sums(self) -> Float:
        """Prefix sums of the one period that each pixel has: float32 (n, m, >= t-p+1).

        Of shape (0, 0, 0) where labels of several periods meet at a pixel. So are those of pixels
        with periods of their own that were not given: costs then come from the frames, slowly.
        """
        if self._known_sums is not None:
            return self._known_sums
        period = self.single_period
        if period in (None, STILL):
            return NO_SUMS
        starts = self.start.values
        farthest = int(starts.max()) - int(starts.min())
        count = farthest // period + (farthest % period > 0)
        return self.costs.multiples(period, max(1, count))

    def part(self, labels: NDArray[np.integer]) -> LoopProblem:
        """The same problem with these labels only, int (L',), which become 0 .. L'-1.

        Prefix sums are shared with it.
        """
        return LoopProblem(
            self.costs,
            self.period.only(labels, self.shape),
            self.start.only(labels, self.shape),
            self.unary[labels],
            self.sums,
        )

    def loops(self, labels: Labels) -> LabelMap:
        """The labelling as periods and start frames, in working frames."""
        flat = _flat(labels)
        return LabelMap(
            period=self.period.look_up(flat).reshape(self.shape),
            start=self.start.look_up(flat).reshape(self.shape),
            n_frames=self.costs.n_frames,
        )

    def pairwise(self, axis: int, a: Labels | int, b: Labels | int) -> Float:
        """Cost of every edge along an axis, see :class:`cinekit.protocols.LabelProblem`."""
        weights = self.costs.edge_weights[axis]
        first, second = edge_ends(np.arange(self.unary[0].size).reshape(self.shape), axis)
        a, b = np.broadcast_to(a, weights.shape), np.broadcast_to(b, weights.shape)
        p1, s1 = self.period.at(a, first), self.start.at(a, first)
        p2, s2 = self.period.at(b, second), self.start.at(b, second)
        out = np.empty_like(weights)
        edge_kernels.edge_costs(*self._signal, weights, axis, p1, s1, p2, s2, out)
        return out

    def move_costs(
        self,
        labels: Labels,
        new: Labels | int,
        reuse: MoveCosts | None = None,
        area: Area | None = None,
        guess: bool = False,
    ) -> MoveCosts:
        """The four pair costs of every edge for one expansion (fusion) move, in one pass.

        labels : int32 (h, w), current. new : the label (labels, one per pixel) proposed.
        reuse : costs of an earlier move whose plane 0 belongs to ``labels``; its arrays are
        overwritten and returned.
        area : only the edges that have both ends inside are computed.
        guess : planes 1 and 2 may be guesses that are good enough to decide a move, in half the
        time, see :func:`cinekit.energy.edge_kernels.move_costs`; :meth:`mixed_costs` must follow.
        Only where labels of several periods meet at a pixel: elsewhere guesses are poor.
        """
        guess = guess and self.period.label_stride > 0
        area = area or Area.whole(self.shape)
        current = _flat(labels)
        proposed = np.array([new], np.int32) if isinstance(new, int) else _flat(new)
        out = reuse or MoveCosts.empty(self.shape)
        (pc, sc, pa, sa), own = out.scratch
        for labels_of, period, start in ((current, pc, sc), (proposed, pa, sa)):
            self.period.look_up_spans(labels_of, area, period)
            self.start.look_up_spans(labels_of, area, start)
        if self.sums.shape[0]:
            x = self.costs.features
            edge_kernels.own_from_sums(x, self.sums, pc, sc, sa, area.flat, own)
        else:
            edge_kernels.own_distances(*self._signal, pc, sc, pa, sa, area.flat, own)
        keep = reuse is not None
        for axis, planes in enumerate((out.vertical, out.padded)):
            weights = self.costs.edge_weights[axis]
            known = weights, axis, area.spans, area.inside, pc, sc, pa, sa, own
            edge_kernels.move_costs(*self._signal, *known, keep, guess, planes)
        return out

    def mixed_costs(self, taken: NDArray[np.bool_], costs: MoveCosts, area: Area) -> None:
        """Make the guesses right where one end of an edge takes the proposal of the last move.

        taken : bool (h, w). costs : of :meth:`move_costs`, for an area that this one is a part of.
        """
        if not self.period.label_stride:
            return  # nothing was guessed
        loops, _ = costs.scratch
        for axis, planes in enumerate((costs.vertical, costs.padded)):
            inside = np.logical_and(*edge_ends(area.inside, axis))
            edges = np.nonzero(np.not_equal(*edge_ends(taken, axis)) & inside)
            known = self.costs.edge_weights[axis], axis, *edges, *loops
            edge_kernels.mixed_costs(*self._signal, *known, taken.ravel(), planes)

    def one_period(self) -> OnePeriod | None:
        """The loops, when all have one period > 1 and the same start frames at all pixels.

        Their pair costs are ``|A[s] - A[s']| * weight / p`` summed over both ends, with A the
        cumulative array of :meth:`LoopCosts.multiples`, which never falls ([O] Eq. 4).
        """
        period, starts = self.single_period, self.start.values
        if period in (None, STILL) or self.start.pixel_stride or (np.diff(starts) < 1).any():
            return None
        return OnePeriod(period, starts.astype(np.int64), self.sums, self.costs.edge_weights)

    def line(self) -> tuple[Float, Float] | None:
        """The line metric, when one period holds all labels at most p apart."""
        loops = self.one_period()
        if loops is None or loops.starts[-1] - loops.starts[0] > loops.period:
            return None
        warp = loops.sums[:, 0].reshape(*self.shape, -1)[..., loops.starts]
        warp = warp / np.float32(loops.period)
        down, right = loops.weights
        return (warp[:-1] + warp[1:]) * down[..., None], (warp[:, :-1] + warp[:, 1:]) * right[
            ..., None
        ]

    def energy(self, labels: Labels) -> float:
        """E of a labelling, [O] Eq. 1: unary and pair costs, summed in float64."""
        unary = np.take_along_axis(self.unary, labels[None].astype(np.int64), axis=0)
        total = float(unary.sum(dtype=np.float64))
        loops = self.loops(labels)
        for axis, weights in enumerate(self.costs.edge_weights):
            p1, p2 = (np.ascontiguousarray(end) for end in edge_ends(loops.period, axis))
            s1, s2 = (np.ascontiguousarray(end) for end in edge_ends(loops.start, axis))
            out = np.empty_like(weights)
            edge_kernels.edge_costs(*self._signal, weights, axis, p1, s1, p2, s2, out)
            total += float(out.sum(dtype=np.float64))
        return total

    @property
    def _signal(self) -> tuple[Float, Float, Float]:
        return self.costs.features, self.costs.squares, self.sums


class _Table:
    """An int16 table over labels and pixels, stored once where it does not vary.

    Entry (label, pixel) is ``values[label * label_stride + pixel * pixel_stride]``.
    """

    def __init__(self, table: NDArray[np.integer], shape: tuple[int, ...]) -> None:
        full = np.broadcast_to(table, shape)
        labels = shape[0] if full.strides[0] else 1
        pixels = shape[1] * shape[2] if any(full.strides[1:]) else 1
        part = full[:labels] if pixels > 1 else full[:labels, :1, :1]
        self.values = np.ascontiguousarray(part, np.int16).reshape(-1)
        self.label_stride = pixels if labels > 1 else 0
        self.pixel_stride = 1 if pixels > 1 else 0

    def only(self, labels: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.int16]:
        """The entries of some labels, broadcastable to (labels, h, w)."""
        grid = shape if self.pixel_stride else (1, 1)
        table = self.values.reshape(-1, *grid)
        return table[labels] if self.label_stride else table

    def look_up(self, labels: Labels) -> NDArray[np.int16]:
        """Entries for int32 (n,) labels, one per pixel in order."""
        out = np.empty(labels.size, np.int16)
        edge_kernels.look_up(self.values, self.label_stride, self.pixel_stride, labels, out)
        return out

    def look_up_spans(self, labels: Labels, area: Area, out: NDArray[np.int16]) -> None:
        """Entries for the pixels of an area; one label for all, or int32 (n,)."""
        step = int(labels.size > 1)
        edge_kernels.look_up_spans(
            self.values, self.label_stride, self.pixel_stride, labels, step, area.flat, out
        )

    def at(self, labels: Labels, pixels: NDArray[np.int64]) -> NDArray[np.int16]:
        """Entries for any labels and pixel numbers of one shape."""
        entries: NDArray[np.int16] = self.values[
            labels * self.label_stride + pixels * self.pixel_stride
        ]
        return entries


def _flat(labels: Labels) -> Labels:
    return np.ascontiguousarray(labels, np.int32).ravel()
