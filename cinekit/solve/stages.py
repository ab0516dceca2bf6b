"""Algorithm 1 of [O] 3.3: start frames per period, then periods, then start frames again.

    1.  "starts of every period"  for each p > 1: s*|p, the start frame of every pixel; shared
    2.  "choice"                  per candidate: {(p, s*|p)} plus {still at frame s'}
    3.  "starts"                  per candidate: s with p* fixed, still pixels their frame too

and one more round of 2 and 3, kept only where it lowers E. Every energy in the result is computed
from the labels by :func:`cinekit.energy.energy_terms`, which shares no code with the solvers.
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
    energy_terms,
    period_problem,
    start_problem,
)
from cinekit.energy.stages import Prices, start_prices
from cinekit.errors import SolverError
from cinekit.protocols import LabelProblem, Progress, Solution, Solver, silent
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
        can begin with), "choice", "starts", and "choice 2", "starts 2" when a second round helped.
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
    rounds: int = 1,
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
    rounds : most rounds of stages 2 and 3, >= 1; a further one is kept only if it lowers E. On
        clips a second one takes as long as the first and gains at most 0.2 %.
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
            costs, candidate, starts, solver, rounds=rounds, prices=prices, progress=share.of(k)
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
        solution = _solve(solver, problem, None, share.of(k), f"stage 1, period {period}")
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
    rounds: int = 1,
    prices: Prices | None = None,
    progress: Progress = silent,
) -> SolvedCandidate:
    """Stages 2 and 3 for one candidate, and further rounds while they help.

    prices : :func:`cinekit.energy.stages.start_prices` of the shared starts, if they are known.
    """
    began = time.perf_counter()
    energies: dict[str, EnergyTerms] = {}
    statistics: dict[str, float] = {
        "stage 1 energy": float(np.mean(list(shared.energies.values()))),
        "stage 1 seconds": shared.seconds,
    }
    starts = dict(shared.starts)
    best: LoopLabels | None = None
    for round_ in range(rounds):
        part = _part(progress, round_ / rounds, (round_ + 1) / rounds)
        found: dict[str, EnergyTerms] = {}
        counted: dict[str, float] = {}
        suffix = f" {round_ + 1}" if round_ else ""
        choice = choice_problem(costs, starts, candidate, prices)
        labels, before = _round(costs, candidate, choice, solver, part, suffix, found, counted)
        if best is not None and not _total(found) < _total(energies):
            statistics[f"round{suffix} kept"] = 0.0
            break
        if best is None:
            energies["before"] = before
        best = labels
        energies |= found
        statistics |= counted
        # The start frames that stage 3 found are what these pixels offer in the next round.
        starts = {
            p: np.where(labels.period == p, labels.start, s).astype(np.int16)
            for p, s in starts.items()
        }
        prices = None
    if best is None:
        raise SolverError(f"expected rounds >= 1, received {rounds}")
    progress(1.0)
    return SolvedCandidate(
        candidate=candidate,
        labels=best,
        energies=energies,
        statistics=statistics,
        seconds=time.perf_counter() - began,
    )


def _round(
    costs: LoopCosts,
    candidate: Candidate,
    choice: LoopProblem,
    solver: Solver,
    progress: Progress,
    suffix: str,
    energies: dict[str, EnergyTerms],
    statistics: dict[str, float],
) -> tuple[LoopLabels, EnergyTerms]:
    """Stages 2 and 3; fills energies and statistics, returns the labels and the energy before."""
    first = first_labels(choice)
    before = energy_terms(costs, candidate, choice.loops(first))
    chosen = _solve(solver, choice, first, _part(progress, 0.0, 0.5), "stage 2")
    labels = choice.loops(chosen.labels)
    energies[f"choice{suffix}"] = _checked(costs, candidate, labels, chosen, "stage 2")
    frames = start_problem(costs, labels.period, candidate)
    begin = labels.start.astype(np.int32)
    moved = _solve(solver, frames, begin, _part(progress, 0.5, 1.0), "stage 3")
    labels = frames.loops(moved.labels)
    energies[f"starts{suffix}"] = _checked(costs, candidate, labels, moved, "stage 3")
    for name, solution in (("choice", chosen), ("starts", moved)):
        for key, value in solution.statistics.items():
            statistics[f"{name}{suffix} {key}"] = float(value)
    return labels, before


def _solve(
    solver: Solver,
    problem: LabelProblem,
    start: NDArray[np.int32] | None,
    progress: Progress,
    stage: str,
) -> Solution:
    """Run the solver and hold what it says against the problem."""
    solution = solver.solve(problem, start, progress)
    _compare(stage, solution.energy, problem.energy(solution.labels))
    return solution


def _checked(
    costs: LoopCosts, candidate: Candidate, labels: LoopLabels, solution: Solution, stage: str
) -> EnergyTerms:
    """The energy term by term, which must be what the solver reported."""
    terms = energy_terms(costs, candidate, labels)
    _compare(stage, solution.energy, terms.total)
    return terms


def _compare(stage: str, reported: float, independent: float) -> None:
    if not abs(reported - independent) <= ENERGY_TOLERANCE * abs(independent) + 1e-3:
        raise SolverError(
            f"expected the solver of {stage} to report the energy of its labels, "
            f"{independent:.6g}, received {reported:.6g}: its costs are not those of the problem"
        )


def _total(energies: Mapping[str, EnergyTerms]) -> float:
    """E after the last stage."""
    return list(energies.values())[-1].total


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
