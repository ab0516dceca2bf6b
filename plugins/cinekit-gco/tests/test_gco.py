"""GCO behind cinekit's expansion."""

from pathlib import Path

import cinekit_gco
import numpy as np
import pytest
from cinekit_gco.solver import GcoSolver, Moves

from cinekit import ConfigError, ExpansionSolver, SolverError
from cinekit.testing import PackageSuite, SolverSuite, line_problem, random_problem


class TestPackage(PackageSuite):
    distribution = "cinekit-gco"


class TestGco(SolverSuite):
    def solver(self):
        return GcoSolver()


class TestGcoSwap(SolverSuite):
    finds_planted = False  # from a constant start no two labels lead to a third

    def solver(self):
        return GcoSolver(algorithm=Moves.SWAP)


@pytest.mark.parametrize("make", [random_problem, line_problem])
def test_swap_comes_close_to_expansion_and_no_swap_of_two_labels_betters_it(make):
    problem = make(3, (12, 14), 5)
    swapped = GcoSolver(algorithm="swap", tolerance=0, sweeps=20).solve(problem)
    expanded = GcoSolver(tolerance=0, sweeps=20).solve(problem)
    assert swapped.energy == pytest.approx(expanded.energy, rel=0.05)
    again = GcoSolver(algorithm="swap", sweeps=1).solve(problem, swapped.labels)
    assert again.energy == pytest.approx(swapped.energy, rel=1e-5)


@pytest.mark.parametrize("make", [random_problem, line_problem])
def test_reaches_the_energy_of_the_core_s_expansion(make):
    problem = make(3, (12, 14), 5)
    assert GcoSolver().solve(problem).energy == pytest.approx(
        ExpansionSolver().solve(problem).energy, rel=1e-3
    )


def test_both_documents_state_the_licence_first():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert "research purposes only" in " ".join(readme.split())[:200]
    assert "research purposes only" in cinekit_gco.__doc__


def test_labels_that_all_cost_the_same_are_decided_by_pair_costs_alone():
    problem = random_problem(3, (4, 5), 3)
    problem.unary[:] = 1
    solution = GcoSolver().solve(problem, np.arange(20, dtype=np.int32).reshape(4, 5) % 3)
    expected = ExpansionSolver(tolerance=0.0).solve(problem, solution.labels)
    assert solution.energy == pytest.approx(expected.energy, rel=1e-4)


def test_costs_that_whole_numbers_cannot_express_are_refused():
    problem = random_problem(0, (4, 5), 3)
    start = ExpansionSolver().solve(problem).labels
    problem.vertical[:] *= np.float32(1e6)
    problem.vertical[np.arange(3)[:, None], np.arange(5), start[:-1], start[1:]] = 0
    with pytest.raises(SolverError, match="cannot express"):
        GcoSolver().solve(problem, start)


@pytest.mark.parametrize("options", [{"sweeps": 0}, {"tolerance": -1.0}, {"algorithm": "fuse"}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        GcoSolver(**options)
