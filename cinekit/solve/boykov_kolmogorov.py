"""Maximum flow on an implicit 4-connected grid, after Boykov and Kolmogorov.

Y. Boykov, V. Kolmogorov. *An Experimental Comparison of Min-Cut/Max-Flow Algorithms for Energy
Minimization in Vision.* PAMI 2004. Two search trees grow from the terminals; where they meet, flow
is pushed along the path; edges that saturate leave orphans, which look for a new parent. Written
from the paper, with its two heuristics (distance and time stamps of section 3.2, step "adoption").

The graph is never built: a pixel's neighbours are at fixed offsets of a grid padded by one ring, so
no index arrays exist and the whole state is about 40 bytes per pixel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_FREE, _SOURCE, _SINK = 0, 1, 2
# A parent is a direction 0..3 (right, left, down, up; the opposite of d is d ^ 1), or one of:
_NO_PARENT, _TERMINAL, _ORPHAN = -1, 4, 5
_FAR = 2**30
_ZERO = np.float32(0)
# Columns of the pixel records: residual capacities in the four directions and of the terminal ...
_EXCESS = 4
# ... and the state of the search trees. One record a pixel, not one array a field: the fields are
# used together, and every array argument costs a kernel call two atomic reference counts.
_TREE, _PARENT, _STAMP, _DEPTH, _NEXT = range(5)


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
def boykov_kolmogorov(excess, down, up, right, left, spans, residual, node, cut_off):  # type: ignore[no-untyped-def]
    """Maximum flow; leaves the trees in node.

    excess : float32 (h, w), capacity of the terminal: > 0 from the source, < 0 to the sink. Fastest
        where the latter are few, as :func:`cinekit.solve.straight_pushes.push_straight` leaves
        them. down, up, right, left, spans : as there.
    residual : float32 ((h + 2) * (w + 2), 5), node : int32 of that shape, cut_off : int32 (that
        many,). Scratch; of node, the spans are written.
    """
    width = excess.shape[1] + 2
    step = np.array([1, -1, width, -width], np.int64)
    ends = np.zeros(2, np.int64)
    flow = 0.0
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            p = (i + 1) * width + j + 1
            residual[p, 0] = right[i, j] if j + 1 < end else _ZERO
            residual[p, 1] = left[i, j - 1] if j > first else _ZERO
            residual[p, 2] = down[i, j] if i < down.shape[0] else _ZERO
            residual[p, 3] = up[i - 1, j] if i > 0 else _ZERO
            residual[p, _EXCESS] = excess[i, j]
            node[p, _STAMP] = 0
            node[p, _DEPTH] = 1
            node[p, _NEXT] = 0
            if excess[i, j] > 0:
                node[p, _TREE] = _SOURCE
                node[p, _PARENT] = _TERMINAL
            elif excess[i, j] < 0:
                node[p, _TREE] = _SINK
                node[p, _PARENT] = _TERMINAL
                # Only the sink trees search: an excess that they cannot reach has nowhere to go,
                # and after straight pushes deficits are few.
                _push(p, node, ends)
            else:
                node[p, _TREE] = _FREE
                node[p, _PARENT] = _NO_PARENT
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


@njit(cache=True, nogil=True)
def mark_sink(node, spans, segments):  # type: ignore[no-untyped-def]
    """segments[i, j] = the pixel of the spans ended in a sink tree: bool (h, w)."""
    width = segments.shape[1] + 2
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            segments[i, j] = node[(i + 1) * width + j + 1, _TREE] == _SINK
