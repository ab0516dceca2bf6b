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

from cinekit.energy.jit import kernel

RIGHT, LEFT, BELOW, ABOVE = 0, 1, 2, 3


@kernel
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


@kernel
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


@kernel
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


@kernel
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


@kernel
def sweep_rows(unary, along, across, labels, reach):  # type: ignore[no-untyped-def]
    """Solve every row exactly by dynamic programming, given the other rows; labels in place.

    Even rows first, then odd ones: rows of one parity do not meet. The energy never rises. A pixel
    may take the labels of its 3 x 3 neighbourhood, those between them, and ``reach`` more on both
    sides: where unaries and warps are those of a clip, a reach of 1 ends within 0.0003 of the
    energy that all labels would, in a third of the time.

    along, across : the warps of the edges within rows and between rows. For columns, pass the
        transposed arrays.
    """
    h, w, n = unary.shape
    low, high = np.empty(w, np.int32), np.empty(w, np.int32)
    best = np.empty((w, n), np.int32)
    cost, message = np.empty(n, np.float32), np.empty(n, np.float32)
    for parity in range(2):
        for i in range(parity, h, 2):
            _nearby_labels(labels, i, reach, n, low, high)
            for j in range(w):
                if j > 0:
                    first, last = low[j - 1], high[j - 1]
                    range_argmin(
                        cost, along[i, j - 1], first, last, low[j], high[j], message, best[j]
                    )
                for a in range(low[j], high[j] + 1):
                    cost[a] = unary[i, j, a] + (message[a] if j > 0 else np.float32(0))
                if i > 0:
                    here = across[i - 1, j, labels[i - 1, j]]
                    for a in range(low[j], high[j] + 1):
                        cost[a] += abs(across[i - 1, j, a] - here)
                if i + 1 < h:
                    here = across[i, j, labels[i + 1, j]]
                    for a in range(low[j], high[j] + 1):
                        cost[a] += abs(across[i, j, a] - here)
            label = low[w - 1]
            for a in range(low[w - 1] + 1, high[w - 1] + 1):
                if cost[a] < cost[label]:
                    label = a
            labels[i, w - 1] = label
            for j in range(w - 1, 0, -1):
                label = best[j, label]
                labels[i, j - 1] = label


@kernel
def _nearby_labels(labels, i, reach, n, low, high):  # type: ignore[no-untyped-def]
    """The range of labels that each pixel of row i may take."""
    h, w = labels.shape
    above, below = max(i - 1, 0), min(i + 1, h - 1)
    least_before = least = n
    most_before = most = 0
    for k in range(w + 1):  # one column ahead of the pixel that it completes
        least_after, most_after = n, 0
        if k < w:
            a, b, c = labels[above, k], labels[i, k], labels[below, k]
            least_after, most_after = min(a, b, c), max(a, b, c)
        if k > 0:
            low[k - 1] = max(min(least_before, least, least_after) - reach, 0)
            high[k - 1] = min(max(most_before, most, most_after) + reach, n - 1)
        least_before, least = least, least_after
        most_before, most = most, most_after


@kernel(inline=True)
def range_argmin(cost, warp, first, last, low, high, out, best):  # type: ignore[no-untyped-def]
    """out[b] = min_a cost[a] + |warp[a] - warp[b]| over first <= a <= last, for low <= b <= high.

    best[b] : which a attains it.
    """
    lowest = np.float32(np.inf)
    a = k = first
    for b in range(low, high + 1):
        while a <= min(b, last):
            value = cost[a] - warp[a]
            if value < lowest:
                lowest = value
                k = a
            a += 1
        out[b] = lowest + warp[b]
        best[b] = k
    lowest = np.float32(np.inf)
    a = k = last
    for b in range(high, low - 1, -1):
        while a >= max(b, first):
            value = cost[a] + warp[a]
            if value < lowest:
                lowest = value
                k = a
            a -= 1
        value = lowest - warp[b]
        if value < out[b]:
            out[b] = value
            best[b] = k


@kernel
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
