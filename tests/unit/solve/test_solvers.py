"""The core's solvers against the contract that plugins are held to, and their own promises."""

import numpy as np
import pytest

from cinekit.energy import choice_problem, either_problem, period_problem, start_problem
from cinekit.errors import ConfigError, SolverError
from cinekit.protocols import LabelProblem
from cinekit.solve import (
    BruteForceSolver,
    ExpansionSolver,
    MultiscaleSolver,
    multiscale,
)
from cinekit.solve.expansion import thinned_sweep
from cinekit.solve.initial import dominant_labels, require_labels
from cinekit.solve.moves import Moves
from cinekit.testing import SolverSuite
from cinekit.testing.problems import line_problem, random_problem


class TestExpansion(SolverSuite):
    def solver(self):
        return ExpansionSolver()


class TestMultiscale(SolverSuite):
    def solver(self):
        return MultiscaleSolver()


class TestBruteForce(SolverSuite):
    planted_shape = (3, 3)

    def solver(self):
        return BruteForceSolver()


def test_brute_force_refuses_more_labellings_than_it_may_try():
    with pytest.raises(SolverError, match="at most 10 labellings, received 3 labels on 2x2"):
        BruteForceSolver(most=10).solve(random_problem(0, (2, 2), 3))


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        (ExpansionSolver, {"sweeps": 0}),
        (ExpansionSolver, {"tolerance": -1.0}),
        (ExpansionSolver, {"tolerance": float("nan")}),
        (MultiscaleSolver, {"levels": -1}),
        (MultiscaleSolver, {"iterations": -1}),
        (MultiscaleSolver, {"proposals": -1}),
        (MultiscaleSolver, {"stride": 0}),
        (MultiscaleSolver, {"tolerance": float("nan")}),
        (MultiscaleSolver, {"keep": 0.0}),
        (BruteForceSolver, {"most": 0}),
    ],
)
def test_options_out_of_range_are_refused_when_the_solver_is_made(solver, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        solver(**options)


@pytest.mark.parametrize("seed", range(3))
def test_multiscale_stays_within_a_tenth_of_the_optimum_on_line_metrics(seed):
    problem = line_problem(seed, (2, 4), 3)
    optimum = BruteForceSolver().solve(problem).energy
    assert MultiscaleSolver().solve(problem).energy <= 1.1 * optimum


def test_polishing_the_pixels_lowers_the_energy():
    problem = line_problem(1, (24, 30), 6, strength=0.3)
    plain = MultiscaleSolver(polish=0).solve(problem)
    polished = MultiscaleSolver(polish=2, tolerance=0).solve(problem)
    assert polished.energy < plain.energy
    assert polished.statistics["moves"] > 0


class Tried:
    """Moves that are written down and never taken."""

    moves = accepted = truncated = 0
    converged = False
    energy = 0.0

    def __init__(self, problem, labels):
        self.n_labels = problem.n_labels
        self.labels = labels
        self.proposals = []

    def propose(self, proposal):
        self.proposals.append(proposal if isinstance(proposal, int) else proposal.tolist())
        return 0


def test_a_thinned_sweep_tries_some_labels_and_jumps_to_those_between():
    tried = Tried(random_problem(0, (1, 3), 10), np.array([[0, 5, 9]], np.int32))
    thinned_sweep(tried, 4)
    assert tried.proposals[:2] == [2, 6]
    assert tried.proposals[2:] == [[[2, 7, 9]], [[0, 3, 7]], [[1, 6, 9]], [[0, 4, 8]]]
    full = Tried(random_problem(0, (1, 3), 10), tried.labels)
    thinned_sweep(full, 1)
    assert full.proposals == list(range(10))


def test_start_frames_of_several_periods_take_few_cuts_and_end_near_full_sweeps(noise):
    costs, candidates = noise
    rng = np.random.default_rng(0)
    period = rng.choice([1, costs.periods[-2]], costs.size)
    problem = start_problem(costs, period, candidates[0])
    start = np.zeros(costs.size, np.int32)
    few = MultiscaleSolver().solve(problem, start)
    full = ExpansionSolver().solve(problem, start)
    assert few.statistics["moves"] < problem.n_labels <= full.statistics["moves"]
    assert few.energy < 1.05 * full.energy < problem.energy(start)


def test_a_fine_sweep_follows_where_a_coarse_one_has_been(noise, monkeypatch):
    strides = []

    def sweep(fusion, stride):
        strides.append(stride)
        thinned_sweep(fusion, stride)

    monkeypatch.setattr(multiscale, "thinned_sweep", sweep)
    costs, candidates = noise
    period = np.random.default_rng(0).choice([1, costs.periods[-2]], costs.size)
    problem = start_problem(costs, period, candidates[0])
    solver = MultiscaleSolver(stride=2)
    coarse = solver.solve(problem, np.zeros(costs.size, np.int32))
    assert strides == [4]
    fine = solver.solve(problem, solver.solve(problem, coarse.labels).labels)
    assert strides[-2:] == [4, 1]
    assert fine.energy < coarse.energy


def test_choosing_between_two_labellings_is_exact(noise):
    costs, candidates = noise
    rng = np.random.default_rng(1)
    starts = {p: rng.integers(0, costs.n_frames - p, costs.size) for p in costs.periods}
    problem = choice_problem(costs, starts, candidates[0])
    loops, unary = [], []
    for _ in range(2):
        wish = rng.random(problem.unary.shape)
        wish[np.isinf(problem.unary)] = -1
        labels = wish.argmax(axis=0).astype(np.int32)
        loops.append(problem.loops(labels))
        unary.append(np.take_along_axis(problem.unary, labels[None], axis=0)[0])
    either = either_problem(costs, loops, unary)
    first = np.zeros(costs.size, np.int32)
    found = MultiscaleSolver().solve(either, first)
    exact = ExpansionSolver(tolerance=0.0).solve(either, first)
    assert found.energy == pytest.approx(exact.energy, rel=1e-6)


def test_other_labellings_open_what_moves_from_one_do_not_find():
    totals = [
        sum(
            MultiscaleSolver(iterations=0, proposals=n).solve(line_problem(k, (32, 32), 8)).energy
            for k in range(8)
        )
        for n in (0, 3)
    ]
    assert totals[1] < totals[0]


@pytest.mark.parametrize("n_labels", [1, 2])
def test_one_or_two_labels_are_solved_exactly(n_labels):
    problem = line_problem(3, (3, 4), n_labels)
    solution = MultiscaleSolver().solve(problem)
    assert solution.energy == pytest.approx(BruteForceSolver().solve(problem).energy, rel=1e-5)
    assert solution.statistics["windows"] == 0


def test_statistics_say_whether_the_tolerance_or_the_sweeps_ended_the_search():
    problem = random_problem(0, (20, 30), 5)
    assert ExpansionSolver(sweeps=1, tolerance=0).solve(problem).statistics["converged"] == 0
    assert ExpansionSolver(sweeps=20, tolerance=0).solve(problem).statistics["converged"] == 1


def test_a_label_that_gained_nothing_is_tried_again_once_others_have_changed():
    problem = random_problem(4, (16, 16), 6)
    thorough = ExpansionSolver(sweeps=50, tolerance=0).solve(problem)
    fusion = Moves.of(problem, thorough.labels)
    assert all(fusion.propose(label) == 0 for label in range(6))


def test_multiscale_reports_a_bound_only_from_the_pixels_themselves():
    problem = line_problem(2, (8, 9), 4)
    solution = MultiscaleSolver(levels=0, iterations=100, tolerance=0).solve(problem)
    assert solution.bound == pytest.approx(solution.energy, rel=0.05)
    assert solution.bound <= solution.energy
    assert MultiscaleSolver(levels=2, iterations=100).solve(problem).bound is None
    assert MultiscaleSolver(levels=0, iterations=0).solve(problem).bound is None


class Forwarding:
    """A third party's problem of the same structure."""

    def __init__(self, problem):
        self._problem = problem
        self.shape, self.n_labels, self.unary = problem.shape, problem.n_labels, problem.unary
        self.in_order = problem.in_order

    def pairwise(self, *arguments):
        return self._problem.pairwise(*arguments)

    def line(self):
        return self._problem.line()

    def energy(self, labels):
        return self._problem.energy(labels)

    def one_period(self):
        return self._problem.one_period()

    def part(self, labels):
        return Forwarding(self._problem.part(labels))

    def move_costs(self, *arguments):
        return self._problem.move_costs(*arguments)

    def mixed_costs(self, *arguments):
        return self._problem.mixed_costs(*arguments)


@pytest.mark.parametrize("keep", [1.0, 0.6])
@pytest.mark.parametrize("stage", ["short period", "long period", "choice", "starts"])
def test_a_problem_that_forwards_the_protocol_gets_the_same_solver(noise, stage, keep):
    costs, candidates = noise
    rng = np.random.default_rng(2)
    starts = {p: rng.integers(0, costs.n_frames - p, costs.size) for p in costs.periods}
    problem = {
        "short period": lambda: period_problem(costs, 3),
        "long period": lambda: period_problem(costs, 9),
        "choice": lambda: choice_problem(costs, starts, candidates[0]),
        "starts": lambda: start_problem(
            costs, rng.choice([1, costs.periods[-2]], costs.size), candidates[0]
        ),
    }[stage]()
    assert isinstance(Forwarding(problem), LabelProblem)
    start = None if "period" in stage else require_labels(problem)
    solver = MultiscaleSolver(keep=keep)
    ours, theirs = (solver.solve(one, start) for one in (problem, Forwarding(problem)))
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert ours.energy == theirs.energy
    assert ours.bound == theirs.bound
    assert ours.statistics == theirs.statistics


def test_windows_make_short_periods_a_line_metric(noise):
    costs, _ = noise
    problem = period_problem(costs, 3)  # 11 starts, of which 7 fit into a window
    assert problem.line() is None
    solution = MultiscaleSolver().solve(problem)
    assert solution.statistics["windows"] == 2
    assert solution.statistics["moves"] > 1  # with the costs of labels far apart
    assert solution.energy == pytest.approx(problem.energy(solution.labels), rel=1e-5)
    assert solution.energy <= 1.05 * ExpansionSolver().solve(problem).energy


@pytest.mark.parametrize("period", [3, 9])
def test_fewer_labels_are_solved_as_if_the_others_did_not_exist(noise, period):
    costs, _ = noise
    problem = period_problem(costs, period)
    solution = MultiscaleSolver(keep=0.6).solve(problem)
    kept = dominant_labels(problem.unary, 0.6)
    assert 1 < len(kept) < problem.n_labels
    assert solution.statistics["labels"] == len(kept)
    assert set(np.unique(solution.labels)) <= set(kept)
    assert solution.energy == pytest.approx(problem.energy(solution.labels), rel=1e-5)
    assert solution.bound is None


def test_fewer_labels_keep_those_of_the_start_and_never_end_above_it(noise):
    costs, _ = noise
    problem = period_problem(costs, 3)
    start = np.full(problem.shape, 10, np.int32)
    start[:4] = 9
    solution = MultiscaleSolver(keep=0.1).solve(problem, start)
    assert solution.energy <= problem.energy(start) * (1 + 1e-6)


def test_unchanging_pixels_have_no_say_and_no_pixel_is_left_without_a_label():
    unary = np.ones((4, 1, 6), np.float32)
    unary[0, 0, :3] -= 1e-5  # hardly a preference
    unary[1, 0, 3:5] = 0
    assert list(dominant_labels(unary, 0.9)) == [1]
    assert list(dominant_labels(unary, 1.0)) == [0, 1]
    unary[:3, 0, 5] = np.inf
    assert list(dominant_labels(unary, 0.5)) == [1, 3]


def test_labels_are_left_out_of_problems_that_have_parts_only():
    with pytest.raises(
        SolverError, match="TableProblem: give it a method `part`, or set keep to 1"
    ):
        MultiscaleSolver(keep=0.5).solve(random_problem(0, (3, 3), 3))
