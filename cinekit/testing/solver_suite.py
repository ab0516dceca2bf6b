"""What every solver must keep, as tests to subclass.

    from cinekit.testing import SolverSuite

    class TestMine(SolverSuite):
        def solver(self):
            return MySolver()

All problems are small tables (:mod:`cinekit.testing.problems`), and the optimum of the smallest is
known from trying all labellings.
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import pytest

from cinekit.errors import SolverError
from cinekit.protocols import Solution
from cinekit.solve.brute import BruteForceSolver
from cinekit.testing.component_suite import ComponentSuite
from cinekit.testing.problems import (
    TableProblem,
    binary_problem,
    line_problem,
    planted_problem,
    random_problem,
)

SEEDS = range(4)


def _random(seed: int) -> TableProblem:
    return random_problem(seed, (2, 4), 3, forbid=0.2)


def _line(seed: int) -> TableProblem:
    return line_problem(seed, (2, 4), 3, forbid=0.2)


def _binary(seed: int) -> TableProblem:
    return binary_problem(seed, (3, 4))


PROBLEMS = [pytest.param(make, id=name) for name, make in (("tables", _random), ("line", _line))]


@lru_cache(maxsize=64)
def _optimum(make: Callable[[int], TableProblem], seed: int) -> Solution:
    """Found once for all solvers and tests of a session."""
    return BruteForceSolver().solve(make(seed))


class SolverSuite(ComponentSuite):
    """Subclass, give the method ``solver``, and pytest runs the contract against it.

    tolerance : relative difference allowed between the energy that a solver reports and the one
        that the problem computes. A solver with integer costs states its rounding here.
    exact_on_binary : two labels and submodular pairs are one minimum cut. False for solvers that
        make no such claim.
    finds_planted : an optimum that is obvious globally, though no pixel prefers it by itself, is
        found. False for solvers that look at pixels one by one.
    planted_shape : grid of that test; a solver that only does tiny grids makes it smaller.
    """

    kind = "solver"
    tolerance = 1e-5
    exact_on_binary = True
    finds_planted = True
    planted_shape = (10, 12)

    def _close(self, energy: float) -> float:
        return self.tolerance * max(abs(energy), 1.0)

    def _valid(self, problem: TableProblem, solution: Solution) -> None:
        """Labels of the right kind, none forbidden, and the energy that the problem computes."""
        labels = solution.labels
        assert labels.shape == problem.shape
        assert labels.dtype == np.int32
        assert labels.min() >= 0
        assert labels.max() < problem.n_labels
        energy = problem.energy(labels)
        assert np.isfinite(energy), "a forbidden label was taken"
        assert abs(solution.energy - energy) <= self._close(energy)

    @pytest.mark.parametrize("make", PROBLEMS)
    @pytest.mark.parametrize("seed", SEEDS)
    def test_never_claims_less_than_the_optimum(self, make, seed) -> None:  # type: ignore[no-untyped-def]
        problem = make(seed)
        solution = self.component().solve(problem)
        self._valid(problem, solution)
        optimum = _optimum(make, seed).energy
        assert solution.energy >= optimum - self._close(optimum)
        if solution.bound is not None:
            assert solution.bound <= optimum + self._close(optimum)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_is_exact_where_one_cut_decides(self, seed: int) -> None:
        if not self.exact_on_binary:
            pytest.skip("this solver does not claim to be exact on two labels")
        problem = _binary(seed)
        solution = self.component().solve(problem)
        self._valid(problem, solution)
        optimum = _optimum(_binary, seed).energy
        assert solution.energy == pytest.approx(optimum, abs=self._close(optimum))

    @pytest.mark.parametrize("make", PROBLEMS)
    @pytest.mark.parametrize("seed", SEEDS)
    def test_is_never_worse_than_its_start(self, make, seed) -> None:  # type: ignore[no-untyped-def]
        problem = make(seed)
        rng = np.random.default_rng(seed)
        start = rng.integers(0, problem.n_labels, problem.shape).astype(np.int32)
        start[~np.isfinite(np.take_along_axis(problem.unary, start[None], 0)[0])] = 0
        kept = start.copy()
        for labels in (start, _optimum(make, seed).labels):
            before = problem.energy(labels)
            solution = self.component().solve(problem, labels)
            self._valid(problem, solution)
            assert problem.energy(solution.labels) <= before + self._close(before)
        assert (start == kept).all(), "the start must not be written to"

    @pytest.mark.parametrize("make", PROBLEMS)
    def test_same_problem_same_labels_in_any_thread(self, make) -> None:  # type: ignore[no-untyped-def]
        problems = [make(seed) for seed in SEEDS]
        alone = [self.component().solve(problem).labels for problem in problems]
        again = [self.component().solve(problem).labels for problem in problems]
        solver = self.component()
        with ThreadPoolExecutor(len(problems)) as pool:
            together = list(pool.map(lambda problem: solver.solve(problem).labels, problems))
        for one, two, three in zip(alone, again, together, strict=True):
            assert (one == two).all()
            assert (one == three).all()

    @pytest.mark.parametrize("line", [False, True])
    def test_finds_a_planted_optimum(self, line: bool) -> None:
        if not self.finds_planted:
            pytest.skip("this solver does not claim to find a planted optimum")
        labels = np.ones(self.planted_shape, np.int32)
        if not line:
            labels[: self.planted_shape[0] // 2] = 2
        problem = planted_problem(labels, 3, line=line)
        solution = self.component().solve(problem)
        self._valid(problem, solution)
        assert (solution.labels == labels).all()

    @pytest.mark.parametrize("make", [random_problem, line_problem])
    @pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
    def test_solves_grids_of_one_pixel_row_or_column(self, make, shape) -> None:  # type: ignore[no-untyped-def]
        problem = make(0, shape, 3)
        solution = self.component().solve(problem)
        self._valid(problem, solution)
        optimum = BruteForceSolver().solve(problem).energy
        assert solution.energy >= optimum - self._close(optimum)

    def test_one_label_is_no_choice(self) -> None:
        problem = random_problem(0, (3, 3), 1)
        solution = self.component().solve(problem)
        self._valid(problem, solution)
        assert (solution.labels == 0).all()

    def test_says_so_when_a_pixel_has_no_label(self) -> None:
        problem = random_problem(0, (2, 2), 2)
        problem.unary[:, 1, 0] = np.inf
        with pytest.raises(SolverError, match="allowed label") as caught:
            self.component().solve(problem)
        assert "\n" not in str(caught.value)

    def test_progress_ends_at_one_and_never_goes_back(self) -> None:
        shares: list[float] = []
        self.component().solve(_random(0), None, shares.append)
        assert shares == sorted(shares)
        assert not shares or (shares[0] >= 0 and shares[-1] == pytest.approx(1.0))
