"""Phi and Psi: how far apart the frames are that a loop brings together (numba).

    Phi(x)    = |V(s) - V(s + p)|^2 + |V(s - 1) - V(s + p - 1)|^2                    [O] Eq. 2
    Psi(x, z) = 1/M sum_{t<M} |V(phi_x(t)) - V(phi_z(t))|^2, M = lcm(p_x, p_z)       [O] Eq. 4

Everybody who needs one of them asks here; only :mod:`cinekit.energy.evaluate`, the certificate, and
:mod:`cinekit.energy.reference`, the plain-loop twin of this module, follow the equations by
themselves. What a frame beyond the clip stands for is an argument: :data:`WRAP`, :data:`NEAREST` or
:data:`MISSING`.

The solvers' kernels read the *features* of a pixel, ``X`` float32 (n, t, c) with c a multiple of 4
(padded with zeros, so that a block of four channels is one vector instruction), scaled so that a
squared difference is ``(1-w)/3 |dV|^2 + w/K |dF|^2``, and centred: each pixel's temporal mean is
taken off before squares are summed, which keeps float32 exact enough. Those of the full-resolution
clip read *colours*, uint8 (frames, 3) of one pixel, in squared grey levels summed over the colours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import terms
from cinekit.energy.jit import kernel

_FAST = {"reassoc", "contract"}  # lets sums vectorise; NaN and infinity keep their meaning

WRAP, NEAREST, MISSING = 0, 1, 2
"""What stands for a frame beyond the clip: the frame modulo T ([O] Eq. 2), the first or the last
one, or nothing, so that this side of the jump is left out."""


@kernel(inline=True)
def jump_frames(p, s, side, n, ends):  # type: ignore[no-untyped-def]
    """The two frames whose distance is one side of Phi, [O] Eq. 2: s and s + p, or one earlier.

    side : 0, or 1 for the frames before. n : frames of the clip, T; a loop that goes there and back
    starts beyond them, among the unrolled frames, and has both of its sides there. ends : what
    stands for frames beyond the clip; with MISSING they are -1.
    """
    a, b = s - side, s - side + p
    if s < n and (a < 0 or b >= n):
        if ends == WRAP:
            a, b = a % n, b % n
        elif ends == NEAREST:
            a, b = min(max(a, 0), n - 1), min(max(b, 0), n - 1)
        else:
            a = b = -1
    return a, b


@kernel(inline=True)
def colour_distance(colours, f, g):  # type: ignore[no-untyped-def]
    """|V(f) - V(g)|^2 of one pixel; colours : uint8 (frames, 3)."""
    total = 0.0
    for c in range(3):
        d = float(colours[f, c]) - float(colours[g, c])
        total += d * d
    return total


@kernel
def colour_phi(colours, p, s, n, ends):  # type: ignore[no-untyped-def]
    """Phi of one pixel's loop, [O] Eq. 2, and how many of its two sides exist."""
    total = 0.0
    sides = 0
    for side in range(2):
        a, b = jump_frames(p, s, side, n, ends)
        if a >= 0:
            total += colour_distance(colours, a, b)
            sides += 1
    return total, sides


Indices = NDArray[np.signedinteger[Any]] | int


def table_phi(distances: NDArray[Any], s: Indices, p: Indices) -> NDArray[Any]:
    """Phi of loops inside the clip, [O] Eq. 2, from the distances of all pairs of frames.

    distances : (..., T, T). s, p : int, one or several, s >= 1 and s + p < T.
    """
    phi: NDArray[Any] = distances[..., s, s + p] + distances[..., s - 1, s + p - 1]
    return phi


@kernel
def colour_psi(colours, p, s, q, r, sums):  # type: ignore[no-untyped-def]
    """Psi of one pixel between the loops (p, s) and (q, r), [O] Eq. 4, in constant memory.

    As :func:`same_period` and :func:`other_period`, but exact, and without sums made beforehand:
    those pay where every pixel meets many labels, and near a border it meets two or three.
    sums : int64 (2, frames, 3), scratch.
    """
    if p == q:
        low, high = min(s, r), max(s, r)
        total = 0.0
        if high - low <= p:
            for j in range(low, high):
                total += colour_distance(colours, j, j + p)
        else:
            for t in range(low, low + p):
                total += colour_distance(colours, t, high + (t - high) % p)
        return total / p
    g, rest = p, q
    while rest:
        g, rest = rest, g % rest
    sums[:, :g] = 0
    squares_p = squares_q = 0.0
    for t in range(s, s + p):
        for c in range(3):
            v = int(colours[t, c])
            sums[0, t % g, c] += v
            squares_p += v * v
    for t in range(r, r + q):
        for c in range(3):
            v = int(colours[t, c])
            sums[1, t % g, c] += v
            squares_q += v * v
    cross = 0.0
    for k in range(g):
        for c in range(3):
            cross += float(sums[0, k, c]) * float(sums[1, k, c])
    total = squares_p / p + squares_q / q - 2.0 * g * cross / (float(p) * float(q))
    return max(total, 0.0)


