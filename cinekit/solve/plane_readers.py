"""Costs of moves on a whole grid by sums of planes, which vector instructions do.

Several times as fast as asking the problem, for pair costs that are differences of what the ends of
an edge *read* at their labels. It is enough to keep what they read for the current labelling, and
to look the proposal's up. Planes and edges are flat, see :mod:`cinekit.solve.move_kernels`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.distance import from_sums
from cinekit.energy.jit import kernel
from cinekit.energy.problem import MoveCosts
from cinekit.protocols import OnePeriod
from cinekit.solve.moves import Reader
from cinekit.solve.pyramid import LineGrid

Labels = NDArray[np.int32]
Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reads:
    """What is read at a labelling.

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


class PlaneReader(Reader):
    """Keeps what the current labelling reads.

    shape : (h, w) of the grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._now: Reads | None = None
        self._new: Reads

    @abstractmethod
    def read(self, labels: Labels | int) -> Reads:
        """The reads of a labelling, int32 (n,), or of one label for all."""

    @abstractmethod
    def edge_costs(self, axis: int, now: Reads, new: Reads, costs: Float) -> None:
        """Write E01, E10 and E11 of all edges along an axis into costs[1:], float32 (4, edges)."""

    def unary(self, proposal: Labels | int, _area: Area | None) -> Float:
        """Unary costs of the proposal, which is looked up."""
        new = self.read(proposal if isinstance(proposal, int) else proposal.ravel())
        self._new = new
        self._now = self._now or new
        return new.unary.reshape(self.shape)

    def pair_costs(
        self, _labels: Labels, _proposal: Labels | int, costs: MoveCosts, _area: Area
    ) -> None:
        """Everywhere, from what was read."""
        assert self._now is not None
        n = self._now.unary.size
        for axis, planes in enumerate((costs.vertical, costs.padded)):
            edges = n - self.steps[axis]
            self.edge_costs(axis, self._now, self._new, planes.reshape(4, -1)[:, :edges])

    def accepted(self, taken: NDArray[np.bool_]) -> None:
        """Keep what the pixels of the move read."""
        now, new, flags = self._now, self._new, taken.ravel()
        assert now is not None
        _take(now.labels, new.labels, flags)
        if now.nodes is not None:
            _take(now.nodes, new.nodes, flags)
        for axis in range(2):
            first, second = self.ends(flags, axis)
            _take(now.first[axis], new.first[axis], first)
            _take(now.second[axis], new.second[axis], second)

    @property
    def steps(self) -> tuple[int, int]:
        """How much further the second end of an edge is than the first, by axis."""
        return self.shape[1], 1

    def ends(self, plane: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """A plane's values at the first and at the second ends of all edges along an axis."""
        step = self.steps[axis]
        return plane[:-step], plane[step:]


@kernel
def _take(plane, new, taken):  # type: ignore[no-untyped-def]
    """plane = new where taken."""
    for k in range(plane.shape[0]):
        plane[k] = new[k] if taken[k] else plane[k]


class LineReader(PlaneReader):
    """Costs of one level of the pyramid: edges read their warps at the labels of their ends."""

    def __init__(self, grid: LineGrid) -> None:
        self._grid = grid.unary, grid.vertical, grid.horizontal
        super().__init__(grid.shape)

    def read(self, labels: Labels | int) -> Reads:
        """Warps at the labels."""
        h, w = self.shape
        n = h * w
        if isinstance(labels, int):
            labels = np.full(n, labels, np.int32)
        unary = np.empty(n, np.float32)
        vertical, horizontal = np.empty((2, n - w), np.float32), np.zeros((2, n - 1), np.float32)
        _read_warps(*self._grid, labels.reshape(h, w), unary.reshape(h, w), vertical, horizontal)
        firsts, seconds = (vertical[0], horizontal[0]), (vertical[1], horizontal[1])
        return Reads(labels.copy(), unary, firsts, seconds)

    def edge_costs(self, axis: int, now: Reads, new: Reads, costs: Float) -> None:
        """Distances on the line."""
        _line_costs(
            now.first[axis], now.second[axis], new.first[axis], new.second[axis],
            costs[1], costs[2], costs[3],
        )  # fmt: skip


@kernel
def _read_warps(unary, vertical, horizontal, labels, costs, down, right):  # type: ignore[no-untyped-def]
    """Unary costs and warps at a labelling.

    costs : float32 (h, w), out. down, right : float32 (2, edges), out: the warps of the edges at
    the labels of their first and of their second ends.
    """
    h, w = labels.shape
    for i in range(h):
        for j in range(w):
            a = labels[i, j]
            k = i * w + j
            costs[i, j] = unary[i, j, a]
            if i + 1 < h:
                down[0, k] = vertical[i, j, a]
                down[1, k] = vertical[i, j, labels[i + 1, j]]
            if j + 1 < w:
                right[0, k] = horizontal[i, j, a]
                right[1, k] = horizontal[i, j, labels[i, j + 1]]


@kernel
def _line_costs(first, second, new_first, new_second, e01, e10, e11):  # type: ignore[no-untyped-def]
    """Pair costs of a move from what the edges read at the labels of their ends."""
    for k in range(first.shape[0]):
        e01[k] = abs(first[k] - new_second[k])
        e10[k] = abs(new_first[k] - second[k])
        e11[k] = abs(new_first[k] - new_second[k])


