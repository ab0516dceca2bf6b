"""Exact pair costs of single pixels straight from the frames, for the few pixels of a band.

Prefix sums pay where every pixel meets many labels; a band pixel meets two or three.
"""

from __future__ import annotations

from cinekit.energy.jit import kernel


@kernel
def psi(signal, p, s, q, r, sums):  # type: ignore[no-untyped-def]
    """PsiV at one pixel between the labels (p, s) and (q, r): mean |V(phi) - V(phi')|^2.

    ``1/M sum_{t < M} |V(phi(t; p, s)) - V(phi(t; q, r))|^2``, M = lcm(p, q) (method, section 4),
    in squared grey levels over the three colours.

    signal : uint8 (T, 3). sums : int64 (2, T, 3), scratch.
    """
    total = 0.0
    if p == q:
        # Both show a frame congruent to t mod p: the same one, unless the windows miss it.
        low, high = min(s, r), max(s, r)
        if high - low <= p:
            for j in range(low, high):
                for c in range(3):
                    d = float(signal[j, c]) - float(signal[j + p, c])
                    total += d * d
            return total / p
        for t in range(low, low + p):
            b = high + (t - high) % p
            for c in range(3):
                d = float(signal[t, c]) - float(signal[b, c])
                total += d * d
        return total / p
    g, rest = p, q
    while rest:
        g, rest = rest, g % rest
    # Every pair of frames congruent mod g meets equally often: only sums per residue matter.
    squares_p = 0.0
    squares_q = 0.0
    for k in range(g):
        for c in range(3):
            sums[0, k, c] = 0
            sums[1, k, c] = 0
    for t in range(s, s + p):
        for c in range(3):
            v = int(signal[t, c])
            sums[0, t % g, c] += v
            squares_p += v * v
    for t in range(r, r + q):
        for c in range(3):
            v = int(signal[t, c])
            sums[1, t % g, c] += v
            squares_q += v * v
    cross = 0.0
    for k in range(g):
        for c in range(3):
            cross += float(sums[0, k, c]) * float(sums[1, k, c])
    total = squares_p / p + squares_q / q - 2.0 * g * cross / (float(p) * float(q))
    return max(total, 0.0)


@kernel
def jump(signal, p, s):  # type: ignore[no-untyped-def]
    """PhiV at one pixel, [O] Eq. 3, times three; frames that leave the clip wrap modulo T."""
    n = signal.shape[0]
    total = 0.0
    for c in range(3):
        d = float(signal[s, c]) - float(signal[(s + p) % n, c])
        e = float(signal[(s - 1) % n, c]) - float(signal[(s + p - 1) % n, c])
        total += d * d + e * e
    return total
