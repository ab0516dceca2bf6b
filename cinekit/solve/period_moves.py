"""Moves on the pixels for loops of one period, with pair costs straight from their prefix sums.

Loops of one period at most p apart differ by what the prefix sums at their start frames do: both
ends of an edge read there, at the frames of both. What is further apart, rare where it matters, is
put right edge by edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import LoopProblem
from cinekit.energy.jit import kernel
from cinekit.solve.plane_moves import PlaneMoves, Reads

Labels = NDArray[np.int32]
Float = NDArray[np.float32]

_ZERO = np.float32(0)


class PeriodMoves(PlaneMoves):
    """A labelling of a problem whose loops all have one period > 1, and the moves that improve it.

    Nodes read at their own frame. An edge reads, as its first end changes, what the second end sees
    at the first one's frame, and the other way round.

    Parameters
    ----------
    problem : its start frames may depend on the label, not on the pixel.
    labels : int32 (h, w), where to begin; allowed ones.
    """

    def __init__(self, problem: LoopProblem, labels: Labels) -> None:
        period = problem.single_period
        if period is None or period < 2 or problem.start.pixel_stride:
            raise ValueError("expected loops of one period, with the same start frames everywhere")
        self._period = period
        self._starts = problem.start.values.astype(np.int32)
        # (multiple, frame, pixel), as it lies in memory.
        self._sums = np.ascontiguousarray(problem.sums.transpose(1, 2, 0))
        self._far = int(self._starts.max() - self._starts.min()) > period
        down, right = problem.costs.edge_weights
        padded = np.zeros(problem.shape, np.float32)
        padded[:, :-1] = right
        self._weights = tuple(
            weights / np.float32(period) for weights in (down.ravel(), padded.ravel()[:-1])
        )
        self._unary = problem.unary.reshape(problem.n_labels, -1)
        super().__init__(problem, labels)

    def _read(self, labels: Labels | int) -> Reads:
        sums = self._sums[0]
        if isinstance(labels, int):
            own = sums[self._starts[labels]]  # everybody sees what he sees at his own frame
            everywhere = np.full(own.size, labels, np.int32)
            ends = [self._ends(own, axis) for axis in range(2)]
            seconds, firsts = zip(*ends, strict=True)
            return Reads(everywhere, self._unary[labels], firsts, seconds, own)
        unary, own = np.empty((2, labels.size), np.float32)
        frames = np.empty(labels.size, np.int32)
        _read_nodes(self._unary, sums, self._starts, labels, unary, own, frames)
        firsts, seconds = [], []
        for axis, step in enumerate(self._steps):
            ahead, back = (end.copy() for end in self._ends(own, axis))
            _read_neighbours(sums, frames, step, ahead, back)
            firsts.append(back)
            seconds.append(ahead)
        return Reads(labels.copy(), unary, (firsts[0], firsts[1]), (seconds[0], seconds[1]), own)

    def _pair_costs(self, axis: int, new: Reads, costs: Float) -> None:
        now, then = self._edges(self._now, axis), self._edges(new, axis)
        _near_costs(self._weights[axis], now, then, costs)
        if self._far:
            frames = self._starts[self._now.labels], self._starts[new.labels]
            far = self._sums, self._period, self._steps[axis], self._weights[axis]
            _far_costs(*far, *frames, costs)

    def _edges(self, reads: Reads, axis: int) -> tuple[Float, Float, Float, Float]:
        """What both ends of all edges read, at their own frame and at the other's, the first end
        first.
        """
        assert reads.nodes is not None
        first, second = self._ends(reads.nodes, axis)
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
def _near_costs(weights, now, new, costs):  # type: ignore[no-untyped-def]
    """Pair costs of frames at most p apart, from what both ends of an edge read there.

    now, new : what first ends read at their own and at the second's frame, and what second ends
    read at their own and at the first's.
    """
    own1, ahead, own2, back = now
    new_own1, new_ahead, new_own2, new_back = new
    e01, e10, e11 = costs[1], costs[2], costs[3]
    for k in range(weights.shape[0]):
        weight = weights[k]
        e01[k] = weight * (abs(own1[k] - new_ahead[k]) + abs(back[k] - new_own2[k]))
        e10[k] = weight * (abs(new_own1[k] - ahead[k]) + abs(new_back[k] - own2[k]))
        e11[k] = weight * (abs(new_own1[k] - new_ahead[k]) + abs(new_back[k] - new_own2[k]))


@kernel
def _far_costs(sums, p, step, weights, frames, new_frames, costs):  # type: ignore[no-untyped-def]
    """The same of frames that are further apart, see :func:`cinekit.energy.distance.from_sums`."""
    e01, e10, e11 = costs[1], costs[2], costs[3]
    for k in range(weights.shape[0]):
        first, second = frames[k], frames[k + step]
        new_first, new_second = new_frames[k], new_frames[k + step]
        if abs(first - new_second) > p:
            e01[k] = weights[k] * _far_pair(sums, p, k, step, first, new_second)
        if abs(new_first - second) > p:
            e10[k] = weights[k] * _far_pair(sums, p, k, step, new_first, second)
        if abs(new_first - new_second) > p:
            e11[k] = weights[k] * _far_pair(sums, p, k, step, new_first, new_second)


@kernel
def _far_pair(sums, p, k, step, a, b):  # type: ignore[no-untyped-def]
    """p times what both ends of an edge see of frames more than p apart."""
    first, last = min(a, b), max(a, b)
    whole = (last - first) // p
    rest = (last - first) - whole * p
    total = _ZERO
    for i in (k, k + step):
        total += sums[whole - 1, first + p, i] - sums[whole - 1, first + rest, i]
        if rest > 0:
            total += sums[whole, first + rest, i] - sums[whole, first, i]
    return total
