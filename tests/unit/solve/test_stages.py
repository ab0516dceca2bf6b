"""Algorithm 1: what each stage promises, and what the result says about it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cinekit.energy import LoopCosts, energy_terms, period_problem
from cinekit.errors import SolverError
from cinekit.labels import STILL
from cinekit.protocols import Solution, silent
from cinekit.solve import ExpansionSolver, MultiscaleSolver, solve_candidates, solve_periods
from cinekit.solve.initial import first_labels

SOLVERS = [MultiscaleSolver(), ExpansionSolver()]


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: type(s).__name__)
def test_a_planted_loop_is_found_where_it_is_and_with_its_period(planted, solver):
    costs, candidate, mask = planted
    (solved,) = solve_candidates(costs, [candidate], solver)
    assert (solved.labels.looping == mask).mean() > 0.98
    assert (solved.labels.period[mask] % 6 == 0).mean() > 0.95  # 6 or a multiple: both are free
    assert solved.energies["starts"].temporal == pytest.approx(0, abs=1e-6)
    assert solved.energies["starts"].total < solved.energies["before"].total


def test_every_stage_lowers_the_energy_and_reports_its_terms(noise):
    costs, candidates = noise
    for solved in solve_candidates(costs, candidates, MultiscaleSolver()):
        totals = [terms.total for terms in solved.energies.values()]
        assert list(solved.energies)[:3] == ["before", "choice", "starts"]
        assert totals[1] <= totals[0] + 1e-6
        assert totals[2] <= totals[1] + 1e-6
        assert totals[-1] <= totals[2] + 1e-6
        last = energy_terms(costs, solved.candidate, solved.labels)
        assert last == list(solved.energies.values())[-1]
        assert solved.statistics["choice moves"] > 0


class Hasty:
    """Chooses periods, and leaves start frames as they are."""

    def solve(self, problem, start=None, progress=silent):
        if not problem.in_order:
            return ExpansionSolver().solve(problem, start)
        labels = first_labels(problem, start)
        return Solution(labels, problem.energy(labels))


def test_beginning_again_is_kept_only_if_it_lowers_the_energy(noise):
    costs, candidates = noise
    costs = LoopCosts(costs.working, replace(costs.options, alpha_static=3.0))
    once = solve_candidates(costs, candidates, Hasty(), again=False)
    twice = solve_candidates(costs, candidates, Hasty())
    assert any("either" in more.energies for more in twice)
    for one, more in zip(once, twice, strict=True):
        assert list(one.energies) == ["before", "choice", "starts"]
        assert more.energies["starts"] == one.energies["starts"]
        last = list(more.energies.values())[-1].total
        assert last < one.energies["starts"].total or "either" not in more.energies


class Late(Hasty):
    """Moves start frames only when it is asked a third time."""

    def __init__(self, n_frames):
        self.n_frames = n_frames
        self.asked = 0

    def solve(self, problem, start=None, progress=silent):
        self.asked += problem.in_order and problem.n_labels == self.n_frames  # stage 3
        if self.asked < 3:
            return super().solve(problem, start)
        return ExpansionSolver().solve(problem, start)


def test_start_frames_follow_on_the_better_of_both_beginnings(noise):
    costs, candidates = noise
    costs = LoopCosts(costs.working, replace(costs.options, alpha_static=3.0))
    gains = []
    for candidate in candidates:
        (solved,) = solve_candidates(costs, [candidate], Late(costs.n_frames), threads=1)
        *_, before, after = solved.energies.values()
        assert list(solved.energies)[-1] == "starts again"
        gains.append(1 - after.total / before.total)
    assert min(gains) > -1e-6
    assert max(gains) > 1e-3


def test_the_result_does_not_depend_on_the_number_of_threads(noise):
    costs, candidates = noise
    alone, together, all_cores = (
        solve_candidates(costs, candidates, MultiscaleSolver(), threads=n) for n in (1, 3, 0)
    )
    for one, *others in zip(alone, together, all_cores, strict=True):
        for other in others:
            assert (one.labels.period == other.labels.period).all()
            assert (one.labels.start == other.labels.start).all()
            assert one.energies == other.energies


def test_stage_1_gives_every_period_its_own_starts(noise):
    costs, _ = noise
    shared = solve_periods(costs, MultiscaleSolver())
    assert set(shared.starts) == set(costs.periods)
    for period, starts in shared.starts.items():
        problem = period_problem(costs, period)
        assert shared.energies[period] == pytest.approx(problem.energy(starts.astype(np.int32)))
        constant = min(
            problem.energy(np.full(problem.shape, s, np.int32)) for s in range(problem.n_labels)
        )
        assert shared.energies[period] <= constant


def test_pixels_outside_a_still_frame_show_one_frame_where_nothing_moves(planted):
    costs, candidate, mask = planted
    (solved,) = solve_candidates(costs, [candidate], MultiscaleSolver())
    assert (solved.labels.period[~mask] == STILL).mean() > 0.95


@dataclass(frozen=True, kw_only=True)
class Boaster:
    """Reports half the energy it reached."""

    def solve(self, problem, start=None, progress=lambda share: None):
        solution = ExpansionSolver(sweeps=1).solve(problem, start)
        return replace(solution, energy=solution.energy / 2)


def test_a_solver_that_misreports_its_energy_is_caught_with_both_figures(noise):
    costs, candidates = noise
    with pytest.raises(SolverError, match=r"stage 1, period 3 .* received [\d.]+") as caught:
        solve_candidates(costs, candidates, Boaster(), threads=1)
    assert "\n" not in str(caught.value)


def test_progress_of_all_threads_together_rises_to_one(noise):
    costs, candidates = noise
    shares = []
    solve_candidates(costs, candidates, MultiscaleSolver(), threads=2, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert len(shares) > 20
