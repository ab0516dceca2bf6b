"""Minimum cut on an implicit 4-connected grid, after Boykov and Kolmogorov.

Y. Boykov, V. Kolmogorov. *An Experimental Comparison of Min-Cut/Max-Flow Algorithms for Energy
Minimization in Vision.* PAMI 2004. Two search trees grow from the terminals; where they meet, flow
is pushed along the path; edges that saturate leave orphans, which look for a new parent. Written
from the paper, with its two heuristics (distance and time stamps of section 3.2, step "adoption").

The graph is never built: a pixel's neighbours are at fixed offsets of a grid padded by one ring, so
no index arrays exist and the whole state is about 40 bytes per pixel.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cinekit.errors import SolverError

_FREE, _SOURCE, _SINK = 0, 1, 2
# A parent is a direction 0..3 (right, left, down, up; the opposite of d is d ^ 1), or one of:
_NO_PARENT, _TERMINAL, _ORPHAN = -1, 4, 5
_FAR = 2**30
# Columns of the pixel records: residual capacities in the four directions and of the terminal ...
_EXCESS = 4
# ... and the state of the search trees. One record a pixel, not one array a field: the fields are
# used together, and every array argument costs a kernel call two atomic reference counts.
_TREE, _PARENT, _STAMP, _DEPTH, _NEXT = range(5)


class MinimumCut(Protocol):
    """What a backend that is only a minimum cut implements: the signature of :func:`grid_cut`."""

    def __call__(
        self,
        terminal: NDArray[np.float32],
        down: NDArray[np.float32],
        up: NDArray[np.float32],
        right: NDArray[np.float32],
        left: NDArray[np.float32],
    ) -> tuple[NDArray[np.bool_], float]:
        """Segments and flow; see :func:`grid_cut`."""
        ...


def grid_cut(
    terminal: NDArray[np.float32],
    down: NDArray[np.float32],
    up: NDArray[np.float32],
    right: NDArray[np.float32],
    left: NDArray[np.float32],
) -> tuple[NDArray[np.bool_], float]:
    """The cheapest binary labelling ``x`` of a grid.

    Minimises, over x in {0, 1} per pixel,

        sum_i max(terminal_i, 0) x_i + max(-terminal_i, 0) (1 - x_i)
        + sum over edges (i, j), i above or left of j, of forward_ij [x_i = 0, x_j = 1]
                                                       + backward_ij [x_i = 1, x_j = 0]

    Parameters
    ----------
    terminal : float32 (h, w)
        Cost of x = 1 where positive; minus the cost of x = 0 where negative. Finite.
    down, up : float32 (h - 1, w)
        Forward and backward capacity between (i, j) and (i + 1, j), finite and >= 0.
    right, left : float32 (h, w - 1)
        Forward and backward capacity between (i, j) and (i, j + 1), finite and >= 0.

    Returns
    -------
    segments : bool (h, w)
        x. Of several cheapest labellings, the one with the fewest ones that BK's trees find:
        free pixels stay 0.
    flow : float
        The minimum, accumulated in float64; equal to the cost of the segments up to the float32
        rounding of the residual capacities.

    Raises
    ------
    SolverError
        When shapes do not fit or a capacity is negative or not finite.
    """
    h, w = terminal.shape
    vertical, horizontal = (h - 1, w), (h, w - 1)
    if (down.shape, up.shape, right.shape, left.shape) != (vertical,) * 2 + (horizontal,) * 2:
        raise SolverError(
            f"expected capacities of shape {vertical} and {horizontal} for a grid of {(h, w)}, "
            f"received {down.shape}, {up.shape}, {right.shape}, {left.shape}"
        )
    residual = np.zeros((h + 2, w + 2, 5), np.float32)
    residual[1:-1, 1:w, 0] = right
    residual[1:-1, 2:-1, 1] = left
    residual[1:h, 1:-1, 2] = down
    residual[2:-1, 1:-1, 3] = up
    residual[1:-1, 1:-1, _EXCESS] = terminal
    if not (np.isfinite(residual).all() and (residual[..., :_EXCESS] >= 0).all()):
        raise SolverError(
            "expected finite terminals and finite capacities >= 0, received others: "
            "replace infinite costs by large finite ones before the cut"
        )
    n = (h + 2) * (w + 2)
    node = np.zeros((n, 5), np.int32)
    step = np.array([1, -1, w + 2, -(w + 2)], np.int64)
    flow = _boykov_kolmogorov(residual.reshape(n, 5), node, step)
    # Padding pixels have no excess and no capacity, so they stay free and are cut off here.
    return node[:, _TREE].reshape(h + 2, w + 2)[1:-1, 1:-1] == _SINK, float(flow)


def cut_cost(
    segments: NDArray[np.bool_],
    terminal: NDArray[np.float32],
    down: NDArray[np.float32],
    up: NDArray[np.float32],
    right: NDArray[np.float32],
    left: NDArray[np.float32],
) -> float:
    """What a binary labelling costs: the sum in :func:`grid_cut`, in float64.

    A segmentation whose cost equals the flow is a proof that both are optimal (max-flow min-cut).
    """
    x = segments
    cost = np.where(x, np.maximum(terminal, 0), np.maximum(-terminal, 0)).sum(dtype=np.float64)
    for axis_first, axis_second, forward, backward in (
        (x[:-1], x[1:], down, up),
        (x[:, :-1], x[:, 1:], right, left),
    ):
        cost += forward[~axis_first & axis_second].sum(dtype=np.float64)
        cost += backward[axis_first & ~axis_second].sum(dtype=np.float64)
    return float(cost)


@njit(cache=True, nogil=True)
def _push(p, node, ends):  # type: ignore[no-untyped-def]
    """Append an active pixel to the linked list, unless it waits there already.

    Pixel 0 is padding and marks "not in the list"; the last pixel points to itself.
    """
    if node[p, _NEXT] == 0:
        node[p, _NEXT] = p
        if ends[0] == 0:
            ends[0] = p
        else:
            node[ends[1], _NEXT] = p
        ends[1] = p


@njit(cache=True, nogil=True)
def _pop(node, ends):  # type: ignore[no-untyped-def]
    """The next pixel that is still in a tree, or 0."""
    while ends[0] != 0:
        p = ends[0]
        following = node[p, _NEXT]
        node[p, _NEXT] = 0
        ends[0] = 0 if following == p else following
        if node[p, _TREE] != _FREE:
            return p
    return 0


@njit(cache=True, nogil=True)
def _boykov_kolmogorov(residual, node, step):  # type: ignore[no-untyped-def]
    """Maximum flow; leaves the residual capacities and the trees in its arguments.

    residual : float32 (n, 5), capacity from a pixel in each direction, and of its terminal: > 0
        from the source, < 0 to the sink.
    node : int32 (n, 5), zeros.
    """
    ends = np.zeros(2, np.int64)
    cut_off = np.empty(node.shape[0], np.int32)
    width = step[2]
    first, last = width + 1, node.shape[0] - width - 1  # inside the padding
    flow = _push_to_neighbours(residual, step, first, last, 1)
    flow += _push_to_neighbours(residual, step, last - 1, first - 1, -1)
    for p in range(node.shape[0]):
        node[p, _PARENT] = _NO_PARENT
        if residual[p, _EXCESS] != 0:
            node[p, _TREE] = _SOURCE if residual[p, _EXCESS] > 0 else _SINK
            node[p, _PARENT] = _TERMINAL
            node[p, _DEPTH] = 1
    for p in range(first, last):
        tree = node[p, _TREE]
        if tree != _FREE:
            # A pixel amid its own tree has nowhere to grow: it wakes when a neighbour is cut off.
            for d in range(4):
                q = p + step[d]
                room = residual[p, d] if tree == _SOURCE else residual[q, d ^ 1]
                if room > 0 and node[q, _TREE] != tree:
                    _push(p, node, ends)
                    break
    time = 0
    p = 0
    while True:
        if node[p, _TREE] == _FREE:
            p = _pop(node, ends)
            if p == 0:
                return flow
        time += 1
        d = _grow(p, residual, node, step, ends)
        if d < 0:
            p = 0
            continue
        # The path runs source tree -> tail -> head -> sink tree.
        if node[p, _TREE] == _SOURCE:
            tail, head = p, p + step[d]
        else:
            tail, head, d = p + step[d], p, d ^ 1
        pushed, n_cut_off = _augment(tail, head, d, residual, node, step, cut_off)
        flow += pushed
        # Root first, and everything that one orphan sets free before the next orphan: pixels
        # nearer the root then find their parents before those below them ask for one.
        for k in range(n_cut_off - 1, -1, -1):
            _adopt(k, time, residual, node, step, ends, cut_off)


@njit(cache=True, nogil=True)
def _push_to_neighbours(residual, step, begin, end, stride):  # type: ignore[no-untyped-def]
    """Push flow over single edges, pixel by pixel in raster order; what reached a sink.

    Two cases, both plain augmentations. An excess that exceeds all that can leave the pixel is
    handed on in full: the pixel is decided, and its surplus helps to decide the next. A smaller one
    goes to the neighbours that have a deficit. Likewise for deficits. Most pixels of a move are
    settled here, without trees.
    """
    flow = 0.0
    for p in range(begin, end, stride):
        excess = residual[p, _EXCESS]
        if excess > 0:
            room = residual[p, 0] + residual[p, 1] + residual[p, 2] + residual[p, 3]
            decided = excess >= room
            for d in range(4):
                q = p + step[d]
                wanted = residual[q, _EXCESS]
                pushed = residual[p, d]
                if not decided:
                    pushed = min(pushed, min(excess, max(-wanted, np.float32(0))))
                if pushed > 0:
                    flow += min(pushed, max(-wanted, np.float32(0)))
                    residual[p, d] -= pushed
                    residual[q, d ^ 1] += pushed
                    residual[q, _EXCESS] += pushed
                    excess -= pushed
            residual[p, _EXCESS] = max(excess, np.float32(0))
        elif excess < 0:
            room = np.float32(0)
            for d in range(4):
                room += residual[p + step[d], d ^ 1]
            decided = -excess >= room
            for d in range(4):
                q = p + step[d]
                offered = residual[q, _EXCESS]
                pushed = residual[q, d ^ 1]
                if not decided:
                    pushed = min(pushed, min(-excess, max(offered, np.float32(0))))
                if pushed > 0:
                    flow += min(pushed, max(offered, np.float32(0)))
                    residual[q, d ^ 1] -= pushed
                    residual[p, d] += pushed
                    residual[q, _EXCESS] -= pushed
                    excess += pushed
            residual[p, _EXCESS] = min(excess, np.float32(0))
    return flow


@njit(cache=True, nogil=True)
def _grow(p, residual, node, step, ends):  # type: ignore[no-untyped-def]
    """Let the tree of p take its free neighbours; the direction of the other tree, or -1."""
    tree, stamp, depth = node[p, _TREE], node[p, _STAMP], node[p, _DEPTH]
    for d in range(4):
        q = p + step[d]
        room = residual[p, d] if tree == _SOURCE else residual[q, d ^ 1]
        if room > 0:
            if node[q, _TREE] == _FREE:
                node[q, _TREE] = tree
                node[q, _PARENT] = d ^ 1
                node[q, _STAMP] = stamp
                node[q, _DEPTH] = depth + 1
                _push(q, node, ends)
            elif node[q, _TREE] != tree:
                return d
            elif node[q, _STAMP] <= stamp and node[q, _DEPTH] > depth:
                node[q, _PARENT] = d ^ 1  # a shorter way to the terminal
                node[q, _STAMP] = stamp
                node[q, _DEPTH] = depth + 1
    return -1


@njit(cache=True, nogil=True)
def _augment(tail, head, d, residual, node, step, cut_off):  # type: ignore[no-untyped-def]
    """Push what the path through edge (tail, d) bears; the amount and how many orphans it made."""
    pushed = residual[tail, d]
    x = tail
    while node[x, _PARENT] != _TERMINAL:
        e = node[x, _PARENT]
        x += step[e]
        pushed = min(pushed, residual[x, e ^ 1])
    pushed = min(pushed, residual[x, _EXCESS])
    x = head
    while node[x, _PARENT] != _TERMINAL:
        e = node[x, _PARENT]
        pushed = min(pushed, residual[x, e])
        x += step[e]
    pushed = min(pushed, -residual[x, _EXCESS])

    n = 0
    residual[tail, d] -= pushed
    residual[head, d ^ 1] += pushed
    for side in range(2):
        x = tail if side == 0 else head
        while node[x, _PARENT] != _TERMINAL:
            e = node[x, _PARENT]
            y = x + step[e]
            # Flow runs from parent to child in the source tree, from child to parent in the other.
            a, b, out = (y, x, e ^ 1) if side == 0 else (x, y, e)
            residual[a, out] -= pushed
            residual[b, out ^ 1] += pushed
            if residual[a, out] <= 0:
                node[x, _PARENT] = _ORPHAN
                cut_off[n] = x
                n += 1
            x = y
        residual[x, _EXCESS] -= pushed if side == 0 else -pushed
        if residual[x, _EXCESS] == 0:
            node[x, _PARENT] = _ORPHAN
            cut_off[n] = x
            n += 1
    return pushed, n


@njit(cache=True, nogil=True)
def _adopt(k, time, residual, node, step, ends, cut_off):  # type: ignore[no-untyped-def]
    """Find new parents for orphan k and for those that lose theirs because of it.

    ``cut_off[k:]`` is free for the queue of the latter: a pixel is an orphan once per augmentation.
    """
    first, last = k, k + 1
    while first < last:
        x = cut_off[first]
        first += 1
        tree = node[x, _TREE]
        best, nearest = -1, _FAR
        for d in range(4):
            q = x + step[d]
            room = residual[q, d ^ 1] if tree == _SOURCE else residual[x, d]
            if room > 0 and node[q, _TREE] == tree:
                distance = _distance(q, time, node, step)
                if distance < nearest:
                    best, nearest = d, distance
        if best >= 0:
            node[x, _PARENT] = best
            node[x, _STAMP] = time
            node[x, _DEPTH] = nearest + 1
            continue
        for d in range(4):
            q = x + step[d]
            if node[q, _TREE] == tree:
                room = residual[q, d ^ 1] if tree == _SOURCE else residual[x, d]
                if room > 0:
                    _push(q, node, ends)
                if node[q, _PARENT] == d ^ 1:  # x was its parent
                    node[q, _PARENT] = _ORPHAN
                    cut_off[last] = q
                    last += 1
        node[x, _TREE] = _FREE
        node[x, _PARENT] = _NO_PARENT


@njit(cache=True, nogil=True)
def _distance(q, time, node, step):  # type: ignore[no-untyped-def]
    """Edges from q to its terminal, or _FAR when an orphan lies between; stamps a proven path."""
    distance = 0
    y = q
    while node[y, _STAMP] != time:
        e = node[y, _PARENT]
        if e == _ORPHAN:
            return _FAR
        distance += 1
        if e == _TERMINAL:
            node[y, _STAMP] = time
            node[y, _DEPTH] = 1
            break
        y += step[e]
    else:
        distance += node[y, _DEPTH]
    y, remaining = q, distance
    while node[y, _STAMP] != time:
        node[y, _STAMP] = time
        node[y, _DEPTH] = remaining
        remaining -= 1
        y += step[node[y, _PARENT]]
    return distance
