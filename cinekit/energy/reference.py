"""The energy in plain loops, straight from the formulas: slow, obvious, the oracle of the tests.

Works on tiny clips. Every frame of every lcm period is visited; nothing is centred, summed ahead
or left out. Notation as in :mod:`cinekit.energy.terms`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.working import WorkingClip

Loop = tuple[int, int]
"""A label: period and start frame."""
Pixel = tuple[int, int]


def time_map(t: int, loop: Loop) -> int:
    """phi(x, t): the only frame of [s, s + p) that is congruent to t modulo p."""
    p, s = loop
    return next(f for f in range(s, s + p) if (f - t) % p == 0)


def distance(working: WorkingClip, w: float, pixel: Pixel, f: int, g: int) -> float:
    """(1-w)/3 |V(x,f) - V(x,g)|^2 + w/K |F(x,f) - F(x,g)|^2, frames modulo t."""
    y, x = pixel
    f, g = f % working.n_frames, g % working.n_frames
    total = 0.0
    for k in range(3):
        a, b = float(working.frames[f, y, x, k]), float(working.frames[g, y, x, k])
        total += (1 - w) / 3 * (a - b) ** 2
    channels = working.response.shape[-1]
    for k in range(channels):
        c, d = int(working.response[f, y, x, k]), int(working.response[g, y, x, k])
        total += w / max(1, channels - 1) * ((c - d) / 255) ** 2
    return total


def temporal(working: WorkingClip, w: float, pixel: Pixel, loop: Loop) -> float:
    """(1-w) PhiV + w PhiF of one label, without gamma_t ([O] Eq. 2); 0 for a still pixel."""
    p, s = loop
    if p == 1:
        return 0.0
    return distance(working, w, pixel, s, s + p) + distance(working, w, pixel, s - 1, s + p - 1)


def calm(working: WorkingClip, pixel: Pixel, loop: Loop) -> float:
    """How calm a loop is: 1 shows no motion, 0 a quarter of its pixel's or more; 0 where still."""
    y, x = pixel
    p, s = loop
    if p == 1:
        return 0.0
    steps = []
    for f in range(working.n_frames - 1):
        a, b = working.frames[f, y, x], working.frames[f + 1, y, x]
        steps.append(math.sqrt(sum((float(a[c]) - float(b[c])) ** 2 for c in range(3))))
    usual = sum(steps) / len(steps)
    shown = sum(steps[s : s + p]) / p
    return max(0.0, 1 - shown / max(0.25 * usual, 1e-6))


def loop_distance(working: WorkingClip, w: float, pixel: Pixel, one: Loop, two: Loop) -> float:
    """1/M sum_{t<M} of the distance between what two loops show at one pixel, M their lcm."""
    m = math.lcm(one[0], two[0])
    frames = ((time_map(t, one), time_map(t, two)) for t in range(m))
    return sum(distance(working, w, pixel, f, g) for f, g in frames) / m


def pair(
    working: WorkingClip, w: float, first: Pixel, second: Pixel, one: Loop, two: Loop
) -> float:
    """(1-w) PsiV + w PsiF of one edge, without a2 gamma_s ([O] Eq. 4)."""
    here = loop_distance(working, w, first, one, two)
    return here + loop_distance(working, w, second, one, two)


def cumulative(working: WorkingClip, w: float, pixel: Pixel, p: int) -> list[float]:
    """A_p(x, j) for j = 0 .. t-p."""
    steps = [distance(working, w, pixel, f, f + p) for f in range(working.n_frames - p)]
    return [sum(steps[:j]) for j in range(len(steps) + 1)]


def energy(
    working: WorkingClip,
    w: float,
    period: NDArray[np.integer],
    start: NDArray[np.integer],
    gamma_t: NDArray[np.float32],
    edge_weights: Sequence[NDArray[np.float32]],
) -> tuple[float, float]:
    """The sums of [O] Eq. 1: gamma_t E_temp over the pixels, a2 gamma_s E_spa over the edges.

    edge_weights : vertical (h-1, w) and horizontal (h, w-1).
    """
    h, width = period.shape
    temporal_sum = spatial_sum = 0.0
    for y in range(h):
        for x in range(width):
            here = int(period[y, x]), int(start[y, x])
            temporal_sum += float(gamma_t[y, x]) * temporal(working, w, (y, x), here)
            for axis, (v, u) in enumerate(((y + 1, x), (y, x + 1))):
                if v < h and u < width:
                    there = int(period[v, u]), int(start[v, u])
                    cost = pair(working, w, (y, x), (v, u), here, there)
                    spatial_sum += float(edge_weights[axis][y, x]) * cost
    return temporal_sum, spatial_sum


def steady(response: NDArray[np.uint8], median: int, dead_band: float) -> NDArray[np.uint8]:
    """:func:`cinekit.energy.working.steady`, one value at a time."""
    out = np.empty_like(response)
    n = len(response)
    for where in np.ndindex(response.shape[1:]):
        running: int | None = None
        for t in range(n):
            window = range(t - median // 2, t + median // 2 + 1)
            values = [int(response[(min(max(f, 0), n - 1), *where)]) for f in window]
            now = int(statistics.median(values))
            if running is None or abs(now - running) > math.floor(255 * dead_band):
                running = now
            out[(t, *where)] = running
    return out
