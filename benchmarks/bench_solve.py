"""Solvers against naive expansion with PyMaxflow, stage by stage, in one run.

    python benchmarks/bench_solve.py [--clips synthetic,sea_rocks] [--lines 135] [--threads 1]
        [--solvers multiscale,expansion,maxflow] [--stages]

"naive" is alpha-expansion as one would write it: the best constant start, two sweeps over all
labels, every move with freshly computed pair costs (by the same numba kernels) and a fresh
PyMaxflow graph. Seconds are CPU seconds of one thread (--stages: wall seconds). Needs the
plugin cinekit-maxflow, and the test data for clips other than ``synthetic``.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cinekit import read_clip
from cinekit.energy import (
    EnergyOptions,
    LoopCosts,
    LoopProblem,
    WorkingOptions,
    make_working,
    period_problem,
)
from cinekit.plugins import load_plugins
from cinekit.protocols import Solution, silent
from cinekit.semantics import RegionOptions, select_regions
from cinekit.semantics.candidates import CandidateOptions, make_candidates
from cinekit.semantics.motion import MotionSegmenter
from cinekit.solve import solve_candidate, solve_periods
from cinekit.solve.moves import Fusion
from cinekit.testing import demo_clip
from cinekit.types import Candidate


@dataclass(frozen=True, kw_only=True)
class NaiveSolver:
    """Expansion as one would write it; see the top of the file."""

    sweeps: int = 2

    def solve(self, problem: LoopProblem, start=None, progress=silent) -> Solution:
        from cinekit_maxflow.solver import MaxflowSolver

        cut = MaxflowSolver().cut
        labels = start
        if labels is None:
            best = problem.unary.sum(axis=(1, 2)).argmin()
            labels = np.full(problem.shape, best, np.int32)
        for _ in range(self.sweeps):
            for label in range(problem.n_labels):
                move = Fusion(problem, labels, cut)  # computes the current pair costs anew
                move.propose(label)
                labels = move.labels
        return Solution(labels=labels, energy=problem.energy(labels))


def load(name: str, lines: int) -> tuple[LoopCosts, list[Candidate]]:
    """The costs of a clip at a working height, with the candidates of the motion segmenter."""
    if name == "synthetic":
        clip = demo_clip()
    else:
        data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data"))
        clip = read_clip(next((data / "videos").glob(f"{name}.*")))
    response = MotionSegmenter().respond(clip)
    regions = select_regions(clip, response, RegionOptions())
    options = WorkingOptions(scale=min(1.0, lines / min(clip.size)), min_side=1)
    working = make_working(clip, response, regions, options)
    return LoopCosts(working, EnergyOptions()), list(make_candidates(regions, CandidateOptions()))


def stage_1(costs: LoopCosts, solvers: dict[str, object]) -> None:
    """Energy and seconds of every period, one row each, and the totals."""
    seconds = dict.fromkeys(solvers, 0.0)
    energy = dict.fromkeys(solvers, 0.0)
    long = {name: [0.0, 0.0] for name in solvers}
    print(f"{'p':>4} {'L':>3} line  " + "  ".join(f"{n:>22}" for n in solvers))
    for period in costs.periods:
        cells = []
        for name, solver in solvers.items():
            problem = period_problem(costs, period)  # fresh: nothing cached by another solver
            began = time.process_time()
            solution = solver.solve(problem)
            took = time.process_time() - began
            reached = problem.energy(solution.labels)
            seconds[name] += took
            energy[name] += reached
            if problem.line() is not None:
                long[name][0] += reached
                long[name][1] += took
            cells.append(f"{reached:12.2f} {took:7.2f} s")
        line = "yes " if problem.line() is not None else "no  "
        print(f"{period:>4} {problem.n_labels:>3} {line}  " + "  ".join(cells), flush=True)
    for name in solvers:
        print(
            f"{name:>12}: E {energy[name]:.2f} = {energy[name] / energy['naive']:.3f} of naive, "
            f"{seconds[name]:.2f} s = 1/{seconds['naive'] / seconds[name]:.1f}; line metric: "
            f"E {long[name][0] / max(long['naive'][0], 1e-9):.3f}, "
            f"1/{long['naive'][1] / max(long[name][1], 1e-9):.1f}"
        )


def all_stages(
    costs: LoopCosts, candidates: list[Candidate], solvers: dict[str, object], threads: int
) -> None:
    """The whole of Algorithm 1: final energy of each candidate, seconds of the stages."""
    for name, solver in solvers.items():
        rounds = 1 if name == "naive" else 2
        shared = solve_periods(costs, solver, threads=threads)
        print(f"{name:>12}: stage 1 {shared.seconds:.2f} s")
        for candidate in candidates:
            solved = solve_candidate(costs, candidate, shared, solver, rounds=rounds)
            steps = ", ".join(f"{k} {v.total:.2f}" for k, v in solved.energies.items())
            print(f"{'':>12}  {candidate.id}: {steps}; {solved.seconds:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", default="synthetic")
    parser.add_argument("--lines", type=int, default=135)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--solvers", default="multiscale,expansion,maxflow")
    parser.add_argument("--stages", action="store_true", help="run all stages for all candidates")
    arguments = parser.parse_args()
    plugins = load_plugins()
    names = [name for name in arguments.solvers.split(",") if name]
    solvers = {"naive": NaiveSolver()} | {n: plugins.get("solver", n)() for n in names}
    small, few = load("synthetic", 32)  # compiles everything before the clock starts
    for solver in solvers.values():
        solve_candidate(small, few[0], solve_periods(small, solver, threads=1), solver)
    for name in arguments.clips.split(","):
        costs, candidates = load(name, arguments.lines)
        h, w = costs.size
        print(f"\n{name} {w}x{h}x{costs.n_frames}, features {costs.features.shape[-1]}")
        if arguments.stages:
            all_stages(costs, candidates, solvers, arguments.threads)
        else:
            stage_1(costs, solvers)


if __name__ == "__main__":
    main()