@kernel(fastmath=_FAST, inline=True)
def frame_distance(x, i, f, g):  # type: ignore[no-untyped-def]
    """|X_i(f) - X_i(g)|^2."""
    total = np.float32(0)
    for b in range(0, x.shape[2], 4):
        d0 = x[i, f, b] - x[i, g, b]
        d1 = x[i, f, b + 1] - x[i, g, b + 1]
        d2 = x[i, f, b + 2] - x[i, g, b + 2]
        d3 = x[i, f, b + 3] - x[i, g, b + 3]
        total += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
    return total


@kernel(fastmath=_FAST)
def same_period(x, i, p, s1, s2):  # type: ignore[no-untyped-def]
    """Loops of one period: they differ only where their windows do not overlap.

    Both frames at a time t are congruent mod p. With d = |s1 - s2| = k p + r, frame f of the
    earlier window meets f + (k+1) p for its first r frames and f + k p for the others.
    """
    first = min(s1, s2)
    d = abs(s1 - s2)
    k = d // p
    r = d - k * p
    total = np.float32(0)
    for f in range(first, first + r):
        total += frame_distance(x, i, f, f + (k + 1) * p)
    if k > 0:
        for f in range(first + r, first + p):
            total += frame_distance(x, i, f, f + k * p)
    return total / np.float32(p)


@kernel(fastmath=_FAST, inline=True)
def window_sum(x, first, end, b):  # type: ignore[no-untyped-def]
    """Sums of four channels from b on over the frames of a window; x : float32 (t, c).

    Two sums run side by side: one alone would wait for every addition.
    """
    u0 = u1 = u2 = u3 = np.float32(0)
    w0 = w1 = w2 = w3 = np.float32(0)
    f = first
    while f + 1 < end:
        u0 += x[f, b]
        u1 += x[f, b + 1]
        u2 += x[f, b + 2]
        u3 += x[f, b + 3]
        w0 += x[f + 1, b]
        w1 += x[f + 1, b + 1]
        w2 += x[f + 1, b + 2]
        w3 += x[f + 1, b + 3]
        f += 2
    if f < end:
        u0 += x[f, b]
        u1 += x[f, b + 1]
        u2 += x[f, b + 2]
        u3 += x[f, b + 3]
    return u0 + w0, u1 + w1, u2 + w2, u3 + w3


