"""Moves: what they may gain and do, against plain loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.energy.area import Area
from cinekit.energy.problem import MoveCosts
from cinekit.solve import BruteForceSolver, ExpansionSolver, cut_cost, grid_cut
from cinekit.solve.move_kernels import energy_change, potentials
from cinekit.solve.moves import Moves, cut_capacities
from cinekit.testing.problems import (
    TableProblem,
    binary_problem,
    random_labels,
    random_problem,
)

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 5)
quick = settings(max_examples=40, deadline=None)
few = settings(max_examples=15, deadline=None)


@quick
@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_a_move_never_raises_the_energy_and_keeps_its_books(seed, h, w):
    problem = random_problem(seed, (h, w), 4, forbid=0.3)
    fusion = Moves.of(problem, random_labels(seed, problem), grid_cut)
    before = problem.energy(fusion.labels)
    for proposal in [0, 1, 2, 3, random_labels(seed + 1, problem)]:
        labels = fusion.labels.copy()
        changed = fusion.propose(proposal)
        assert np.count_nonzero(labels != fusion.labels) == changed
        after = problem.energy(fusion.labels)
        assert after <= before + 1e-6
        assert fusion.energy == pytest.approx(after, rel=1e-5, abs=1e-5)
        before = after


@quick
@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_the_cut_of_a_submodular_move_is_its_exact_optimum(seed, h, w):
    problem = binary_problem(seed, (h, w))
    fusion = Moves.of(problem, np.zeros((h, w), np.int32), grid_cut)
    fusion.propose(1)
    assert fusion.truncated == 0
    assert fusion.energy == pytest.approx(BruteForceSolver().solve(problem).energy, abs=1e-5)


@quick
@given(seeds)
def test_capacities_and_energy_change_equal_plain_loops(seed):
    rng = np.random.default_rng(seed)
    h, w = 3, 4
    new, current = rng.random((2, h, w)).astype(np.float32)
    costs = MoveCosts.empty((h, w))
    vertical, horizontal = costs.vertical, costs.horizontal
    vertical[:], horizontal[:] = rng.random(vertical.shape), rng.random(horizontal.shape)
    (terminal, down, up, right, left), truncated = cut_capacities(new, current, costs)
    assert (right[:, -1] == 0).all()
    right, left = right[:, :-1], left[:, :-1]
    assert (down == up).all()
    assert (right == left).all()
    area = Area.whole((h, w))
    violations = 0
    lowered = 0.0
    for planes in (vertical, horizontal):
        gap = planes[0] + planes[3] - planes[1] - planes[2]
        violations += int((gap > 1e-4 * (planes[0] + planes[3])).sum())
        lowered += float(np.maximum(gap, 0).sum())
    assert truncated == violations
    base = cut_cost(np.zeros((h, w), bool), terminal, down, down, right, right)
    for _ in range(8):
        taken = rng.random((h, w)) < 0.5
        change = float((new - current)[taken].sum())
        truncation = 0.0
        for planes, a, b in (
            (vertical, taken[:-1], taken[1:]),
            (horizontal, taken[:, :-1], taken[:, 1:]),
        ):
            which = 2 * a.astype(int) + b
            chosen = np.take_along_axis(planes, which[None], axis=0)[0]
            change += float((chosen - planes[0]).sum())
            gap = np.maximum(planes[0] + planes[3] - planes[1] - planes[2], 0)
            truncation += float(gap[which != 0].sum())
        found = energy_change(
            area.flat, area.inside.ravel(), taken.ravel(), new.ravel(), current.ravel(),
            vertical.reshape(4, -1), costs.padded.reshape(4, -1),
        )  # fmt: skip
        assert found == pytest.approx(change, abs=1e-5)
        # The cut sees E00 lowered, so leaving (cur, cur) costs it the truncated amount more.
        cost = cut_cost(taken, terminal, down, down, right, right) - base
        assert cost == pytest.approx(change + truncation, abs=1e-4)
    assert lowered >= 0


@quick
@given(seeds, st.integers(2, 9), st.integers(2, 9), st.integers(1, 4))
def test_an_area_is_the_pixels_of_its_blocks(seed, h, w, size):
    blocks = np.random.default_rng(seed).random((-(-h // size), -(-w // size))) < 0.5
    area = Area.of_blocks(blocks, size, (h, w))
    inside = blocks.repeat(size, 0).repeat(size, 1)[:h, :w]
    assert (area.inside == inside).all()
    padded = np.pad(inside, 1, constant_values=True)
    free = inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    assert (area.free == free).all()
    covered = np.zeros((h, w), int)
    for row, first, end in area.spans:
        covered[row, first:end] += 1
        assert first == 0 or not inside[row, first - 1]
        assert end == w or not inside[row, end]
    assert (covered == inside).all()
    assert [tuple(span) for span in area.spans] == sorted(tuple(span) for span in area.spans)


@quick
@given(seeds, st.integers(1, 6), st.integers(1, 6), st.integers(0, 3), st.integers(0, 3))
def test_an_area_around_pixels_is_these_and_their_neighbours(seed, h, w, top, left):
    free = np.random.default_rng(seed).random((h, w)) < 0.3
    shape = h + top + 1, w + left
    area = Area.around(free, (top, left), shape)
    full = np.zeros(shape, bool)
    full[top : top + h, left : left + w] = free
    assert (area.free == full).all()
    padded = np.pad(full, 1)
    near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    assert (area.inside == (full | near)).all()
    covered = np.zeros(full.size, int)
    for first, end in area.flat:
        covered[first:end] += 1
    assert (covered.reshape(shape) == area.inside).all()
    assert [tuple(span) for span in area.spans] == sorted(tuple(span) for span in area.spans)


@quick
@given(seeds, st.booleans())
def test_the_cut_of_an_area_is_the_best_with_everything_else_held(seed, external):
    """Brute force over the free pixels, the fixed ones taking the proposal, the rest staying."""
    rng = np.random.default_rng(seed)
    h, w = 6, 8
    problem = binary_problem(seed, (h, w))
    area = Area.of_blocks(rng.random((3, 4)) < 0.6, 2, (h, w))
    free = np.argwhere(area.free)
    if not 0 < len(free) <= 12:
        return
    cut = (lambda *planes: grid_cut(*planes)) if external else grid_cut
    fusion = Moves.of(problem, np.zeros((h, w), np.int32), cut)
    fixed = area.inside & ~area.free & (rng.random((h, w)) < 0.5)
    fusion.pair_costs(1, area)
    taken = fusion._cut(problem.unary[1], area, fixed)
    assert not (taken & ~area.free).any()

    def cost(chosen):
        return problem.energy((chosen | fixed).astype(np.int32))

    best = np.inf
    for flat in itertools.product([False, True], repeat=len(free)):
        chosen = np.zeros((h, w), bool)
        chosen[tuple(free.T)] = flat
        best = min(best, cost(chosen))
    assert cost(taken) == pytest.approx(best, abs=1e-4)


@quick
@given(seeds, st.booleans())
def test_no_move_gains_more_than_its_potentials(seed, single):
    rng = np.random.default_rng(seed)
    h, w, size = 4, 5, 2
    problem = random_problem(seed, (h, w), 3, forbid=0.3)
    labels = random_labels(seed, problem)
    proposal = np.full((h, w), 1, np.int32) if single else random_labels(seed + 1, problem)
    rows, columns = np.indices((h, w))
    new, current = problem.unary[proposal, rows, columns], problem.unary[labels, rows, columns]
    vertical = problem.pairwise(0, labels[:-1], labels[1:])
    horizontal = np.pad(problem.pairwise(1, labels[:, :-1], labels[:, 1:]), ((0, 0), (0, 1)))
    gain, price = np.zeros((2, 2, 3), np.float32)
    map_ = np.full((1, 1), 1, np.int32) if single else proposal
    potentials(labels, map_, new, current, vertical, horizontal, size, gain, price)
    changing = labels != proposal
    rise = np.where(changing, np.maximum(new - current, 0), 0)
    for block in np.ndindex(gain.shape):
        part = np.s_[2 * block[0] : 2 * block[0] + 2, 2 * block[1] : 2 * block[1] + 2]
        expected = rise[part].sum() if changing[part].any() else -1
        assert price[block] == pytest.approx(expected, rel=1e-5)
    before = problem.energy(labels)
    for _ in range(8):
        taken = changing & np.isfinite(new) & (rng.random((h, w)) < 0.5)
        blocks = np.array([[taken[i : i + 2, j : j + 2].any() for j in (0, 2, 4)] for i in (0, 2)])
        after = problem.energy(np.where(taken, proposal, labels))
        assert before - after <= gain[blocks].sum() + 1e-4


@quick
@given(seeds)
def test_moves_that_neglect_never_raise_the_energy_and_keep_their_books(seed):
    """Calm pixels around an island that wants other labels: areas, and a rest that follows."""
    rng = np.random.default_rng(seed)
    h, w = 40, 48
    problem = random_problem(seed, (h, w), 4, forbid=0.1)
    calm = np.ones((h, w), bool)
    calm[12:20, 14:30] = False
    problem.unary[:, calm] = 0
    for tables, ends in (
        (problem.vertical, calm[1:] & calm[:-1]),
        (problem.horizontal, calm[:, 1:] & calm[:, :-1]),
    ):
        tables[ends] *= np.float32(0.1 * rng.random())
    fusion = Moves.of(problem, np.zeros((h, w), np.int32), grid_cut, 1e-2)
    before = problem.energy(fusion.labels)
    for label in [0, 1, 2, 3] * 2:
        labels = fusion.labels.copy()
        changed = fusion.propose(label)
        assert np.count_nonzero(labels != fusion.labels) == changed
        after = problem.energy(fusion.labels)
        assert after <= before + 1e-3
        assert fusion.energy == pytest.approx(after, rel=1e-5)
        before = after


def test_a_rest_that_costs_nothing_follows_as_a_whole():
    """An island that must show label 1 in a sea that shows anything, at a price for every seam."""
    h, w = 40, 48
    unary = np.zeros((2, h, w), np.float32)
    unary[0, 12:20, 14:30] = 1
    table = np.array([[0, 0.1], [0.1, 0]], np.float32)
    vertical = np.broadcast_to(table, (h - 1, w, 2, 2)).copy()
    horizontal = np.broadcast_to(table, (h, w - 1, 2, 2)).copy()
    problem = TableProblem(unary, vertical, horizontal)
    fusion = Moves.of(problem, np.zeros((h, w), np.int32), grid_cut, 1e-3)
    assert fusion.propose(1) == h * w
    assert fusion.energy == 0


@few
@given(seeds)
def test_adding_a_constant_to_all_unaries_changes_no_label(seed):
    problem = random_problem(seed, (4, 5), 4)
    labels = ExpansionSolver(tolerance=0).solve(problem).labels
    problem.unary[:] += np.float32(0.5)
    assert (ExpansionSolver(tolerance=0).solve(problem).labels == labels).all()
