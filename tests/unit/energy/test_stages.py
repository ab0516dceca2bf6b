"""The three label problems, and what keeps the rest still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cinekit.energy import (
    EnergyOptions,
    LoopCosts,
    LoopProblem,
    choice_problem,
    energy_terms,
    period_problem,
    start_problem,
    still_frames,
)
from cinekit.energy.costs import short_periods
from cinekit.labels import LabelMap
from cinekit.model import Candidate
from cinekit.protocols import LabelProblem

OPTIONS = EnergyOptions(min_period=3, period_step=1, short_period=4, still_frames=3)


@pytest.fixture
def moving(working_of):
    """20 frames; left half repeats every 5 frames, right half is still; the left is natural."""
    rng = np.random.default_rng(1)
    frames = np.tile(rng.random((5, 6, 8, 3)), (4, 1, 1, 1))
    frames[:, :, 4:] = frames[:1, :, 4:]
    natural = np.zeros((6, 8), bool)
    natural[:, :4] = True
    return working_of(frames, natural)


@pytest.fixture
def left() -> Candidate:
    target = np.zeros((6, 8), bool)
    target[:, :4] = True
    return Candidate("water", ("water",), target)


def best_starts(costs: LoopCosts) -> dict[int, np.ndarray]:
    return {p: costs.start_costs(p)[0].argmin(axis=0) for p in costs.periods}


def test_problems_keep_the_protocol(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    problems = [
        period_problem(costs, 6),
        choice_problem(costs, best_starts(costs), left),
        start_problem(costs, np.full((6, 8), 5), left),
    ]
    for problem in problems:
        assert isinstance(problem, LabelProblem)
        assert problem.shape == (6, 8)
        assert problem.unary.shape == (problem.n_labels, 6, 8)
        assert problem.unary.dtype == np.float32


def test_stage_1_has_every_start_of_its_period(moving) -> None:
    costs = LoopCosts(moving, OPTIONS)
    problem = period_problem(costs, 6)
    assert problem.n_labels == 20 - 6
    loops = problem.loops(np.full((6, 8), 3, np.int32))
    assert (loops.period == 6).all()
    assert (loops.start == 3).all()
    np.testing.assert_array_equal(problem.unary, costs.start_costs(6)[0][:14])


def test_the_planted_period_is_the_cheapest_in_the_target_and_the_rest_is_still(
    moving, left
) -> None:
    costs = LoopCosts(moving, OPTIONS)
    problem = choice_problem(costs, best_starts(costs), left)
    loops = problem.loops(problem.unary.argmin(axis=0).astype(np.int32))
    assert set(np.unique(loops.period[:, :4])) <= {5, 10, 15}
    assert (loops.period[:, 4:] == 1).all()


def test_stage_2_offers_all_periods_and_some_still_frames(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    assert still_frames(costs) == [3, 10, 16]
    problem = choice_problem(costs, best_starts(costs), left)
    assert problem.n_labels == len(costs.periods) + 3
    last = problem.loops(np.full((6, 8), problem.n_labels - 1, np.int32))
    assert (last.period == 1).all()
    assert (last.start == 16).all()
    first = problem.loops(np.zeros((6, 8), np.int32))
    assert (first.period == costs.periods[0]).all()
    np.testing.assert_array_equal(first.start, best_starts(costs)[costs.periods[0]])


def test_a_clip_with_fewer_frames_than_still_frames_offers_each_once(working_of) -> None:
    costs = LoopCosts(working_of(np.zeros((5, 2, 2, 3))), EnergyOptions())
    assert still_frames(costs) == [0, 1, 2, 3, 4]


def test_short_periods_are_forbidden_on_natural_pixels_of_the_target(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    problem = choice_problem(costs, best_starts(costs), left)
    shortest = costs.periods.index(3), costs.periods.index(4)
    assert np.isinf(problem.unary[shortest, :, :4]).all()
    assert np.isfinite(problem.unary[shortest, :, 4:]).all()
    assert np.isfinite(problem.unary[costs.periods.index(5)]).all()
    elsewhere = choice_problem(costs, best_starts(costs), replace(left, target=~left.target))
    assert np.isfinite(elsewhere.unary).all()


def test_short_is_never_more_than_a_third_of_the_clip(working_of) -> None:
    options = EnergyOptions()
    assert short_periods(working_of(np.zeros((38, 1, 2, 3)), every=4), options) == 12
    assert short_periods(working_of(np.zeros((30, 1, 2, 3))), options) == 10
    assert short_periods(working_of(np.zeros((30, 1, 2, 3))), replace(options, short_period=0)) == 0


def test_free_loops_outside_the_target_lose_against_still(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    assert (
        costs.start_costs(6, False)[0][:14, :, 4:] == 0
    ).all()  # identical frames: looping is free
    unary = choice_problem(costs, best_starts(costs), left).unary
    n = len(costs.periods)
    assert (unary[:n, :, 4:].min(axis=0) > unary[n:, :, 4:].max(axis=0)).all()


def test_motion_outside_the_target_has_its_price(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    other = replace(left, target=~left.target)
    with_price = choice_problem(costs, best_starts(costs), other).unary[2]
    free = replace(OPTIONS, outside_motion=0.0)
    without = choice_problem(LoopCosts(moving, free), best_starts(costs), other).unary[2]
    expected = OPTIONS.alpha_static * costs.active * left.target
    np.testing.assert_allclose(with_price - without, expected, atol=1e-6)
    assert expected.max() > 0.05


def test_stage_3_keeps_the_periods_and_forbids_starts_that_leave_the_clip(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    periods = np.where(left.target, 6, 1)
    problem = start_problem(costs, periods, left)
    assert problem.n_labels == 20
    assert np.isfinite(problem.unary[:14]).all()
    assert np.isinf(problem.unary[14:, :, :4]).all()
    assert np.isfinite(problem.unary[:, :, 4:]).all()
    loops = problem.loops(np.full((6, 8), 19, np.int32))
    np.testing.assert_array_equal(loops.period, periods)
    np.testing.assert_array_equal(loops.start, np.where(left.target, 13, 19))


def test_liao2013_ignores_the_regions(moving, left) -> None:
    costs = LoopCosts(moving, replace(OPTIONS, use_regions=False))
    one = choice_problem(costs, best_starts(costs), left)
    two = choice_problem(costs, best_starts(costs), replace(left, target=~left.target))
    np.testing.assert_array_equal(one.unary, two.unary)
    assert np.isfinite(one.unary).all()
    assert not costs.natural.any()


def test_seams_inside_a_rigid_region_cost_more(moving) -> None:
    rigid = np.zeros((6, 8), np.int16)
    rigid[:, 4:6] = 1
    rigid[:, 6:] = 2
    plain = LoopCosts(moving, OPTIONS).edge_weights
    stiff = LoopCosts(replace(moving, rigid=rigid), OPTIONS).edge_weights
    ratio = stiff[1] / plain[1]
    np.testing.assert_allclose(ratio, np.tile([1, 1, 1, 1, 16, 1, 16], (6, 1)), rtol=1e-6)
    flat = LoopCosts(replace(moving, rigid=rigid), replace(OPTIONS, use_regions=False))
    np.testing.assert_array_equal(flat.edge_weights[1], plain[1])


def test_labels_that_leave_the_clip_are_refused(moving) -> None:
    costs = LoopCosts(moving, OPTIONS)
    unary = np.zeros((1, 6, 8), np.float32)
    for period, start in ((6, 14), (1, 20), (0, 0), (5, -1)):
        with pytest.raises(ValueError, match="s \\+ p <= 19"):
            LoopProblem(costs, np.array([[[period]]]), np.array([[[start]]]), unary)
    LoopProblem(costs, np.array([[[6]]]), np.array([[[13]]]), unary)
    with pytest.raises(ValueError, match="unary costs"):
        LoopProblem(costs, np.array([[[6]]]), np.array([[[13]]]), unary[:, :3])


def test_a_period_must_fit_the_clip(moving) -> None:
    costs = LoopCosts(moving, OPTIONS)
    for period in (1, 20):
        with pytest.raises(ValueError, match=r"working period in \[2, 19\]"):
            period_problem(costs, period)


def test_the_energy_of_labels_of_another_clip_is_refused(moving, left) -> None:
    costs = LoopCosts(moving, OPTIONS)
    still = np.ones((6, 8), np.int16)
    with pytest.raises(ValueError, match="labels of 20 working frames"):
        energy_terms(costs, left, LabelMap(still, 0 * still, 10))


def test_a_loop_pays_for_the_motion_that_it_does_not_show(working_of) -> None:
    """Ten still frames, ten lively ones: the empty loop pays the whole price, the lively none."""
    frames = np.full((20, 4, 6, 3), 0.5)
    frames[10:] = np.random.default_rng(2).random((10, 4, 6, 3))
    costs = LoopCosts(working_of(frames), OPTIONS)
    assert costs.calm_price.min() == pytest.approx(OPTIONS.calm_weight * OPTIONS.alpha_static)
    calm = np.stack([costs.calm_at(6, np.full((4, 6), s)) for s in range(14)])
    np.testing.assert_allclose(calm[0], costs.calm_price)
    assert (calm[12] == 0).all()
    starts = np.random.default_rng(3).integers(0, 14, (4, 6))
    np.testing.assert_allclose(
        costs.calm_at(6, starts), np.take_along_axis(calm, starts[None], axis=0)[0], rtol=1e-6
    )
    nothing = LoopCosts(working_of(frames), replace(OPTIONS, calm_weight=0.0))
    assert (nothing.calm_at(6, starts) == 0).all()


def test_terms_are_zero_where_they_must_be(moving, left) -> None:
    costs = LoopCosts(moving, replace(OPTIONS, calm_weight=0.0))
    still = np.ones((6, 8), np.int16)
    terms = energy_terms(costs, left, LabelMap(still, 0 * still, 20))
    assert terms.temporal == terms.spatial == 0
    assert terms.label == pytest.approx(0.1 * costs.active[:, :4].sum(), rel=1e-5)
    loops = LabelMap(np.where(left.target, 5, 1).astype(np.int16), 0 * still, 20)
    terms = energy_terms(costs, left, loops)
    assert terms.temporal == pytest.approx(0, abs=1e-9)
    assert terms.label == 0
    assert terms.spatial > 0
