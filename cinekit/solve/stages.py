"""Algorithm 1 of [O] 3.3: start frames per period, then periods, then start frames again.

    1.  "starts of every period"  for each p > 1: s*|p, the start frame of every pixel; shared
    2.  "choice"                  per candidate: {(p, s*|p)} plus {still at frame s'}
    3.  "starts"                  per candidate: s with p* fixed, still pixels their frame too

Stages 2 and 3 then begin again, with one start frame for all pixels of a period. That sometimes
ends lower, at least somewhere: one cut takes the better of both, "either", kept where it lowers E.
Every energy in the result is computed from the labels by :func:`cinekit.energy.energy_terms`, which
shares no code with the solvers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import (
    LoopCosts,
    LoopProblem,
    choice_problem,
    constant_starts,
    either_problem,
    energy_terms,
    period_problem,
    start_problem,
)
from cinekit.energy.stages import Prices, start_prices
from cinekit.errors import SolverError
from cinekit.protocols import Progress, Solution, Solver, silent
from cinekit.solve.starts import first_labels
from cinekit.types import Candidate, EnergyTerms, LoopLabels

Starts = Mapping[int, NDArray[np.int16]]

ENERGY_TOLERANCE = 1e-3
"""Largest relative difference between a solver's energy and the independent one: float32 sums of
float32 costs against float64 sums of the literal equation."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, eq=False)
class SolvedCandidate:
    """What Algorithm 1 found for one candidate.

    labels : at working size, in working frames.
    energies : by stage, in the order they ran: "before" (the best single label map that stage 2
        can begin with), "choice", "starts", and "either" when beginning again helped.
    statistics : the solver's counts by stage ("choice moves" ...), and "stage 1 energy", the mean
        over the periods.
    seconds : wall time of stages 2 and 3; stage 1 is shared, see "stage 1 seconds".
    """

    candidate: Candidate
    labels: LoopLabels
    energies: Mapping[str, EnergyTerms]
    statistics: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, eq=False)
class PeriodStarts:
    """Stage 1: the same for every candidate.

    starts : s*|p as int16 (h, w) by working period.
    energies : what each period's labelling costs, temporal and spatial.
    """

    starts: Starts
    energies: Mapping[int, float]
    seconds: float


def solve_candidates(
    costs: LoopCosts,
    candidates: Sequence[Candidate],
    solver: Solver,
    *,
    threads: int = 2,
    again: bool = True,
    shared: PeriodStarts | None = None,
    progress: Progress = silent,
) -> list[SolvedCandidate]:
    """Algorithm 1 for every candidate of a clip.

    Parameters
    ----------
    costs : what all stages share.
    candidates : at least one; their order is kept.
    solver : used for every stage; called from several threads at once.
    threads : how many, >= 1; 0 takes one per core. The result does not depend on it.
    again : whether stages 2 and 3 begin a second time, with constant start frames. That takes as
        long as the first time; on clips it gains 0.1 % on average, and 8 % at best.
    shared : what :func:`solve_periods` found for the same costs and solver, if that is known.

    Raises
    ------
    SolverError
        When a solver's energy is not the independently computed one, or a pixel has no allowed
        label.
    """
    if shared is None:
        shared = solve_periods(costs, solver, threads=threads, progress=_part(progress, 0.0, 0.5))
    starts = shared
    share = _Shared(_part(progress, 0.5, 1.0), len(candidates))
    prices = start_prices(costs, starts.starts)

    def one(item: tuple[int, Candidate]) -> SolvedCandidate:
        k, candidate = item
        return solve_candidate(
            costs, candidate, starts, solver, again=again, prices=prices, progress=share.of(k)
        )

    return _in_threads(one, list(enumerate(candidates)), threads)


def solve_periods(
    costs: LoopCosts, solver: Solver, *, threads: int = 2, progress: Progress = silent
) -> PeriodStarts:
    """Stage 1: for each period the best start frame of every pixel."""
    began = time.perf_counter()
    share = _Shared(progress, len(costs.periods))

    def one(item: tuple[int, int]) -> tuple[NDArray[np.int16], float]:
        k, period = item
        problem = period_problem(costs, period)
        solution = solver.solve(problem, None, share.of(k))
        _compare(f"stage 1, period {period}", solution.energy, problem.energy(solution.labels))
        return problem.loops(solution.labels).start, solution.energy

    solved = _in_threads(one, list(enumerate(costs.periods)), threads)
    return PeriodStarts(
        starts={p: starts for p, (starts, _) in zip(costs.periods, solved, strict=True)},
        energies={p: energy for p, (_, energy) in zip(costs.periods, solved, strict=True)},
        seconds=time.perf_counter() - began,
    )


