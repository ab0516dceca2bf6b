"""The energy over labellings that are constant on blocks (numba): what a coarse solver starts from.

Tables sum the pair costs of every edge that crosses from one block to the next, for every pair of
labels. Label tables and pixel numbers are those of :mod:`cinekit.energy.edge_kernels`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cinekit.energy.edge_kernels import pair_cost
from cinekit.energy.kernels import loop_distance


@njit(cache=True, nogil=True)
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
                pi = period[a * period_strides[0] + i * period_strides[1]]
                pj = period[a * period_strides[0] + j * period_strides[1]]
                si = start[a * start_strides[0] + i * start_strides[1]]
                sj = start[a * start_strides[0] + j * start_strides[1]]
                if pi != pj or si != sj:
                    cost = pair_cost(x, squares, sums, i, j, pi, si, pj, sj)
                    out[a, y // size, k // size] += weights[y, k] * cost


@njit(cache=True, nogil=True)
def block_tables(  # type: ignore[no-untyped-def]
    x, squares, sums, weights, axis, period, period_strides, start, start_strides, size, out
):
    """Add the edges that cross between blocks to out, float32 (h'-1, w', L, L) (axis 0)
    or (h', w'-1, L, L) (axis 1)."""
    n_labels = out.shape[2]
    h, w = weights.shape
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    table = np.empty((n_labels, n_labels), np.float32)
    p1 = np.empty(n_labels, np.int64)
    s1 = np.empty(n_labels, np.int64)
    p2 = np.empty(n_labels, np.int64)
    s2 = np.empty(n_labels, np.int64)
    down = size if axis == 0 else 1
    right = size if axis == 1 else 1
    for y in range(down - 1, h, down):
        for k in range(right - 1, w, right):
            i = y * width + k
            j = i + stride
            same = True
            for a in range(n_labels):
                p1[a] = period[a * period_strides[0] + i * period_strides[1]]
                s1[a] = start[a * start_strides[0] + i * start_strides[1]]
                p2[a] = period[a * period_strides[0] + j * period_strides[1]]
                s2[a] = start[a * start_strides[0] + j * start_strides[1]]
                same = same and p1[a] == p2[a] and s1[a] == s2[a]
            weight = weights[y, k]
            target = out[y // size, k // size]
            for pixel in (i, j):
                if sums.shape[0] > 0:
                    period_table(sums, pixel, p1[0], s1, table)
                else:
                    label_table(x, squares, sums, pixel, p1, s1, p2, s2, same, table)
                for a in range(n_labels):
                    for b in range(n_labels):
                        target[a, b] += weight * table[a, b]


@njit(cache=True, nogil=True)
def label_table(x, squares, sums, i, p1, s1, p2, s2, same, out):  # type: ignore[no-untyped-def]
    """out[a, b] = distance at pixel i between loops (p1[a], s1[a]) and (p2[b], s2[b]).

    same : both lists are equal, so the table is symmetric with a zero diagonal.
    """
    n_labels = out.shape[0]
    for a in range(n_labels):
        first = a + 1 if same else 0
        if same:
            out[a, a] = 0
        for b in range(first, n_labels):
            out[a, b] = loop_distance(x, squares, sums, i, p1[a], s1[a], p2[b], s2[b])
            if same:
                out[b, a] = out[a, b]


@njit(cache=True, nogil=True)
def period_table(sums, i, p, starts, out):  # type: ignore[no-untyped-def]
    """:func:`label_table` for one period and the starts 0, 1, 2 ..., row by row from prefix sums.

    Along a row the number of whole periods between two starts stays the same for p labels, so the
    inner loop is plain vector arithmetic.
    """
    n_labels = out.shape[0]
    scale = np.float32(1) / np.float32(p)
    for a in range(n_labels):
        out[a, a] = 0
        base = sums[i, 0, a]
        for b in range(a + 1, min(a + p, n_labels)):
            out[a, b] = (sums[i, 0, b] - base) * scale
        k = 1
        while a + k * p < n_labels:
            first = a + k * p
            whole = sums[i, k - 1, a + p]
            out[a, first] = (whole - sums[i, k - 1, a]) * scale
            if first + 1 < n_labels:
                base = sums[i, k, a]
                for b in range(first + 1, min(first + p, n_labels)):
                    r = b - first
                    part = whole - sums[i, k - 1, a + r] + sums[i, k, a + r] - base
                    out[a, b] = part * scale
            k += 1
    for a in range(n_labels):
        for b in range(a):
            out[a, b] = out[b, a]
