"""Loops of one period: their pair costs as lines, and the moves that read them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.energy import EnergyOptions, LoopCosts, LoopProblem, WorkingClip, period_problem
from cinekit.solve.moves import Moves
from cinekit.solve.plane_readers import LineReader, PeriodReader
from cinekit.solve.pyramid import LineGrid
from cinekit.solve.windows import fill_grid, line_windows, window_starts
from cinekit.testing.problems import line_problem, random_labels

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 5)
quick = settings(max_examples=40, deadline=None)
few = settings(max_examples=15, deadline=None)


def loop_problem(seed, shape, period, t=12):
    """Stage 1 on noise."""
    rng = np.random.default_rng(seed)
    working = WorkingClip(
        frames=rng.random((t, *shape, 3)).astype(np.float32),
        response=np.full((t, *shape, 1), 255, np.uint8),
        histogram=np.ones((*shape, 1), np.float32),
        natural=np.zeros(shape, bool),
        moving=np.ones(shape, bool),
        rigid=np.zeros(shape, np.int16),
        every=1,
        source_frames=t,
    )
    return period_problem(LoopCosts(working, EnergyOptions()), period)


def on_line(grid, labels):
    return Moves(LineReader(grid), labels, grid.n_labels, neglect=None)


@quick
@given(seeds, sides, sides)
def test_moves_on_a_line_metric_are_those_of_its_tables(seed, h, w):
    problem = line_problem(seed, (h, w), 4, forbid=0.2)
    grid = LineGrid.of(problem.unary, *problem.line())
    start = random_labels(seed, problem)
    plain, fast = Moves.of(problem, start), on_line(grid, start)
    for proposal in [0, 1, 2, 3, random_labels(seed + 1, problem)]:
        before = fast.energy
        plain.propose(proposal)
        fast.propose(proposal)
        assert fast.energy <= before
        assert fast.energy == pytest.approx(problem.energy(fast.labels), rel=1e-5, abs=1e-5)
        if isinstance(proposal, int):  # submodular: both are the optimum
            assert fast.energy == pytest.approx(plain.energy, rel=1e-5, abs=1e-5)
        plain = Moves.of(problem, fast.labels)


@quick
@given(seeds, st.integers(1, 5), st.sampled_from([-2, -1, 1, 2]))
def test_jumps_on_a_line_metric_need_no_truncation(seed, side, step):
    problem = line_problem(seed, (side, side), 5)
    grid = LineGrid.of(problem.unary, *problem.line())
    moves = on_line(grid, random_labels(seed, problem))
    labels = moves.labels.copy()
    least = moves.energy
    if side <= 3:
        for flat in itertools.product([0, step], repeat=side * side):
            jumped = np.clip(labels + np.array(flat, np.int32).reshape(side, side), 0, 4)
            least = min(least, problem.energy(jumped))
    moves.propose(np.clip(labels + np.int32(step), 0, 4))
    assert moves.truncated == 0
    if side <= 3:
        assert moves.energy == pytest.approx(least, rel=1e-5, abs=1e-5)


@quick
@given(seeds, sides, sides, st.integers(2, 9), st.booleans())
def test_moves_on_one_period_are_those_of_its_exact_costs(seed, h, w, period, forbid):
    problem = loop_problem(seed, (h, w), period)  # short periods: many frames are far apart
    rng = np.random.default_rng(seed)
    if forbid:
        problem.unary[rng.random(problem.unary.shape) < 0.2] = np.inf
        problem.unary[0] = 1
    reader = PeriodReader(problem.unary, problem.one_period())
    moves = Moves(reader, random_labels(seed, problem), problem.n_labels, neglect=None)
    assert moves.energy == pytest.approx(problem.energy(moves.labels), rel=1e-5)
    jump = np.clip(moves.labels + rng.integers(-1, 2), 0, problem.n_labels - 1).astype(np.int32)
    proposals = [*range(problem.n_labels), random_labels(seed + 1, problem), jump]
    for proposal in proposals:
        plain = Moves.of(problem, moves.labels)
        before, was = moves.energy, moves.labels.copy()
        changed = moves.propose(proposal)
        assert changed == np.count_nonzero(moves.labels != was)
        assert moves.energy <= before
        assert moves.energy == pytest.approx(problem.energy(moves.labels), rel=1e-5, abs=1e-5)
        plain.propose(proposal)
        # The same cut, up to ties.
        assert moves.energy == pytest.approx(plain.energy, rel=1e-4, abs=1e-4)


def test_loops_of_one_period_say_so_and_others_do_not():
    loops = loop_problem(0, (2, 2), 5)
    assert loops.one_period().period == 5
    still = np.ones((1, 1, 1), np.int16)
    starts = np.arange(loops.n_labels, dtype=np.int16)[:, None, None]
    assert LoopProblem(loops.costs, still, starts, loops.unary).one_period() is None
    period = np.full((1, 1, 1), 5, np.int16)
    differing = np.tile(starts, (1, 2, 2))
    differing[:, 0, 0] = differing[::-1, 0, 0]
    assert LoopProblem(loops.costs, period, differing, loops.unary).one_period() is None


@quick
@given(st.integers(1, 60), st.integers(1, 60))
def test_windows_cover_all_labels_and_share_one_with_the_next(n_labels, size):
    size = min(size, n_labels)
    starts = window_starts(n_labels, size)
    assert starts[0] == 0
    assert starts[-1] + size == n_labels
    assert all(b <= a + max(size - 1, 1) for a, b in itertools.pairwise(starts))
    assert len(set(starts)) == len(starts)


@few
@given(seeds, st.integers(2, 9))
def test_within_a_period_the_line_of_a_window_is_the_pair_cost(seed, period):
    rng = np.random.default_rng(seed)
    problem = loop_problem(seed, (3, 4), period)
    windows = line_windows(problem, 1)
    runs = [range(one.first, one.first + one.grid.n_labels) for one in windows]
    assert set().union(*runs) == set(range(problem.n_labels))
    assert [one.exact for one in windows] == [problem.n_labels <= period + 1] * len(windows)
    for window, run in zip(windows, runs, strict=True):
        grid, n = window.grid, len(run)
        assert n <= 2 * period + 1
        assert (grid.unary == np.moveaxis(problem.unary[run.start : run.stop], 0, -1)).all()
        for a, b in rng.integers(0, n, (4, 2)):
            if abs(a - b) > period:  # only nearly a line there
                continue
            for axis, warp in enumerate((grid.vertical, grid.horizontal)):
                exact = problem.pairwise(axis, int(run[a]), int(run[b]))
                np.testing.assert_allclose(
                    np.abs(warp[..., a] - warp[..., b]), exact, rtol=1e-4, atol=1e-4
                )


@quick
@given(seeds, sides, sides, st.integers(2, 9), st.sampled_from([2, 4]), st.booleans())
def test_a_grid_of_blocks_is_the_grid_of_pixels_made_coarser(seed, h, w, period, size, forbid):
    problem = loop_problem(seed, (h, w), period)
    if forbid:
        problem.unary[np.random.default_rng(seed).random(problem.unary.shape) < 0.2] = np.inf
    for window, pixels in zip(line_windows(problem, size), line_windows(problem, 1), strict=True):
        grid = pixels.grid.softened()
        for _ in range(size // 2):
            grid = grid.coarser()
        for name in ("unary", "vertical", "horizontal"):
            one, other = getattr(window.grid, name), getattr(grid, name)
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@quick
@given(seeds, sides, st.integers(1, 40), st.integers(1, 4))
def test_a_grid_is_filled_with_what_both_ends_see(seed, h, w, n):
    rng = np.random.default_rng(seed)
    unary, sums = rng.random((2, n, h, w)).astype(np.float32)
    down, right = rng.random((h - 1, w)), rng.random((h, w - 1))
    down, right = down.astype(np.float32), right.astype(np.float32)
    starts = rng.integers(0, n, n)
    out = [np.zeros((i, j, n), np.float32) for i, j in ((h, w), (h - 1, w), (h, w - 1))]
    fill_grid(unary, sums, starts, down, right, 1, *out)
    turned = np.moveaxis(sums[starts], 0, -1)
    plain = (
        np.moveaxis(unary, 0, -1),
        (turned[:-1] + turned[1:]) * down[..., None],
        (turned[:, :-1] + turned[:, 1:]) * right[..., None],
    )
    for filled, expected in zip(out, plain, strict=True):
        np.testing.assert_allclose(filled, expected, rtol=1e-6)
