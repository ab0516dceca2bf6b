"""Kernels for pair costs that are a line metric, ``|warp[a] - warp[b]|`` with a rising warp.

Loops of one period at most p apart have such costs (method 4): the distance of two labels is a
difference of one cumulative array. The minimum over all labels of a neighbour, a message, then
takes one pass up and one pass down the labels, O(L) instead of O(L^2) (Felzenszwalb, Huttenlocher,
*Efficient Belief Propagation for Early Vision*, IJCV 2006).

Arrays: unary (h, w, L), vertical warps (h - 1, w, L), horizontal warps (h, w - 1, L), messages
(h, w, 4, L), into a pixel from its right, left, lower and upper neighbour; all float32. Unaries may
be inf: no message ever is, as long as every pixel has an allowed label, so inf never meets -inf.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RIGHT, LEFT, BELOW, ABOVE = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def line_message(cost, warp, out):  # type: ignore[no-untyped-def]
    """out[b] = min_a cost[a] + |warp[a] - warp[b]|, less its minimum, which is returned."""
    n = cost.shape[0]
    lowest = cost[0] - warp[0]
    out[0] = lowest
    for a in range(1, n):
        lowest = min(lowest, cost[a] - warp[a])
        out[a] = lowest
    lowest = cost[n - 1] + warp[n - 1]
    smallest = np.float32(np.inf)
    for a in range(n - 1, -1, -1):
        lowest = min(lowest, cost[a] + warp[a])
        value = min(out[a] + warp[a], lowest - warp[a])
        out[a] = value
        smallest = min(smallest, value)
    for a in range(n):
        out[a] -= smallest
    return smallest


@njit(cache=True, nogil=True)
def line_argmin(cost, warp, out, best):  # type: ignore[no-untyped-def]
    """:func:`line_message` without the normalisation, and which label attains each minimum."""
    n = cost.shape[0]
    lowest = cost[0] - warp[0]
    k = 0
    out[0] = lowest
    best[0] = 0
    for a in range(1, n):
        value = cost[a] - warp[a]
        if value < lowest:
            lowest = value
            k = a
        out[a] = lowest
        best[a] = k
    lowest = cost[n - 1] + warp[n - 1]
    k = n - 1
    for a in range(n - 1, -1, -1):
        value = cost[a] + warp[a]
        if value < lowest:
            lowest = value
            k = a
        from_below = out[a] + warp[a]
        from_above = lowest - warp[a]
        if from_above < from_below:
            out[a] = from_above
            best[a] = k
        else:
            out[a] = from_below


@njit(cache=True, nogil=True)
def trws_iteration(unary, vertical, horizontal, messages):  # type: ignore[no-untyped-def]
    """One forward and one backward pass of TRW-S (Kolmogorov, PAMI 2006); the lower bound.

    Pixels in raster order; a pixel's share of itself per edge is 1 / max(edges ahead, behind).
    """
    h, w, n = unary.shape
    total = np.empty(n, np.float32)
    cost = np.empty(n, np.float32)
    for i in range(h):
        for j in range(w):
            share = _belief(unary, messages, i, j, total)
            if j + 1 < w:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, RIGHT, a]
                line_message(cost, horizontal[i, j], messages[i, j + 1, LEFT])
            if i + 1 < h:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, BELOW, a]
                line_message(cost, vertical[i, j], messages[i + 1, j, ABOVE])
    bound = 0.0
    for i in range(h - 1, -1, -1):
        for j in range(w - 1, -1, -1):
            share = _belief(unary, messages, i, j, total)
            smallest = total[0]
            for a in range(1, n):
                smallest = min(smallest, total[a])
            bound += smallest
            for a in range(n):
                total[a] -= smallest
            if j > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, LEFT, a]
                bound += line_message(cost, horizontal[i, j - 1], messages[i, j - 1, RIGHT])
            if i > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, ABOVE, a]
                bound += line_message(cost, vertical[i - 1, j], messages[i - 1, j, BELOW])
    return bound


@njit(cache=True, nogil=True)
def _belief(unary, messages, i, j, total):  # type: ignore[no-untyped-def]
    """total = unary + all messages; returns the pixel's share per edge."""
    h, w, n = unary.shape
    for a in range(n):
        total[a] = (
            unary[i, j, a]
            + messages[i, j, 0, a]
            + messages[i, j, 1, a]
            + messages[i, j, 2, a]
            + messages[i, j, 3, a]
        )
    ahead = (j + 1 < w) + (i + 1 < h)
    behind = (j > 0) + (i > 0)
    return np.float32(1) / np.float32(max(ahead, behind, 1))


