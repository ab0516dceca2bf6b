"""The label problems of the three stages of Algorithm 1 ([O] 3.3), and their label terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cinekit.energy import terms
from cinekit.energy.costs import LoopCosts, short_periods
from cinekit.energy.problem import LoopProblem
from cinekit.energy.working import shrink_mask
from cinekit.labels import STILL, LabelMap
from cinekit.model import Candidate

Float = NDArray[np.float32]


def period_problem(costs: LoopCosts, period: int) -> LoopProblem:
    """Stage 1: the start frame of every pixel, with one period for all. Shared by all candidates.

    Label l is start frame l, 0 .. t-p-1. The price of calm loops counts everywhere here: which
    pixels are target is not known yet, and elsewhere it does no harm.
    """
    if not 2 <= period < costs.n_frames:
        raise ValueError(
            f"expected a working period in [2, {costs.n_frames - 1}], received {period}"
        )
    unary, sums = costs.start_costs(period)
    starts = np.arange(costs.n_frames - period, dtype=np.int16)[:, None, None]
    # Starts that are farther apart than one period need the sums of its multiples, too.
    known = sums if len(starts) - 1 <= period else None
    loops = np.full((1, 1, 1), period, np.int16), starts
    return LoopProblem(costs, *loops, unary[: len(starts)], known)


Prices = Mapping[int, tuple[Float, Float]]
"""E_temp and E_calm of one start frame per pixel, float32 (h, w) each, by working period."""


def start_prices(costs: LoopCosts, starts: Mapping[int, NDArray[np.integer]]) -> Prices:
    """What the loops of stage 2 cost by themselves, whoever the candidate is."""
    return {p: (costs.temporal_at(p, s), costs.calm_at(p, s)) for p, s in starts.items()}


def choice_problem(
    costs: LoopCosts,
    starts: Mapping[int, NDArray[np.integer]],
    candidate: Candidate,
    prices: Prices | None = None,
) -> LoopProblem:
    """Stage 2: which period, or which still frame, every pixel of a candidate takes.

    Labels: the periods of ``starts``, ascending, each with its own start frame per pixel; then the
    frames of :func:`still_frames`.

    starts : stage 1's result, s*|p as int (h, w) by working period p.
    prices : :func:`start_prices` of them, where several candidates share it.
    """
    prices = prices or start_prices(costs, starts)
    periods = sorted(starts)
    stills = still_frames(costs)
    n = len(periods) + len(stills)
    period = np.full((n, 1, 1), STILL, np.int16)
    start = np.empty((n, *costs.size), np.int16)
    unary = np.empty((n, *costs.size), np.float32)
    target = target_map(costs, candidate)
    still, short, long = _label_costs(costs, candidate)
    for label, p in enumerate(periods):
        period[label] = p
        start[label] = starts[p]
        temporal, calm = prices[p]
        unary[label] = temporal + (short if _is_short(costs, p) else long) + calm * target
    start[len(periods) :] = np.array(stills, np.int16)[:, None, None]
    unary[len(periods) :] = still
    return LoopProblem(costs, period, start, unary)


def start_problem(
    costs: LoopCosts, period_map: NDArray[np.integer], candidate: Candidate
) -> LoopProblem:
    """Stage 3: the start frame of every pixel (the frame, where still), its period being fixed.

    Label l is start frame l, 0 .. t-1. At a looping pixel those above t-p-1 are forbidden; they
    stand for the last start there, so that every pair of labels has a cost.

    period_map : int (h, w), working periods, 1 where still.
    """
    t = costs.n_frames
    period = np.ascontiguousarray(period_map, np.int16)
    unary, sums = costs.start_costs(period, target_map(costs, candidate))
    still, short, long = _label_costs(costs, candidate)
    unary += np.where(period == STILL, still, np.where(_is_short(costs, period), short, long))
    last_start = np.where(period == STILL, t - 1, t - 1 - period)
    starts = np.minimum(np.arange(t, dtype=np.int16)[:, None, None], last_start)  # (t, h, w)
    return LoopProblem(costs, period[None], starts, unary, sums)


def constant_starts(costs: LoopCosts, candidate: Candidate) -> dict[int, NDArray[np.int16]]:
    """The one start frame of every period that suits a candidate's target best, at all pixels.

    By what the loops cost at every second pixel of every second row of the target.
    """
    some = np.zeros(costs.size, bool)
    some[::2, ::2] = target_map(costs, candidate)[::2, ::2]
    best = {p: costs.start_costs(p, here=some)[0].sum(axis=1).argmin() for p in costs.periods}
    return {p: np.full(costs.size, start, np.int16) for p, start in best.items()}


def either_problem(
    costs: LoopCosts, loops: Sequence[LabelMap], unary: Sequence[Float]
) -> LoopProblem:
    """Which of several labellings every pixel takes: label l is the l-th.

    loops : in working frames and at working size. unary : float32 (h, w) each, what every pixel's
    loop costs by itself.
    """
    period, start = (
        np.stack([getattr(one, name) for one in loops]) for name in ("period", "start")
    )
    return LoopProblem(costs, period, start, np.stack(unary))


def label_cost(costs: LoopCosts, candidate: Candidate, period: int) -> Float:
    """a1 * E_label of a period for a candidate ([O] Eq. 6): float32 (h, w), inf where forbidden."""
    still, short, long = _label_costs(costs, candidate)
    if period == STILL:
        return still
    return short if _is_short(costs, period) else long


def _label_costs(costs: LoopCosts, candidate: Candidate) -> tuple[Float, Float, Float]:
    """a1 * E_label of still pixels, of short loops and of others: float32 (h, w) each."""
    options = costs.options
    target = target_map(costs, candidate)
    natural = target & costs.natural
    weight = np.float32(options.label_weight)
    still = weight * terms.e_still(costs.active, options.alpha_static, target)
    long = weight * terms.e_loop(
        costs.active,
        options.alpha_static,
        target,
        options.outside_cost,
        options.outside_motion,
        natural,
        options.outside_margin * costs.size[0],
    )
    # [O]'s finite penalty for short periods on natural texture would bury all other terms.
    short = np.where(natural, np.float32(np.inf), long)
    return still, short, long


def _is_short(costs: LoopCosts, period: ArrayLike) -> NDArray[np.bool_]:
    return np.less_equal(period, short_periods(costs.working, costs.options))


def target_map(costs: LoopCosts, candidate: Candidate) -> NDArray[np.bool_]:
    """pi_ID at working size: bool (h, w). All pixels when the regions are not used."""
    if not costs.options.use_regions:
        return np.ones(costs.size, bool)
    return shrink_mask(candidate.target, costs.size)


def still_frames(costs: LoopCosts) -> list[int]:
    """The frames that stage 2 offers to still pixels: spread evenly, in working frames."""
    count = min(costs.options.still_frames, costs.n_frames)
    edges = np.linspace(0, costs.n_frames, count + 1)
    return [int((a + b) / 2) for a, b in pairwise(edges)]