class PeriodReader(PlaneReader):
    """Costs on the pixels for loops of one period, straight from their prefix sums ([O] Eq. 4).

    Nodes read at their own frame. An edge reads, as its first end changes, what the second end sees
    at the first one's frame, and the other way round. Frames more than a period apart, rare where
    it matters, are put right edge by edge.

    Parameters
    ----------
    unary : float32 (L, h, w). loops : what the labels show.
    """

    def __init__(self, unary: Float, loops: OnePeriod) -> None:
        super().__init__((unary.shape[1], unary.shape[2]))
        self._period = loops.period
        self._starts = loops.starts.astype(np.int32)
        self._sums = loops.sums
        self._near = np.ascontiguousarray(loops.sums[:, 0].T)  # (frame, pixel), as in memory
        self._far = int(self._starts.max() - self._starts.min()) > loops.period
        down, right = loops.weights
        padded = np.zeros(self.shape, np.float32)
        padded[:, :-1] = right
        self._weights = tuple(
            weights / np.float32(loops.period) for weights in (down.ravel(), padded.ravel()[:-1])
        )
        self._unary = unary.reshape(len(unary), -1)

    def read(self, labels: Labels | int) -> Reads:
        """Prefix sums at the frames of the labels."""
        sums = self._near
        if isinstance(labels, int):
            own = sums[self._starts[labels]]  # everybody sees what he sees at his own frame
            everywhere = np.full(own.size, labels, np.int32)
            ends = [self.ends(own, axis) for axis in range(2)]
            seconds, firsts = zip(*ends, strict=True)
            return Reads(everywhere, self._unary[labels], firsts, seconds, own)
        unary, own = np.empty((2, labels.size), np.float32)
        frames = np.empty(labels.size, np.int32)
        _read_nodes(self._unary, sums, self._starts, labels, unary, own, frames)
        firsts, seconds = [], []
        for axis, step in enumerate(self.steps):
            ahead, back = (end.copy() for end in self.ends(own, axis))
            _read_neighbours(sums, frames, step, ahead, back)
            firsts.append(back)
            seconds.append(ahead)
        return Reads(labels.copy(), unary, (firsts[0], firsts[1]), (seconds[0], seconds[1]), own)

    def edge_costs(self, axis: int, now: Reads, new: Reads, costs: Float) -> None:
        """Differences of sums."""
        planes = costs[1], costs[2], costs[3]
        _near_costs(self._weights[axis], self._edges(now, axis), self._edges(new, axis), *planes)
        if self._far:
            frames = self._starts[now.labels], self._starts[new.labels]
            far = self._sums, self._period, self.steps[axis], self._weights[axis]
            _far_costs(*far, *frames, *planes)

    def _edges(self, reads: Reads, axis: int) -> tuple[Float, Float, Float, Float]:
        """What both ends of all edges read, at their own frame and at the other's, the first end
        first.
        """
        assert reads.nodes is not None
        first, second = self.ends(reads.nodes, axis)
        return first, reads.second[axis], second, reads.first[axis]


@kernel
def _read_nodes(all_unary, sums, starts, labels, unary, own, frames):  # type: ignore[no-untyped-def]
    """The unary costs of a labelling, what its nodes read at their own frame, and the frames."""
    for k in range(labels.shape[0]):
        label = labels[k]
        unary[k] = all_unary[label, k]
        frames[k] = starts[label]
        own[k] = sums[frames[k], k]


@kernel
def _read_neighbours(sums, frames, step, ahead, back):  # type: ignore[no-untyped-def]
    """What both ends of edges read at the other's frame, where that is not their own."""
    for k in range(ahead.shape[0]):
        first, second = frames[k], frames[k + step]
        if first != second:
            ahead[k] = sums[second, k]
            back[k] = sums[first, k + step]


@kernel
def _near_costs(weights, now, new, e01, e10, e11):  # type: ignore[no-untyped-def]
    """Pair costs of frames at most p apart, from what both ends of an edge read there.

    now, new : what first ends read at their own and at the second's frame, and what second ends
    read at their own and at the first's.
    """
    own1, ahead, own2, back = now
    new_own1, new_ahead, new_own2, new_back = new
    for k in range(weights.shape[0]):
        weight = weights[k]
        e01[k] = weight * (abs(own1[k] - new_ahead[k]) + abs(back[k] - new_own2[k]))
        e10[k] = weight * (abs(new_own1[k] - ahead[k]) + abs(new_back[k] - own2[k]))
        e11[k] = weight * (abs(new_own1[k] - new_ahead[k]) + abs(new_back[k] - new_own2[k]))


@kernel
def _far_costs(sums, p, step, weights, frames, new_frames, e01, e10, e11):  # type: ignore[no-untyped-def]
    """The same of frames that are further apart."""
    for k in range(weights.shape[0]):
        first, second = frames[k], frames[k + step]
        new_first, new_second = new_frames[k], new_frames[k + step]
        weight = weights[k] * np.float32(p)
        if abs(first - new_second) > p:
            e01[k] = weight * _both_ends(sums, p, k, step, first, new_second)
        if abs(new_first - second) > p:
            e10[k] = weight * _both_ends(sums, p, k, step, new_first, second)
        if abs(new_first - new_second) > p:
            e11[k] = weight * _both_ends(sums, p, k, step, new_first, new_second)


@kernel(inline=True)
def _both_ends(sums, p, k, step, a, b):  # type: ignore[no-untyped-def]
    """What both ends of an edge see of two frames."""
    return from_sums(sums, k, p, a, b) + from_sums(sums, k + step, p, a, b)