@njit(cache=True, nogil=True)
def decode(unary, vertical, horizontal, messages, labels):  # type: ignore[no-untyped-def]
    """Labels from messages, pixel by pixel, given the labels already chosen above and left."""
    h, w, n = unary.shape
    for i in range(h):
        for j in range(w):
            lowest = np.float32(np.inf)
            best = 0
            for a in range(n):
                value = unary[i, j, a] + messages[i, j, RIGHT, a] + messages[i, j, BELOW, a]
                if j > 0:
                    warp = horizontal[i, j - 1]
                    value += abs(warp[a] - warp[labels[i, j - 1]])
                if i > 0:
                    warp = vertical[i - 1, j]
                    value += abs(warp[a] - warp[labels[i - 1, j]])
                if value < lowest:
                    lowest = value
                    best = a
            labels[i, j] = best


@njit(cache=True, nogil=True)
def sweep_chains(unary, vertical, horizontal, labels, rows):  # type: ignore[no-untyped-def]
    """Solve every row (or column) exactly by dynamic programming, given the other lines.

    Even lines first, then odd ones: lines of one parity do not meet. The energy never rises.
    """
    h, w, n = unary.shape
    length = w if rows else h
    best = np.empty((length, n), np.int32)
    cost = np.empty(n, np.float32)
    message = np.empty(n, np.float32)
    for parity in range(2):
        for line in range(parity, h if rows else w, 2):
            for k in range(length):
                i, j = (line, k) if rows else (k, line)
                _given_neighbours(unary, vertical, horizontal, labels, i, j, rows, cost)
                if k > 0:
                    for a in range(n):
                        cost[a] += message[a]
                if k + 1 < length:
                    warp = horizontal[i, j] if rows else vertical[i, j]
                    line_argmin(cost, warp, message, best[k + 1])
            label = 0
            for a in range(1, n):
                if cost[a] < cost[label]:
                    label = a
            for k in range(length - 1, -1, -1):
                i, j = (line, k) if rows else (k, line)
                labels[i, j] = label
                label = best[k, label] if k > 0 else 0


@njit(cache=True, nogil=True)
def _given_neighbours(unary, vertical, horizontal, labels, i, j, rows, cost):  # type: ignore[no-untyped-def]
    """cost = unary of a pixel plus its edges to the lines beside its own, which stay."""
    h, w, n = unary.shape
    for a in range(n):
        cost[a] = unary[i, j, a]
    for side in range(2):
        if rows:
            if (side == 0 and i == 0) or (side == 1 and i + 1 == h):
                continue
            warp = vertical[i - 1, j] if side == 0 else vertical[i, j]
            other = labels[i - 1, j] if side == 0 else labels[i + 1, j]
        else:
            if (side == 0 and j == 0) or (side == 1 and j + 1 == w):
                continue
            warp = horizontal[i, j - 1] if side == 0 else horizontal[i, j]
            other = labels[i, j - 1] if side == 0 else labels[i, j + 1]
        here = warp[other]
        for a in range(n):
            cost[a] += abs(warp[a] - here)


@njit(cache=True, nogil=True)
def line_energy(unary, vertical, horizontal, labels):  # type: ignore[no-untyped-def]
    """E of a labelling, in float64."""
    h, w, _ = unary.shape
    total = 0.0
    for i in range(h):
        for j in range(w):
            a = labels[i, j]
            total += unary[i, j, a]
            if i + 1 < h:
                total += abs(vertical[i, j, a] - vertical[i, j, labels[i + 1, j]])
            if j + 1 < w:
                total += abs(horizontal[i, j, a] - horizontal[i, j, labels[i, j + 1]])
    return total
