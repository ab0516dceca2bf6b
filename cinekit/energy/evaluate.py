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
from cinekit.types import STILL, Candidate, EnergyTerms, LoopLabels

_CHUNK = 2_000_000
"""Values gathered at a time, so that the literal sum needs tens of megabytes only."""


def energy_terms(costs: LoopCosts, candidate: Candidate | None, labels: LoopLabels) -> EnergyTerms:
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
    """sum_x gamma_t [ (1-w) PhiV + w PhiF ] over the pixels that loop with period p."""
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


def _spatial(costs: LoopCosts, labels: LoopLabels, axis: int) -> float:
    """a2 sum gamma_s [ (1-w) PsiV + w PsiF ] over the edges along an axis."""
    p1, p2 = edge_ends(labels.period, axis)
    s1, s2 = edge_ends(labels.start, axis)
    y, x = np.nonzero((p1 != p2) | (s1 != s2))
    weight = costs.edge_weights[axis][y, x].astype(np.float64)
    p1, s1, p2, s2 = p1[y, x], s1[y, x], p2[y, x], s2[y, x]
    ends = ((y, x), (y + (axis == 0), x + (axis == 1)))
    total = 0.0
    for pair in np.unique(np.stack([p1, p2]), axis=1).T:
        group = np.flatnonzero((p1 == pair[0]) & (p2 == pair[1]))
        rows = max(1, _CHUNK // (8 * int(np.lcm(*pair.astype(np.int64)))))
        for part in np.split(group, range(rows, len(group), rows)):
            for values, scale, one in _signals(costs):
                if scale == 0:
                    continue
                for row, column in ends:
                    signal = values[:, row[part], column[part]].swapaxes(0, 1)  # (e, t, c)
                    signal = (signal / one).astype(np.float32)
                    psi = terms.psi(signal, int(pair[0]), s1[part], int(pair[1]), s2[part])
                    total += scale * float(np.sum(weight[part] * psi))
    return total
