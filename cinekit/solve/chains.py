"""Rows and columns solved exactly in turn, where pair costs are a line metric.

Arrays as in :mod:`cinekit.solve.messages`, pair costs being warps.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel


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
