"""What must hold for every clip and every labelling: the kernels against the plain loops."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cinekit.energy import (
    EnergyOptions,
    LoopCosts,
    LoopProblem,
    WorkingClip,
    choice_problem,
    energy_terms,
    period_problem,
    reference,
    start_problem,
)
from cinekit.energy.area import Area
from cinekit.energy.working import steady
from cinekit.model import Candidate
from cinekit.solve.moves import Moves

OPTIONS = EnergyOptions(semantic_weight=0.3, min_period=2, period_step=1, short_period=3)
MAPS = ("histogram", "natural", "moving", "rigid")
few = settings(max_examples=25, deadline=None)


def working_clip(
    rng: np.random.Generator, t: int, h: int, w: int, categories: int = 1
) -> WorkingClip:
    """A random walk per pixel, so that near frames look alike, with a response that jumps."""
    frames = 0.5 + np.cumsum(rng.normal(0, 0.05, (t, h, w, 3)), axis=0)
    return WorkingClip(
        frames=frames.clip(0, 1).astype(np.float32),
        response=rng.integers(0, 256, (t, h, w, categories + 1), np.uint8),
        histogram=rng.dirichlet(np.ones(categories + 1), (h, w)).astype(np.float32),
        natural=rng.random((h, w)) < 0.5,
        moving=np.ones((h, w), bool),
        rigid=rng.integers(0, 2, (h, w)).astype(np.int16),
        every=1,
        source_frames=t,
    )


@st.composite
def scenes(draw: st.DrawFn, max_t: int = 16) -> tuple[np.random.Generator, WorkingClip]:
    """A generator and a small random working clip."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    t = draw(st.integers(6, max_t))
    h, w = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    return rng, working_clip(rng, t, h, w, draw(st.integers(1, 4)))


def any_problem(rng: np.random.Generator, costs: LoopCosts, stage: int) -> LoopProblem:
    """The problem of a stage with random results of the stages before it."""
    target = np.ones(costs.size, bool)
    target[:, 0] = False
    candidate = Candidate("c", ("c",), target)
    if stage == 1:
        return period_problem(costs, int(rng.choice(costs.periods)))
    if stage == 2:
        starts = {p: rng.integers(0, costs.n_frames - p, costs.size) for p in costs.periods}
        return choice_problem(costs, starts, candidate)
    long = [p for p in costs.periods if p > OPTIONS.short_period]
    return start_problem(costs, rng.choice([1, *long], costs.size), candidate)


def allowed_labels(rng: np.random.Generator, problem: LoopProblem) -> np.ndarray:
    """A random labelling of finite energy."""
    wish = rng.random(problem.unary.shape)
    wish[np.isinf(problem.unary)] = -1
    return wish.argmax(axis=0).astype(np.int32)


