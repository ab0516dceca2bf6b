"""The energy over labellings that are constant on blocks (numba): what a coarse solver starts from.

Tables sum the pair costs of every edge that crosses from one block to the next, for every pair of
labels. Label tables and pixel numbers are those of :mod:`cinekit.energy.edge_kernels`.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.edge_kernels import pair_cost
from cinekit.energy.jit import kernel
from cinekit.energy.tables import common_divisors, label_table, period_table, pixel_sums


@kernel
def block_unary(  # type: ignore[no-untyped-def]
    x, squares, sums, weights, axis, period, period_strides, start, start_strides, size, out
):
    """Add the pair costs of the edges inside blocks to out, float32 (L, h', w').

    An edge inside a block joins two pixels of one label, so only labels whose loop differs from
    pixel to pixel cost anything.
    """
    n_labels = out.shape[0]
    h, w = weights.shape
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    for y in range(h):
        for k in range(w):
            crossing = (y + 1) % size == 0 if axis == 0 else (k + 1) % size == 0
            if crossing:
                continue
            i = y * width + k
            j = i + stride
            for a in range(n_labels):
                if np.isinf(out[a, y // size, k // size]):
                    continue
                pi = period[a * period_strides[0] + i * period_strides[1]]
                pj = period[a * period_strides[0] + j * period_strides[1]]
                si = start[a * start_strides[0] + i * start_strides[1]]
                sj = start[a * start_strides[0] + j * start_strides[1]]
                if pi != pj or si != sj:
                    cost = pair_cost(x, squares, sums, i, j, pi, si, pj, sj)
                    out[a, y // size, k // size] += weights[y, k] * cost


@kernel
def labels_at(table, strides, pixel, out):  # type: ignore[no-untyped-def]
    """Copy every label's entry at a pixel to out; returns whether any differs from before."""
    changed = False
    for a in range(out.shape[0]):
        value = table[a * strides[0] + pixel * strides[1]]
        changed = changed or out[a] != value
        out[a] = value
    return changed


@kernel
def block_tables(  # type: ignore[no-untyped-def]
    x, squares, sums, weights, axis, single, period, period_strides, start, start_strides, size, out
):
    """Add the edges that cross between blocks to out, float32 (h'-1, w', L, L) (axis 0)
    or (h', w'-1, L, L) (axis 1).

    single : all labels have one period at all pixels, that of sums.
    """
    n_labels = out.shape[2]
    t, c = x.shape[1], x.shape[2]
    h, w = weights.shape
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    table = np.empty((n_labels, n_labels), np.float32)
    divisors = np.empty((n_labels, n_labels), np.int64)
    largest = 0
    stale = True
    means1 = np.empty((n_labels, t * c), np.float32)
    means2 = np.empty((n_labels, t * c), np.float32)
    p1, s1 = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
    p2, s2 = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
    down, right = (size, 1) if axis == 0 else (1, size)
    for y in range(down - 1, h, down):
        for k in range(right - 1, w, right):
            i = y * width + k
            j = i + stride
            stale = labels_at(period, period_strides, i, p1) or stale
            stale = labels_at(period, period_strides, j, p2) or stale
            labels_at(start, start_strides, i, s1)
            labels_at(start, start_strides, j, s2)
            same = (p1 == p2).all() and (s1 == s2).all()
            p = p1[0]
            one = same and p > 1 and (p1 == p).all() and (np.diff(s1) >= 0).all()
            if stale and not one:
                largest = common_divisors(p1, p2, divisors)
                stale = False
            target = out[y // size, k // size]
            for pixel in (i, j):
                if single and sums.shape[0] > 0:
                    period_table(sums, pixel, p, s1, table)
                elif one:
                    own = np.empty((1, max(1, -(-(s1[-1] - s1[0]) // p)), t - p + 1), np.float32)
                    pixel_sums(x, pixel, p, own)
                    period_table(own, 0, p, s1, table)
                else:
                    label_table(
                        x, squares, pixel, p1, s1, p2, s2, same, divisors, largest,
                        means1, means2, table,
                    )  # fmt: skip
                for a in range(n_labels):
                    for b in range(n_labels):
                        target[a, b] += weights[y, k] * table[a, b]
