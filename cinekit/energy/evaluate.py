"""The energy of a finished label map, term by term, from the equations alone.

Nothing here is shared with the solvers' path: the time map is followed frame by frame over whole
lcm periods on V and F themselves, with no combined features, no prefix sums and no residue classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import terms
from cinekit.energy.costs import LoopCosts, edge_ends, n_categories
from cinekit.energy.jit import kernel
from cinekit.energy.stages import label_cost, target_map
from cinekit.labels import STILL, LabelMap
from cinekit.model import Candidate, EnergyTerms


def energy_terms(costs: LoopCosts, candidate: Candidate | None, labels: LabelMap) -> EnergyTerms:
    """E of [O] Eq. 1 and its parts, weights applied.

    candidate : whose label term counts; None is stage 1, which all candidates share: of the label
        term it has the price of calm loops, at every pixel.
    labels : in working frames and at working size, as :meth:`LoopProblem.loops` returns them.
    """
    if labels.size != costs.size or labels.n_frames != costs.n_frames:
        raise ValueError(
            f"expected labels of {costs.n_frames} working frames at {costs.size}, "
            f"received {labels.n_frames} frames at {labels.size}"
        )
    temporal = label = 0.0
    for p in np.unique(labels.period):
        here = labels.period == p
        if p != STILL:
            temporal += _temporal(costs, int(p), labels.start, here)
            pays = here if candidate is None else here & target_map(costs, candidate)
            label += _calm(costs, int(p), labels.start, pays)
        if candidate is not None:
            label += float(label_cost(costs, candidate, int(p))[here].sum(dtype=np.float64))
    spatial = sum(_spatial(costs, labels, axis) for axis in (0, 1))
    return EnergyTerms(temporal=temporal, label=label, spatial=spatial)


def _signals(costs: LoopCosts) -> list[tuple[NDArray[Any], float, float]]:
    """V and F with the weight of their squared distances and the value of their 1."""
    w = costs.options.semantic_weight
    working = costs.working
    return [
        (working.frames, (1 - w) / 3, 1.0),
        (working.response, w / n_categories(working), 255.0),
    ]


def _calm(costs: LoopCosts, p: int, start: NDArray[np.int16], here: NDArray[np.bool_]) -> float:
    """The price of calm loops over the pixels that loop with period p, step by step."""
    y, x = np.nonzero(here)
    shown, all_steps = np.zeros((2, len(y)))
    _add_steps(costs.working.frames, y, x, start[y, x], p, shown, all_steps)
    usual = all_steps / (costs.n_frames - 1)
    quiet = np.maximum(0, 1 - shown / p / np.maximum(terms.CALM * usual, 1e-6))
    return float(np.sum(costs.calm_price[y, x] * quiet, dtype=np.float64))


@kernel
def _add_steps(frames, y, x, start, p, shown, all_steps):  # type: ignore[no-untyped-def]
    """Add up |V(f+1) - V(f)|, over the frames of the loop (start, p) and over all frames."""
    for f in range(frames.shape[0] - 1):
        for k in range(y.shape[0]):
            total = 0.0
            for c in range(frames.shape[3]):
                d = float(frames[f + 1, y[k], x[k], c]) - float(frames[f, y[k], x[k], c])
                total += d * d
            step = np.sqrt(total)
            all_steps[k] += step
            if start[k] <= f < start[k] + p:
                shown[k] += step


def _temporal(costs: LoopCosts, p: int, start: NDArray[np.int16], here: NDArray[np.bool_]) -> float:
    """sum_x gamma_t [ (1-w) PhiV + w PhiF ], [O] Eq. 2, over the pixels that loop with period p."""
    y, x = np.nonzero(here)
    s = start[y, x].astype(np.int64)
    t = costs.n_frames
    total = np.zeros(len(s))
    for values, weight, one in _signals(costs):
        if weight == 0:
            continue
        for first in (s, s - 1):
            a = values[first % t, y, x].astype(np.float64) / one
            b = values[(first + p) % t, y, x].astype(np.float64) / one
            total += weight * np.sum((a - b) ** 2, axis=-1)
    return float(np.sum(costs.gamma_t[y, x] * total))


def _spatial(costs: LoopCosts, labels: LabelMap, axis: int) -> float:
    """a2 sum gamma_s [ (1-w) PsiV + w PsiF ] over the edges along an axis."""
    loops = [*edge_ends(labels.period, axis), *edge_ends(labels.start, axis)]
    p1, p2, s1, s2 = (np.ascontiguousarray(one, np.int64) for one in loops)
    y, x = np.nonzero((p1 != p2) | (s1 != s2))
    weight = costs.edge_weights[axis][y, x]
    shown = [one[y, x] for one in (p1, s1, p2, s2)]
    return sum(
        scale
        * float(_seam(values, one, y + (axis == 0) * end, x + (axis == 1) * end, weight, *shown))
        for values, scale, one in _signals(costs)
        if scale > 0
        for end in (0, 1)
    )


@kernel
def _seam(values, one, y, x, weight, p1, s1, p2, s2):  # type: ignore[no-untyped-def]
    """sum weight * Psi over pixels, Psi = 1/M sum_{t<M} |v(phi_1(t)) - v(phi_2(t))|^2 ([O] Eq. 4).

    Literally: t takes all M = lcm(p_1, p_2) steps until both loops are where they were at t = 0,
    phi(t) = s + ((t - s) mod p).
    """
    n, _, _, c = values.shape
    signal = np.empty((n, c))
    total = 0.0
    for k in range(y.shape[0]):
        for f in range(n):
            for b in range(c):
                signal[f, b] = values[f, y[k], x[k], b] / one
        begin1, begin2 = s1[k] + (-s1[k]) % p1[k], s2[k] + (-s2[k]) % p2[k]
        end1, end2 = s1[k] + p1[k], s2[k] + p2[k]
        frame1, frame2 = begin1, begin2
        steps = 0
        distance = 0.0
        while steps == 0 or frame1 != begin1 or frame2 != begin2:
            for b in range(c):
                distance += (signal[frame1, b] - signal[frame2, b]) ** 2
            steps += 1
            frame1 = frame1 + 1 if frame1 + 1 < end1 else s1[k]
            frame2 = frame2 + 1 if frame2 + 1 < end2 else s2[k]
        total += weight[k] * distance / steps
    return total
