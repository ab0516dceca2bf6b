"""The core's solvers against the contract that plugins are held to, and their own promises."""

import pytest

from cinekit.errors import ConfigError, SolverError
from cinekit.solve import BruteForceSolver, ExpansionSolver, MultiscaleSolver
from cinekit.testing import SolverSuite
from cinekit.testing.problems import random_problem


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
        (MultiscaleSolver, {"iterations": 0}),
        (MultiscaleSolver, {"tolerance": float("nan")}),
        (BruteForceSolver, {"most": 0}),
    ],
)
def test_options_out_of_range_are_refused_when_the_solver_is_made(solver, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        solver(**options)
