"""Algorithm 1 of [O] 3.3: start frames per period, then periods, then start frames again.

    1.  "starts of every period"  for each p > 1: s*|p, the start frame of every pixel; shared
    2.  "choice"                  per candidate: {(p, s*|p)} plus {still at frame s'}
    3.  "starts"                  per candidate: s with p* fixed, still pixels their frame too

Stage 2 begins where everything stands still. Stages 2 and 3 are gone through twice, the second time
with one start frame for all pixels of a period. That sometimes ends lower, at least somewhere: one
cut takes the better of both, "either", kept where it lowers E, and stage 3 follows, "starts again".
Every energy in the result is computed from the labels by :func:`cinekit.energy.energy_terms`, which
shares no code with the solvers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.energy import (
    LoopCosts,
    choice_problem,
    constant_starts,
    either_problem,
    energy_terms,
    period_problem,
    start_problem,
)
from cinekit.energy.stages import Prices, start_prices
from cinekit.errors import SolverError
from cinekit.labels import LabelMap
from cinekit.model import Candidate, EnergyTerms
from cinekit.protocols import Progress, Solution, Solver, silent

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
    energies : by stage, in the order they ran: "before" (everything stands still), "choice",
        "starts", and with ``again`` "either", where that lowered it, and "starts again".
    statistics : the solver's counts by stage ("choice moves" ...), and "stage 1 energy", the mean
        over the periods.
    seconds : of the threads that did stages 2 and 3; stage 1 is shared, see "stage 1 seconds".
    """

    candidate: Candidate
    labels: LabelMap
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
    again : whether stages 2 and 3 begin a second time, with constant start frames, and stage 3
        follows on the better of both. That more than doubles the time of these stages.
    shared : what :func:`solve_periods` found for the same costs and solver, if that is known.

    Raises
    ------
    SolverError
        When a solver's energy is not the independently computed one, or a pixel has no allowed
        label.
    """
    if shared is None:
        shared = solve_periods(costs, solver, threads=threads, progress=_part(progress, 0.0, 0.5))
    prices = start_prices(costs, shared.starts)
    beginnings = 2 if again else 1
    jobs = [(candidate, bool(k)) for candidate in candidates for k in range(beginnings)]
    share = _Shared(_part(progress, 0.5, 0.99), len(jobs))

    def begin(item: tuple[int, tuple[Candidate, bool]]) -> _Run:
        k, (candidate, constant) = item
        starts = None if constant else (shared.starts, prices)
        return _run(costs, candidate, starts, solver, share.of(k))

    def finish(item: tuple[Candidate, list[_Run]]) -> SolvedCandidate:
        return _finished(costs, *item, shared, solver)

    runs = _in_threads(begin, enumerate(jobs), threads)
    of_each = [runs[k : k + beginnings] for k in range(0, len(runs), beginnings)]
    solved = _in_threads(finish, zip(candidates, of_each, strict=True), threads)
    progress(1.0)
    return solved


def solve_periods(
    costs: LoopCosts, solver: Solver, *, threads: int = 2, progress: Progress = silent
) -> PeriodStarts:
    """Stage 1: for each period the best start frame of every pixel."""
    began = time.perf_counter()
    share = _Shared(progress, len(costs.periods))

    def one(item: tuple[int, int]) -> tuple[NDArray[np.int16], float]:
        k, period = item
        problem = period_problem(costs, period)
        solution = contract.solve(solver, problem, None, share.of(k))
        _compare(f"stage 1, period {period}", solution.energy, problem.energy(solution.labels))
        return problem.loops(solution.labels).start, solution.energy

    solved = _in_threads(one, list(enumerate(costs.periods)), threads)
    return PeriodStarts(
        starts={p: starts for p, (starts, _) in zip(costs.periods, solved, strict=True)},
        energies={p: energy for p, (_, energy) in zip(costs.periods, solved, strict=True)},
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """Stages 2 and 3, gone through once.

    unary : float32 (h, w), the unary cost of every pixel's loop. energy : of stage 3. energies and
    statistics : as in :class:`SolvedCandidate`, of the first beginning; empty of others.
    """

    loops: LabelMap
    unary: NDArray[np.float32]
    energy: float
    energies: Mapping[str, EnergyTerms]
    statistics: Mapping[str, float]
    seconds: float


def _run(
    costs: LoopCosts,
    candidate: Candidate,
    first: tuple[Starts, Prices] | None,
    solver: Solver,
    progress: Progress,
) -> _Run:
    """Stages 2 and 3.

    first : stage 1's start frames and what they cost, for the first beginning, whose energies are
        noted and compared with the solver's; None begins with constant ones.
    """
    began = time.perf_counter()
    account = first is not None
    starts, prices = first or (constant_starts(costs, candidate), None)
    problem = choice_problem(costs, starts, candidate, prices)
    labels = np.full(problem.shape, problem.n_labels - 1, np.int32)  # the last label is a still one
    record = _Record(costs, candidate)
    if account:
        record.note("before", problem.loops(labels))
    chosen = contract.solve(solver, problem, labels, _part(progress, 0.0, 0.5))
    loops = problem.loops(chosen.labels)
    if account:
        record.note("choice", loops, chosen)
    problem = start_problem(costs, loops.period, candidate)
    moved = contract.solve(solver, problem, loops.start.astype(np.int32), _part(progress, 0.5, 1.0))
    loops = problem.loops(moved.labels)
    if account:
        record.note("starts", loops, moved)
    unary = np.take_along_axis(problem.unary, moved.labels[None].astype(np.int64), axis=0)[0]
    seconds = time.perf_counter() - began
    return _Run(loops, unary, moved.energy, record.energies, record.statistics, seconds)


def _finished(
    costs: LoopCosts,
    candidate: Candidate,
    runs: Sequence[_Run],
    shared: PeriodStarts,
    solver: Solver,
) -> SolvedCandidate:
    """The better of what was found, pixel by pixel, and stage 3 from there."""
    began = time.perf_counter()
    first = runs[0]
    loops = first.loops
    record = _Record(costs, candidate, dict(first.energies), dict(first.statistics))
    if len(runs) > 1:
        either = either_problem(costs, [run.loops for run in runs], [run.unary for run in runs])
        best = int(np.argmin([run.energy for run in runs]))
        fused = contract.solve(solver, either, np.full(costs.size, best, np.int32))
        if fused.energy < first.energy:
            loops = either.loops(fused.labels)
            record.note("either", loops, fused)
        problem = start_problem(costs, loops.period, candidate)
        moved = contract.solve(solver, problem, loops.start.astype(np.int32))
        loops = problem.loops(moved.labels)
        record.note("starts again", loops, moved)
    record.statistics["stage 1 energy"] = float(np.mean(list(shared.energies.values())))
    record.statistics["stage 1 seconds"] = shared.seconds
    seconds = time.perf_counter() - began + sum(run.seconds for run in runs)
    return SolvedCandidate(candidate, loops, record.energies, record.statistics, seconds)


@dataclass(frozen=True)
class _Record:
    """What the stages of one candidate reached."""

    costs: LoopCosts
    candidate: Candidate
    energies: dict[str, EnergyTerms] = field(default_factory=dict)
    statistics: dict[str, float] = field(default_factory=dict)

    def note(self, stage: str, loops: LabelMap, solution: Solution | None = None) -> None:
        """The energy of a stage, and what its solver says."""
        self.energies[stage] = energy_terms(self.costs, self.candidate, loops)
        if solution is None:
            return
        _compare(f'stage "{stage}"', solution.energy, self.energies[stage].total)
        for key, value in solution.statistics.items():
            self.statistics[f"{stage} {key}"] = float(value)


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
