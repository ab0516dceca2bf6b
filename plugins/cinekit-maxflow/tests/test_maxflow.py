"""PyMaxflow as a minimum cut behind cinekit's expansion."""

from pathlib import Path

import cinekit_maxflow
import numpy as np
import pytest
from cinekit_maxflow.solver import MaxflowSolver

from cinekit import ExpansionSolver
from cinekit.testing import PackageSuite, SolverSuite, line_problem, random_problem


class TestPackage(PackageSuite):
    distribution = "cinekit-maxflow"


class TestMaxflow(SolverSuite):
    def solver(self):
        return MaxflowSolver()


@pytest.mark.parametrize("seed", range(3))
def test_finds_the_same_cut_as_the_core(seed):
    rng = np.random.default_rng(seed)
    h, w = 17, 23
    terminal = rng.normal(size=(h, w)).astype(np.float32)
    edges = [rng.random(shape, np.float32) for shape in [(h - 1, w)] * 2 + [(h, w - 1)] * 2]
    segments, flow = MaxflowSolver().cut(terminal, *edges)
    own, own_flow = ExpansionSolver().cut(terminal, *edges)
    assert flow == pytest.approx(own_flow, rel=1e-5)
    assert (segments == own).all()  # real-valued random costs: one optimum


@pytest.mark.parametrize("make", [random_problem, line_problem])
def test_reaches_the_energy_of_the_core_s_expansion(make):
    problem = make(3, (12, 14), 5)
    assert MaxflowSolver().solve(problem).energy == pytest.approx(
        ExpansionSolver().solve(problem).energy, rel=1e-5
    )


def test_both_documents_state_the_licence_first():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert "GNU General Public License" in " ".join(readme.split())[:200]
    assert "GPL" in cinekit_maxflow.__doc__