@pytest.mark.parametrize("kind", ["equal", "co-prime", "common divisor", "still", "both still"])
@given(seed=st.integers(0, 2**32 - 1))
@few
def test_the_spatial_term_is_exact(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    working = working_clip(rng, 30, 1, 2, int(rng.integers(1, 5)))
    costs = LoopCosts(working, OPTIONS)
    periods = [(int(p), int(q)) for p in range(2, 28) for q in range(2, 28)]
    wanted = {
        "equal": [(p, q) for p, q in periods if p == q],
        "co-prime": [(p, q) for p, q in periods if math.gcd(p, q) == 1],
        "common divisor": [(p, q) for p, q in periods if p != q and math.gcd(p, q) > 1],
        "still": [(1, q) for _, q in periods],
        "both still": [(1, 1)],
    }[kind]
    p1, p2 = wanted[rng.integers(len(wanted))]
    s1, s2 = int(rng.integers(0, 30 - p1)), int(rng.integers(0, 30 - p2))
    weight = float(costs.edge_weights[1][0, 0])
    expected = reference.pair(working, 0.3, (0, 0), (0, 1), (p1, s1), (p2, s2))
    for first, second in (((p1, s1), (p2, s2)), ((p2, s2), (p1, s1))):
        found = float(costs.pair_costs(1, *first, *second)[0, 0]) / weight
        assert found == pytest.approx(expected, abs=1e-5)


@given(scene=scenes())
@few
def test_temporal_costs_and_cumulative_sums_equal_the_plain_loops(scene) -> None:
    rng, working = scene
    costs = LoopCosts(working, OPTIONS)
    p = int(rng.integers(2, working.n_frames))
    y, x = (int(rng.integers(n)) for n in working.size)
    expected = [
        float(costs.gamma_t[y, x]) * reference.temporal(working, 0.3, (y, x), (p, s))
        for s in range(working.n_frames - p)
    ]
    np.testing.assert_allclose(
        costs.start_costs(p, False)[0][: len(expected), y, x], expected, atol=1e-5
    )
    s = int(rng.integers(working.n_frames - p))
    assert costs.temporal_at(p, s)[y, x] == pytest.approx(expected[s], abs=1e-5)
    assert (costs.temporal_at(1, s) == 0).all()
    sums = reference.cumulative(working, 0.3, (y, x), p)
    np.testing.assert_allclose(costs.multiples(p, 1)[y * working.size[1] + x, 0], sums, atol=1e-5)


@given(scene=scenes(max_t=11), stage=st.sampled_from([1, 2, 3]))
@few
def test_three_ways_to_the_energy_agree(scene, stage: int) -> None:
    rng, working = scene
    costs = LoopCosts(working, OPTIONS)
    problem = any_problem(rng, costs, stage)
    labels = allowed_labels(rng, problem)
    loops = problem.loops(labels)
    target = np.ones(costs.size, bool)
    target[:, 0] = False
    candidate = None if stage == 1 else Candidate("c", ("c",), target)
    found = energy_terms(costs, candidate, loops)
    assert found.total == pytest.approx(problem.energy(labels), rel=1e-5, abs=1e-5)
    temporal, spatial = reference.energy(
        working, 0.3, loops.period, loops.start, costs.gamma_t, costs.edge_weights
    )
    assert found.temporal == pytest.approx(temporal, rel=1e-5, abs=1e-6)
    assert found.spatial == pytest.approx(spatial, rel=1e-5, abs=1e-6)
    if stage == 1:
        calm = sum(
            float(costs.calm_price[y, x])
            * reference.calm(working, (y, x), (int(loops.period[y, x]), int(loops.start[y, x])))
            for y, x in np.ndindex(costs.size)
        )
        assert found.label == pytest.approx(calm, rel=1e-4, abs=1e-6)


def accept(costs, moved) -> None:
    """Make plane 0 the costs after the pixels of ``moved`` took the proposal."""
    for planes, first, second in (
        (costs.vertical, moved[:-1], moved[1:]),
        (costs.horizontal, moved[:, :-1], moved[:, 1:]),
    ):
        which = 2 * first.astype(int) + second
        planes[0] = np.take_along_axis(planes, which[None], axis=0)[0]


@given(scene=scenes(), stage=st.sampled_from([1, 2, 3]))
@few
def test_a_move_costs_what_its_four_pairs_of_labels_cost(scene, stage: int) -> None:
    rng, working = scene
    problem = any_problem(rng, LoopCosts(working, OPTIONS), stage)
    labels, new = (
        rng.integers(0, problem.n_labels, problem.shape).astype(np.int32) for _ in range(2)
    )
    proposals = [new, int(rng.integers(problem.n_labels))]
    costs = None
    for proposal in proposals:
        costs = problem.move_costs(labels, proposal, costs)
        full = np.broadcast_to(proposal, labels.shape).astype(np.int32)
        check_planes(problem, costs, labels, full)
        moved = rng.random(labels.shape) < 0.5
        accept(costs, moved)
        labels = np.where(moved, full, labels).astype(np.int32)


@given(scene=scenes())
@few
def test_guessed_costs_are_right_where_a_move_pays_them(scene) -> None:
    rng, working = scene
    problem = any_problem(rng, LoopCosts(working, OPTIONS), 2)
    labels, new = (
        rng.integers(0, problem.n_labels, problem.shape).astype(np.int32) for _ in range(2)
    )
    exact, guessed = (problem.move_costs(labels, new, guess=guess) for guess in (False, True))
    event("guesses" if (exact.horizontal != guessed.horizontal).any() else "has nothing to guess")
    for _ in range(2):
        taken = (rng.random(labels.shape) < 0.5) & (labels != new)
        problem.mixed_costs(taken, guessed, Area.whole(problem.shape))
        costs = copy.deepcopy(exact), copy.deepcopy(guessed)
        for one in costs:
            accept(one, taken)
        np.testing.assert_allclose(costs[1].vertical[0], costs[0].vertical[0], rtol=1e-6)
        np.testing.assert_allclose(costs[1].horizontal[0], costs[0].horizontal[0], rtol=1e-6)


def test_guesses_are_made_only_where_several_periods_meet_at_a_pixel() -> None:
    rng = np.random.default_rng(3)
    costs = LoopCosts(working_clip(rng, 12, 5, 6), OPTIONS)
    for stage in (1, 2, 3):
        problem = any_problem(rng, costs, stage)
        labels, new = (
            rng.integers(0, problem.n_labels, problem.shape).astype(np.int32) for _ in range(2)
        )
        exact, guessed = (problem.move_costs(labels, new, guess=guess) for guess in (False, True))
        same = (exact.horizontal == guessed.horizontal).all(axis=(1, 2))
        assert same.tolist() == [True, stage != 2, stage != 2, True]


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("seed", [5, 14, 19, 22])  # some moves are given up for others here
def test_moves_that_guess_keep_their_books(seed: int, stage: int) -> None:
    """Between two parts that move lies a calm one, which follows as a whole or not."""
    rng = np.random.default_rng(seed)
    working = working_clip(rng, 12, 40, 56)
    working.response[:] = 0
    sway = 0.02 * rng.random()
    calm = working.frames[:1] + sway * (working.frames - working.frames[:1])
    working.frames[:, :, 14:44] = calm[:, :, 14:44]
    problem = any_problem(rng, LoopCosts(working, OPTIONS), stage)
    labels = allowed_labels(rng, problem)
    if stage == 2:
        labels[:] = problem.n_labels - 1
    fusion = Moves.of(problem, labels, neglect=1e-2, guess=True)
    for label in rng.permutation(problem.n_labels):
        before = problem.energy(fusion.labels)
        fusion.propose(int(label))
        assert fusion.energy == pytest.approx(problem.energy(fusion.labels), rel=1e-6)
        assert fusion.energy <= before * (1 + 1e-6)


@given(scene=scenes())
@few
def test_start_frames_at_own_periods_cost_what_they_cost_at_one_period(scene) -> None:
    rng, working = scene
    costs = LoopCosts(working, OPTIONS)
    period = rng.choice([1, *costs.periods], costs.size).astype(np.int16)
    target = rng.random(costs.size) < 0.5
    found, sums = costs.start_costs(period, target)
    assert (found[:, period == 1] == 0).all()
    for p in costs.periods:
        here = period == p
        every = range(working.n_frames - p)
        expected = np.stack(
            [
                costs.temporal_at(p, s) + costs.calm_at(p, np.full(costs.size, s)) * target
                for s in every
            ]
        )
        np.testing.assert_allclose(found[: len(expected), here], expected[:, here], rtol=1e-5)
        assert np.isinf(found[len(expected) :, here]).all()
        of_here = here.ravel()
        one_sums = costs.multiples(p, 1)
        n = one_sums.shape[-1]
        np.testing.assert_allclose(sums[of_here, :, :n], one_sums[of_here], rtol=1e-6)


@given(scene=scenes(), stage=st.sampled_from([1, 2, 3]))
@few
def test_inside_an_area_a_move_costs_the_same(scene, stage: int) -> None:
    rng, working = scene
    problem = any_problem(rng, LoopCosts(working, OPTIONS), stage)
    labels = rng.integers(0, problem.n_labels, problem.shape).astype(np.int32)
    area = Area.of_blocks(rng.random(problem.shape) < 0.6, 1, problem.shape)
    new = int(rng.integers(problem.n_labels))
    whole, part = problem.move_costs(labels, new), problem.move_costs(labels, new, None, area)
    down, right = area.inside[:-1] & area.inside[1:], area.inside[:, :-1] & area.inside[:, 1:]
    np.testing.assert_array_equal(whole.vertical[:, down], part.vertical[:, down])
    np.testing.assert_array_equal(whole.horizontal[:, right], part.horizontal[:, right])


def check_planes(problem, costs, labels, new) -> None:
    """Compare every plane with the pair costs asked for one by one."""
    for axis, planes in enumerate((costs.vertical, costs.horizontal)):
        first = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        second = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        ends = [(a[first], b[second]) for a in (labels, new) for b in (labels, new)]
        for plane, (a, b) in zip(planes, ends, strict=True):
            np.testing.assert_allclose(plane, problem.pairwise(axis, a, b), atol=1e-5)


@given(scene=scenes())
@few
def test_the_line_metric_is_the_pair_cost(scene) -> None:
    rng, working = scene
    costs = LoopCosts(working, OPTIONS)
    for p in costs.periods:
        problem = period_problem(costs, p)
        line = problem.line()
        assert (line is not None) == (problem.n_labels - 1 <= p)
        if line is None:
            continue
        a, b = (int(k) for k in rng.integers(0, problem.n_labels, 2))
        for axis, warp in enumerate(line):
            assert (np.diff(warp, axis=-1) >= 0).all()
            expected = problem.pairwise(axis, a, b)
            np.testing.assert_allclose(np.abs(warp[..., a] - warp[..., b]), expected, atol=1e-5)


@given(scene=scenes(), stage=st.sampled_from([1, 2, 3]))
@few
def test_identical_frames_cost_nothing_for_any_labels(scene, stage: int) -> None:
    rng, working = scene
    still = replace(
        working,
        frames=np.broadcast_to(working.frames[:1], working.frames.shape),
        response=np.broadcast_to(working.response[:1], working.response.shape),
    )
    costs = LoopCosts(still, replace(OPTIONS, outside_cost=0.0))
    problem = any_problem(rng, costs, stage)
    assert problem.energy(allowed_labels(rng, problem)) == pytest.approx(0, abs=1e-6)


@given(scene=scenes(), stage=st.sampled_from([1, 2, 3]), constant=st.floats(-1, 1))
@few
def test_a_constant_on_all_unaries_shifts_every_energy_alike(scene, stage, constant) -> None:
    rng, working = scene
    costs = LoopCosts(working, OPTIONS)
    problem = any_problem(rng, costs, stage)
    shifted = any_problem(rng, costs, stage)
    shifted.__dict__.update(problem.__dict__)
    shifted.unary = problem.unary + np.float32(constant)
    for _ in range(2):
        labels = allowed_labels(rng, problem)
        expected = problem.energy(labels) + constant * labels.size
        assert shifted.energy(labels) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@given(scene=scenes(), axis=st.sampled_from([0, 1]))
@few
def test_a_mirrored_clip_has_the_mirrored_energy(scene, axis: int) -> None:
    rng, working = scene
    mirrored = replace(
        working,
        frames=np.flip(working.frames, axis + 1),
        response=np.flip(working.response, axis + 1),
        **{
            k: np.flip(getattr(working, k), axis)
            for k in ("histogram", "natural", "moving", "rigid")
        },
    )
    one, two = (period_problem(LoopCosts(c, OPTIONS), 4) for c in (working, mirrored))
    labels = allowed_labels(rng, one)
    expected = one.energy(labels)
    assert two.energy(np.flip(labels, axis)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(scene=scenes(), shift=st.integers(1, 3))
@few
def test_shifting_the_clip_shifts_the_starts(scene, shift: int) -> None:
    rng, working = scene
    # What is usual for a pixel changes when its clip does: that price is left out.
    options = replace(OPTIONS, lambda_temporal=0.0, lambda_temporal_other=0.0, calm_weight=0.0)
    later = replace(
        working,
        frames=np.roll(working.frames, shift, axis=0),
        response=np.roll(working.response, shift, axis=0),
    )
    p = 1 + int(rng.integers(1, working.n_frames - shift - 1))
    one, two = (period_problem(LoopCosts(c, options), p) for c in (working, later))
    labels = rng.integers(0, working.n_frames - p - shift, working.size).astype(np.int32)
    assert two.energy(labels + shift) == pytest.approx(one.energy(labels), rel=1e-4, abs=1e-5)


@given(
    seed=st.integers(0, 2**32 - 1),
    median=st.sampled_from([1, 3, 5]),
    band=st.sampled_from([0.0, 0.1, 0.3, 1.0]),
)
@few
def test_steadying_equals_the_plain_loops(seed: int, median: int, band: float) -> None:
    rng = np.random.default_rng(seed)
    response = rng.integers(0, 256, (int(rng.integers(1, 9)), 2, 3, 2), np.uint8)
    expected = reference.steady(response, median, band)
    np.testing.assert_array_equal(steady(response, median, band), expected)