def solve_candidate(
    costs: LoopCosts,
    candidate: Candidate,
    shared: PeriodStarts,
    solver: Solver,
    *,
    again: bool = True,
    prices: Prices | None = None,
    progress: Progress = silent,
) -> SolvedCandidate:
    """Stages 2 and 3 for one candidate, see :func:`solve_candidates`.

    prices : :func:`cinekit.energy.stages.start_prices` of the shared starts, if they are known.
    """
    began = time.perf_counter()
    choice = choice_problem(costs, shared.starts, candidate, prices)
    first = first_labels(choice)
    energies = {"before": energy_terms(costs, candidate, choice.loops(first))}
    statistics: dict[str, float] = {
        "stage 1 energy": float(np.mean(list(shared.energies.values()))),
        "stage 1 seconds": shared.seconds,
    }

    def note(stage: str, labels: LoopLabels, solution: Solution) -> None:
        energies[stage] = energy_terms(costs, candidate, labels)
        _compare(f'stage "{stage}"', solution.energy, energies[stage].total)
        for key, value in solution.statistics.items():
            statistics[f"{stage} {key}"] = float(value)

    half = 0.5 if again else 1.0
    chosen = solver.solve(choice, first, _part(progress, 0.0, 0.5 * half))
    note("choice", choice.loops(chosen.labels), chosen)
    moved = _solve_starts(
        costs, candidate, choice, chosen, solver, _part(progress, 0.5 * half, half)
    )
    labels = moved.loops
    note("starts", labels, moved.solution)
    if again:
        choice = choice_problem(costs, constant_starts(costs, candidate), candidate)
        first = first_labels(choice)
        chosen = solver.solve(choice, first, _part(progress, 0.5, 0.75))
        other = _solve_starts(costs, candidate, choice, chosen, solver, _part(progress, 0.75, 1.0))
        found = [moved, other]
        either = either_problem(costs, [(one.problem, one.solution.labels) for one in found])
        best = int(other.solution.energy < moved.solution.energy)
        fused = solver.solve(either, np.full(costs.size, best, np.int32))
        if fused.energy < moved.solution.energy:
            labels = either.loops(fused.labels)
            note("either", labels, fused)
    progress(1.0)
    return SolvedCandidate(
        candidate=candidate,
        labels=labels,
        energies=energies,
        statistics=statistics,
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, eq=False)
class _Moved:
    """Stage 3, solved."""

    problem: LoopProblem
    solution: Solution

    @property
    def loops(self) -> LoopLabels:
        return self.problem.loops(self.solution.labels)


def _solve_starts(
    costs: LoopCosts,
    candidate: Candidate,
    choice: LoopProblem,
    chosen: Solution,
    solver: Solver,
    progress: Progress,
) -> _Moved:
    """Stage 3 from what stage 2 chose."""
    labels = choice.loops(chosen.labels)
    problem = start_problem(costs, labels.period, candidate)
    return _Moved(problem, solver.solve(problem, labels.start.astype(np.int32), progress))


def _compare(stage: str, reported: float, independent: float) -> None:
    if not abs(reported - independent) <= ENERGY_TOLERANCE * abs(independent) + 1e-3:
        raise SolverError(
            f"expected the solver of {stage} to report the energy of its labels, "
            f"{independent:.6g}, received {reported:.6g}: its costs are not those of the problem"
        )


def _part(progress: Progress, begin: float, end: float) -> Progress:
    """Progress of a part of the work, as progress of the whole."""
    return lambda share: progress(begin + (end - begin) * share)


class _Shared:
    """One progress over jobs that run side by side."""

    def __init__(self, progress: Progress, jobs: int) -> None:
        self._progress = progress
        self._shares = [0.0] * jobs
        self._lock = threading.Lock()

    def of(self, job: int) -> Progress:
        """The progress callback of one job."""

        def report(share: float) -> None:
            with self._lock:
                self._shares[job] = share
                self._progress(sum(self._shares) / len(self._shares))

        return report


def _in_threads(work: Callable[[_In], _Out], items: Iterable[_In], threads: int) -> list[_Out]:
    """Results in the order of the items; the kernels release the GIL. The first error is raised."""
    if threads == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        return list(pool.map(work, items))
