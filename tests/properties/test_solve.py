"""Solver kernels against plain loops, and what must hold for any costs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.solve import BruteForceSolver, ExpansionSolver, cut_cost, grid_cut
from cinekit.solve.messages import (
    decoded,
    finer_messages,
    no_messages,
    pass_messages,
    send,
    trws_iteration,
)
from cinekit.solve.pyramid import LineGrid, range_argmin, sweep_rows, upsample
from cinekit.testing.problems import (
    line_problem,
)

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 5)
quick = settings(max_examples=40, deadline=None)
few = settings(max_examples=15, deadline=None)


@quick
@given(seeds, sides, sides)
def test_no_labelling_is_cheaper_than_the_cut(seed, h, w):
    rng = np.random.default_rng(seed)
    h, w = min(h, 3), min(w, 4)
    # Whole numbers now and then: ties and saturated edges.
    draw = (lambda s: rng.integers(0, 4, s)) if seed % 2 else rng.random
    terminal = (draw((h, w)) - draw((h, w))).astype(np.float32)
    edges = [draw(s).astype(np.float32) for s in [(h - 1, w)] * 2 + [(h, w - 1)] * 2]
    segments, flow = grid_cut(terminal, *edges)
    assert cut_cost(segments, terminal, *edges) == pytest.approx(flow, abs=1e-5)
    for flat in itertools.product([False, True], repeat=h * w):
        other = np.array(flat).reshape(h, w)
        cost = cut_cost(other, terminal, *edges)
        assert cost >= flow - 1e-5
        if seed % 2 and cost == flow:
            assert not (segments & ~other).any()  # the fewest ones of all cheapest


@quick
@given(seeds, st.integers(1, 6))
def test_line_messages_are_the_minimum_over_all_labels(seed, n):
    rng = np.random.default_rng(seed)
    cost = (3 * rng.random(n)).astype(np.float32)
    cost[1:][rng.random(n - 1) < 0.3] = np.inf
    warp = np.cumsum(rng.random(n) * (rng.random(n) < 0.7)).astype(np.float32)
    plain = np.array([min(cost[a] + abs(warp[a] - warp[b]) for a in range(n)) for b in range(n)])
    out = np.empty(n, np.float32)
    smallest = send(cost, warp, out)
    np.testing.assert_allclose(out + smallest, plain, rtol=1e-5, atol=1e-5)


@quick
@given(seeds, st.integers(1, 6))
def test_messages_between_ranges_are_the_minimum_over_one_range(seed, n):
    rng = np.random.default_rng(seed)
    cost = (3 * rng.random(n)).astype(np.float32)
    cost[1:][rng.random(n - 1) < 0.3] = np.inf
    warp = np.cumsum(rng.random(n) * (rng.random(n) < 0.7)).astype(np.float32)
    (first, last), (low, high) = (np.sort(rng.integers(0, n, 2)) for _ in range(2))
    out, best = np.full(n, -1, np.float32), np.full(n, -1, np.int32)
    range_argmin(cost, warp, first, last, low, high, out, best)
    for b in range(n):
        if low <= b <= high:
            costs = [cost[a] + abs(warp[a] - warp[b]) for a in range(first, last + 1)]
            assert out[b] == pytest.approx(min(costs), rel=1e-5, abs=1e-5)
            assert first <= best[b] <= last
            assert costs[best[b] - first] == pytest.approx(min(costs), rel=1e-5, abs=1e-5)
        else:
            assert (out[b], best[b]) == (-1, -1)


@quick
@given(seeds, sides, sides, st.integers(1, 4))
def test_the_coarse_energy_is_the_fine_energy_of_the_upsampled_labels(seed, h, w, n):
    problem = line_problem(seed, (h, w), n)
    grid = LineGrid.of(problem.unary, *problem.line())
    while max(grid.shape) > 1:
        coarse = grid.coarser()
        labels = np.random.default_rng(seed).integers(0, n, coarse.shape).astype(np.int32)
        fine = upsample(labels, grid.shape)
        assert fine.shape == grid.shape
        assert coarse.energy(labels) == pytest.approx(grid.energy(fine), rel=1e-5, abs=1e-5)
        grid = coarse


@few
@given(seeds)
def test_message_passing_never_bounds_above_the_optimum(seed):
    line = line_problem(seed, (2, 4), 3, forbid=0.3)
    optimum = BruteForceSolver().solve(line).energy
    grid = LineGrid.of(line.unary, *line.line())
    for one in (grid, grid.softened()):
        messages = no_messages(one.shape, one.n_labels)
        bound, _ = pass_messages(one.costs, messages, 30, 0.0)
        assert bound <= optimum + 1e-4
        assert one.energy(decoded(one.costs, messages)) >= optimum - 1e-4


@few
@given(seeds, sides, sides)
def test_messages_of_a_coarser_grid_are_valid_ones(seed, h, w):
    problem = line_problem(seed, (h, w), 3)
    fine = LineGrid.of(problem.unary, *problem.line())
    coarse = fine.coarser()
    messages = no_messages(coarse.shape, 3)
    pass_messages(coarse.costs, messages, 5, 0.0)
    messages = finer_messages(messages, fine.shape)
    # From any messages the bound is one; those that nobody sends would count twice.
    bound, _ = pass_messages(fine.costs, messages, 5, 0.0)
    assert bound <= ExpansionSolver(tolerance=0).solve(problem).energy + 1e-4
    if h * w <= 6:
        assert bound <= BruteForceSolver().solve(problem).energy + 1e-4


@few
@given(seeds, sides, sides)
def test_the_bound_of_message_passing_never_falls(seed, h, w):
    problem = line_problem(seed, (h, w), 4)
    grid = LineGrid.of(problem.unary, *problem.line())
    messages = np.zeros((h, w, 4, 4), np.float32)
    parts = grid.unary, grid.vertical, grid.horizontal
    bounds = [trws_iteration(*parts, messages) for _ in range(10)]
    assert all(b >= a - 1e-4 for a, b in itertools.pairwise(bounds))


@quick
@given(seeds, sides, sides, st.integers(0, 4))
def test_chain_sweeps_never_raise_the_energy(seed, h, w, reach):
    problem = line_problem(seed, (h, w), 4)
    grid = LineGrid.of(problem.unary, *problem.line())
    labels = np.random.default_rng(seed).integers(0, 4, (h, w)).astype(np.int32)
    before = grid.energy(labels)
    for _ in range(2):
        grid.sweep(labels, reach)
        after = problem.energy(labels)
        assert after <= before + 1e-5
        before = after


@quick
@given(seeds, sides, sides)
def test_chain_sweeps_over_all_labels_leave_forbidden_ones(seed, h, w):
    problem = line_problem(seed, (h, w), 4, forbid=0.4)
    grid = LineGrid.of(problem.unary, *problem.line())
    labels = np.random.default_rng(seed).integers(0, 4, (h, w)).astype(np.int32)
    grid.sweep(labels, grid.n_labels)
    assert np.isfinite(problem.energy(labels))


@few
@given(seeds, st.booleans())
def test_a_single_row_or_column_is_solved_exactly(seed, column):
    problem = line_problem(seed, (6, 1) if column else (1, 6), 3, forbid=0.3)
    grid = LineGrid.of(problem.unary, *problem.line())
    labels = np.zeros(problem.shape, np.int32)
    if column:
        turned = grid.unary.transpose(1, 0, 2), grid.vertical.transpose(1, 0, 2)
        sweep_rows(*turned, grid.horizontal.transpose(1, 0, 2), labels.T, 3)
    else:
        sweep_rows(grid.unary, grid.horizontal, grid.vertical, labels, 3)
    assert problem.energy(labels) == pytest.approx(BruteForceSolver().solve(problem).energy)


@few
@given(seeds, st.integers(0, 2))
def test_a_row_is_the_best_of_what_its_pixels_may_take(seed, reach):
    problem = line_problem(seed, (3, 3), 5)
    grid = LineGrid.of(problem.unary, *problem.line())
    labels = np.random.default_rng(seed).integers(0, 5, (3, 3)).astype(np.int32)
    ranges = []
    for j in range(3):  # of row 0, the first that is solved
        near = labels[:2, max(j - 1, 0) : j + 2]
        ranges.append(range(max(near.min() - reach, 0), min(near.max() + reach, 4) + 1))
    least = np.inf
    for row in itertools.product(*ranges):
        labels[0] = row
        least = min(least, grid.energy(labels))
    labels = np.random.default_rng(seed).integers(0, 5, (3, 3)).astype(np.int32)
    # Row 0 alone, row 1 being what it sees: the rows below do not change what it can reach.
    part = LineGrid(grid.unary[:2], grid.vertical[:1], grid.horizontal[:2])
    rest = grid.energy(labels) - part.energy(labels[:2])
    before = labels[1].copy()
    costs = grid.unary[:2].copy()
    costs[1] = np.inf  # row 1 stays as it is
    np.put_along_axis(costs[1], before[:, None], grid.unary[1][np.arange(3), before][:, None], -1)
    sweep_rows(costs, part.horizontal, part.vertical, labels[:2], reach)
    assert (labels[1] == before).all()
    assert part.energy(labels[:2]) + rest == pytest.approx(least, rel=1e-5)


@few
@given(seeds)
def test_softened_problems_keep_their_optimum(seed):
    problem = line_problem(seed, (2, 3), 3, forbid=0.5)
    soft = LineGrid.of(problem.unary, *problem.line()).softened()
    assert np.isfinite(soft.unary).all()
    best = min(
        soft.energy(np.array(flat, np.int32).reshape(2, 3))
        for flat in itertools.product(range(3), repeat=6)
    )
    assert best == pytest.approx(BruteForceSolver().solve(problem).energy, rel=1e-5)
