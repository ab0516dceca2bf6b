"""Distances between all pairs of labels at one pixel (numba), for block tables.

One pixel's frames fit the fastest cache, so a table is filled pixel by pixel: sums that many pairs
share are computed once.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.distance import frame_distance, same_period
from cinekit.energy.jit import kernel


@kernel
def period_table(sums, i, p, starts, out):  # type: ignore[no-untyped-def]
    """out[a, b] = Psi at pixel i of the loops (p, starts[a]) and (p, starts[b]), [O] Eq. 4.

    sums : (n, m, t-p+1), see :func:`cinekit.energy.distance.period_sums`. starts : int64 (L,),
    ascending. For starts 0, 1, 2 ... the inner loops are plain vector arithmetic.
    """
    n_labels = out.shape[0]
    scale = np.float32(1) / np.float32(p)
    for a in range(n_labels):
        out[a, a] = 0
        first = starts[a]
        base = sums[i, 0, first]
        b = a + 1
        while b < n_labels and starts[b] - first <= p:
            out[a, b] = (sums[i, 0, starts[b]] - base) * scale
            b += 1
        while b < n_labels:
            d = starts[b] - first
            k = d // p
            r = d - k * p
            part = sums[i, k - 1, first + p] - sums[i, k - 1, first + r]
            if r > 0:
                part += sums[i, k, first + r] - sums[i, k, first]
            out[a, b] = part * scale
            b += 1
    for a in range(n_labels):
        for b in range(a):
            out[a, b] = out[b, a]


@kernel
def pixel_sums(x, i, p, out):  # type: ignore[no-untyped-def]
    """:func:`cinekit.energy.distance.period_sums` of one pixel: out float32 (1, m, >= t-p+1)."""
    t = x.shape[1]
    for k in range(out.shape[1]):
        step = (k + 1) * p
        total = 0.0
        out[0, k, 0] = 0
        for f in range(t - p):
            if f + step < t:
                total += frame_distance(x, i, f, f + step)
            out[0, k, f + 1] = total


@kernel
def common_divisors(p1, p2, out):  # type: ignore[no-untyped-def]
    """out[a, b] = gcd(p1[a], p2[b]), 0 where the periods are equal; returns the largest."""
    largest = 0
    for a in range(p1.shape[0]):
        for b in range(p2.shape[0]):
            g, rest = p1[a], p2[b]
            while rest:
                g, rest = rest, g % rest
            out[a, b] = 0 if p1[a] == p2[b] else g
            largest = max(largest, out[a, b])
    return largest


@kernel
def class_means(x, i, p, s, g, out):  # type: ignore[no-untyped-def]
    """Mean feature of each residue class mod g over a loop: out float32 (g * c,) in class order."""
    c = x.shape[2]
    scale = np.float32(g) / np.float32(p)
    at = s % g * c
    for first in range(s, s + g):
        for b in range(0, c, 4):
            u0 = u1 = u2 = u3 = np.float32(0)
            for f in range(first, s + p, g):
                u0 += x[i, f, b]
                u1 += x[i, f, b + 1]
                u2 += x[i, f, b + 2]
                u3 += x[i, f, b + 3]
            out[at + b] = u0 * scale
            out[at + b + 1] = u1 * scale
            out[at + b + 2] = u2 * scale
            out[at + b + 3] = u3 * scale
        at += c
        if at == g * c:
            at = 0


@kernel(fastmath={"reassoc", "contract"})
def dot(u, v, n):  # type: ignore[no-untyped-def]
    """Scalar product of the first n values."""
    total = np.float32(0)
    for k in range(n):
        total += u[k] * v[k]
    return total


@kernel
def label_table(  # type: ignore[no-untyped-def]
    x, squares, i, p1, s1, p2, s2, same, divisors, largest, means1, means2, out
):
    """out[a, b] = Psi at pixel i of the loops (p1[a], s1[a]) and (p2[b], s2[b]), [O] Eq. 4.

    same : both lists are equal, so the table is symmetric with a zero diagonal.
    divisors, largest : from :func:`common_divisors`. means1, means2 : float32 scratch
    (L, largest * c).
    """
    n_labels = out.shape[0]
    c = x.shape[2]
    for a in range(n_labels):
        for b in range(a if same else 0, n_labels):
            if divisors[a, b] == 0:
                out[a, b] = 0 if s1[a] == s2[b] else same_period(x, i, p1[a], s1[a], s2[b])
    for g in range(1, largest + 1):
        if not (divisors == g).any():
            continue
        for a in range(n_labels):
            if p1[a] % g == 0:
                class_means(x, i, p1[a], s1[a], g, means1[a])
            if p2[a] % g == 0 and not same:
                class_means(x, i, p2[a], s2[a], g, means2[a])
        others = means1 if same else means2
        for a in range(n_labels):
            own = (squares[i, s1[a] + p1[a]] - squares[i, s1[a]]) / np.float32(p1[a])
            for b in range(a if same else 0, n_labels):
                if divisors[a, b] == g:
                    other = (squares[i, s2[b] + p2[b]] - squares[i, s2[b]]) / np.float32(p2[b])
                    cross = dot(means1[a], others[b], g * c) * np.float32(2) / np.float32(g)
                    out[a, b] = max(own + other - cross, np.float32(0))
    if same:
        for a in range(n_labels):
            for b in range(a):
                out[a, b] = out[b, a]