@kernel(fastmath=_FAST)
def other_period(x, squares, i, p1, s1, p2, s2):  # type: ignore[no-untyped-def]
    """Loops of two periods: frames congruent mod g = gcd(p1, p2) all meet equally often.

    So the mean is ``meansq_1 + meansq_2 - (2/g) sum_{r<g} mean_1r . mean_2r`` with the means over
    residue classes mod g; a still pixel is p = 1, g = 1. squares : (n, t+1), prefix sums of |X|^2.
    """
    g, rest = p1, p2
    while rest:
        g, rest = rest, g % rest
    signal = x[i]
    dot = np.float32(0)
    for b in range(0, x.shape[2], 4):
        if g == 1:
            u0, u1, u2, u3 = window_sum(signal, s1, s1 + p1, b)
            v0, v1, v2, v3 = window_sum(signal, s2, s2 + p2, b)
            dot += u0 * v0 + u1 * v1 + u2 * v2 + u3 * v3
            continue
        for r in range(g):
            u0 = u1 = u2 = u3 = np.float32(0)
            f = s1 + r
            for _ in range(p1 // g):
                u0 += signal[f, b]
                u1 += signal[f, b + 1]
                u2 += signal[f, b + 2]
                u3 += signal[f, b + 3]
                f += g
            v0 = v1 = v2 = v3 = np.float32(0)
            f = s2 + (s1 + r - s2) % g
            for _ in range(p2 // g):
                v0 += signal[f, b]
                v1 += signal[f, b + 1]
                v2 += signal[f, b + 2]
                v3 += signal[f, b + 3]
                f += g
            dot += u0 * v0 + u1 * v1 + u2 * v2 + u3 * v3
    value = (squares[i, s1 + p1] - squares[i, s1]) / np.float32(p1)
    value += (squares[i, s2 + p2] - squares[i, s2]) / np.float32(p2)
    value -= np.float32(2 * g) * dot / (np.float32(p1) * np.float32(p2))
    return max(value, np.float32(0))


@kernel(inline=True)
def from_sums(sums, i, p, s1, s2):  # type: ignore[no-untyped-def]
    """:func:`same_period` from prefix sums: two or four reads whatever the distance.

    sums : (n, m, t-p+1) as :func:`period_sums` makes them.
    """
    first = min(s1, s2)
    d = abs(s1 - s2)
    if d <= p:
        return (sums[i, 0, first + d] - sums[i, 0, first]) / np.float32(p)
    k = d // p
    r = d - k * p
    total = sums[i, k - 1, first + p] - sums[i, k - 1, first + r]
    if r > 0:
        total += sums[i, k, first + r] - sums[i, k, first]
    return total / np.float32(p)


@kernel(inline=True)
def loop_distance(x, squares, sums, i, p1, s1, p2, s2):  # type: ignore[no-untyped-def]
    """Psi of pixel i between two loops, [O] Eq. 4, in constant time.

    sums : (n, m, >= t-p+1) of one period per pixel, in problems where equal periods at a pixel are
        always this one, else of shape (0, 0, 0).
    """
    if p1 == p2:
        if s1 == s2:
            return np.float32(0)
        if p1 > 1 and abs(s1 - s2) <= p1 * sums.shape[1]:
            return from_sums(sums, i, p1, s1, s2)
        return same_period(x, i, p1, s1, s2)
    return other_period(x, squares, i, p1, s1, p2, s2)


@kernel(fastmath=_FAST)
def square_sums(x):  # type: ignore[no-untyped-def]
    """Prefix sums of |X|^2 over time: float32 (n, t+1), accumulated in float64."""
    n, t, c = x.shape
    out = np.zeros((n, t + 1), np.float32)
    for i in range(n):
        total = 0.0
        for f in range(t):
            for k in range(c):
                total += x[i, f, k] * x[i, f, k]
            out[i, f + 1] = total
    return out


@kernel(fastmath=_FAST)
def period_sums(x, p, count):  # type: ignore[no-untyped-def]
    """A_kp(x, j) = sum_{f<j} |X(f) - X(f + k p)|^2 for k = 1 .. count: float32 (n, count, t-p+1).

    Rows of higher multiples end earlier; their tail repeats the last value. The pixels are the
    fastest axis in memory: neighbours mostly have one label, so the moves read in one stream.
    """
    n, t, _ = x.shape
    out = np.zeros((count, t - p + 1, n), np.float32)
    for k in range(count):
        step = (k + 1) * p
        for i in range(n):
            total = 0.0
            for f in range(t - p):
                if f + step < t:
                    total += frame_distance(x, i, f, f + step)
                out[k, f + 1, i] = total
    return out.transpose(2, 0, 1)


@kernel(fastmath=_FAST)
def start_costs(x, gamma, way, usual, price, period):  # type: ignore[no-untyped-def]
    """gamma_t Phi + E_calm of every start frame at the period of each pixel ([O] Eq. 2), and A_p.

    Both are made of the same distances, and reading the frames is what takes the time. A still
    pixel may show any frame for nothing. way, usual, price : see :func:`terms.e_calm` and
    :func:`terms.travelled`; float32 (t, n), (n,), (n,). period : int (n,).
    Returns float32 (t, n), inf above t-p-1, and (n, 1, t), in memory as :func:`period_sums`.
    """
    n, t, _ = x.shape
    out = np.zeros((t, n), np.float32)
    sums = np.zeros((1, t, n), np.float32)
    for i in range(n):
        p = period[i]
        if p == 1:
            continue
        enough = np.float32(p) * max(terms.CALM * usual[i], np.float32(1e-6))
        a, b = jump_frames(p, 0, 1, t, WRAP)
        before = frame_distance(x, i, a, b)
        total = 0.0
        for s in range(t - p):
            now = frame_distance(x, i, s, s + p)
            quiet = np.float32(1) - (way[s + p, i] - way[s, i]) / enough
            out[s, i] = gamma[i] * (now + before) + price[i] * max(np.float32(0), quiet)
            before = now
            total += now
            sums[0, s + 1, i] = total
        for s in range(t - p, t):
            out[s, i] = np.inf
    return out, sums.transpose(2, 0, 1)


@kernel(fastmath=_FAST)
def temporal_at(x, gamma, period, start):  # type: ignore[no-untyped-def]
    """gamma_t Phi of one label per pixel ([O] Eq. 2), 0 for still ones: float32 (n,).

    period, start : int (n,).
    """
    n, t, _ = x.shape
    out = np.zeros(n, np.float32)
    for i in range(n):
        p, s = period[i], start[i]
        if p > 1:
            for side in range(2):
                a, b = jump_frames(p, s, side, t, WRAP)
                out[i] += gamma[i] * frame_distance(x, i, a, b)
    return out
