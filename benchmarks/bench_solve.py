"""Solvers against naive expansion with PyMaxflow, stage by stage: seconds, energy, bound, memory.

    python benchmarks/bench_solve.py [--sizes tiny,small,medium,large,long]
        [--clips synthetic,sea_rocks] [--solvers naive,multiscale,expansion,...] [--threads 2]
        [--candidates 4]

Sizes are those of the clip: tiny 96x54x48, small 240x135x60, medium 480x270x100, large 960x540x150;
the energy is solved on the working clip of the defaults. "long" is large with all its frames in the
working clip, 480x270x150. Every solver runs in a process of its own, one after the other, kernels
compiled before the clock starts. "naive" is alpha-expansion as one would write it: two sweeps over
all labels from the best constant start, every move with freshly computed pair costs (by the same
numba kernels) and a fresh PyMaxflow graph; stages 2 and 3 once.

Beside the names of ``cinekit plugins`` there are ``bound`` (message passing on the pixels, for its
lower bound of the periods p >= t/2), ``keep_99`` and ``keep_90`` (multiscale with fewer labels) and
``gco_swap``. Needs cinekit-maxflow, and for clips other than ``synthetic`` the test data.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cinekit import read_clip
from cinekit.clip import ClipOptions
from cinekit.energy import EnergyOptions, LoopCosts, LoopProblem, WorkingOptions, make_working
from cinekit.errors import SolverError
from cinekit.model import Candidate, Clip
from cinekit.plug.registry import load_plugins
from cinekit.protocols import Solution, Solver, silent
from cinekit.see import RegionOptions, select_regions
from cinekit.see.candidates import CandidateOptions, make_candidates
from cinekit.see.motion import MotionSegmenter
from cinekit.solve import MultiscaleSolver, solve_candidates
from cinekit.solve.moves import Moves
from cinekit.testing import demo_clip

SIZES = {
    "tiny": (54, 96, 48),
    "small": (135, 240, 60),
    "medium": (270, 480, 100),
    "large": (540, 960, 150),
    "long": (540, 960, 150),
}
WORKING = {"long": WorkingOptions(every=1, min_frames=1)}


@dataclass(frozen=True, kw_only=True)
class NaiveSolver:
    """Expansion as one would write it; see the top of the file."""

    sweeps: int = 2

    def solve(self, problem: LoopProblem, start=None, progress=silent) -> Solution:
        from cinekit_maxflow.solver import MaxflowSolver

        cut = MaxflowSolver().cut
        labels = None if problem.period.label_stride else start  # stage 3 goes on from stage 2
        if labels is None:
            best = problem.unary.sum(axis=(1, 2)).argmin()
            labels = np.full(problem.shape, best, np.int32)
        for _ in range(self.sweeps):
            for label in range(problem.n_labels):
                move = Moves.of(problem, labels, cut)  # computes the current pair costs anew
                move.propose(label)
                labels = move.labels
        return Solution(labels=labels, energy=problem.energy(labels))


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """A solver that writes down what another one did."""

    solver: Any
    rows: list[dict[str, Any]] = field(default_factory=list)

    def solve(self, problem: LoopProblem, start=None, progress=silent) -> Solution:
        began = time.thread_time()
        solution = self.solver.solve(problem, start, progress)
        seconds = time.thread_time() - began
        stage = 1 if problem.single_period else 2 if problem.period.label_stride else 3
        self.rows.append(
            {
                "stage": stage,
                "period": problem.single_period,
                "labels": problem.n_labels,
                "line": stage == 1 and problem.line() is not None,
                "seconds": seconds,
                "energy": solution.energy,
                "bound": solution.bound,
                "truncated": solution.statistics.get("truncated"),
            }
        )
        return solution


def gco_swap() -> Solver:
    from cinekit_gco.solver import GcoSolver

    return GcoSolver(algorithm="swap")


OTHERS: Mapping[str, Callable[[], Any]] = {
    "naive": NaiveSolver,
    "bound": partial(MultiscaleSolver, levels=0, iterations=100, polish=1),
    "keep_99": partial(MultiscaleSolver, keep=0.99),
    "keep_90": partial(MultiscaleSolver, keep=0.9),
    "gco_swap": gco_swap,
}


def load(name: str, size: tuple[int, int, int]) -> Clip:
    """A clip at most this large, (H, W, T)."""
    height, width, frames = size
    if name == "synthetic":
        return demo_clip(size=(height, width), frames=frames)
    data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data"))
    file = next((data / "videos").glob(f"{name}.*"))
    clip = read_clip(file, ClipOptions(max_height=height, max_width=width))
    return Clip(clip.frames[:frames], clip.fps, clip.name)


def problem_of(
    clip: Clip, working: WorkingOptions, energy: EnergyOptions | None = None
) -> tuple[LoopCosts, list[Candidate]]:
    """The costs of a clip, with the candidates of the motion segmenter."""
    response = MotionSegmenter().respond(clip)
    regions = select_regions(clip, response, RegionOptions())
    costs = LoopCosts(make_working(clip, response, regions, working), energy or EnergyOptions())
    return costs, list(make_candidates(regions, CandidateOptions()))


def peak_memory(reset: bool = False) -> float | None:
    """Largest resident size since the last reset, bytes; None where the system is not Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
    return 1024.0 * int(line.split()[1])


def job(clip: str, size: str, name: str, threads: int, most: int) -> dict[str, Any]:
    """One solver on one clip, in this process."""
    solver = OTHERS[name]() if name in OTHERS else load_plugins().get("solver", name)()
    # The same clip tiny first: compiles everything, whatever the number of channels.
    costs, candidates = problem_of(load(clip, SIZES["tiny"]), WorkingOptions(min_side=1))
    try:
        solve_candidates(costs, candidates[:1], solver, threads=1)
    except SolverError as error:
        return {"refused": str(error)}
    working = WORKING.get(size, WorkingOptions())
    costs, candidates = problem_of(load(clip, SIZES[size]), working)
    before = peak_memory(reset=True)
    recorder = Recorder(solver=solver)
    began, cpu = time.perf_counter(), time.process_time()
    again = name != "naive"
    solved = solve_candidates(costs, candidates[:most], recorder, threads=threads, again=again)
    after = peak_memory()
    return {
        "working": [*costs.size[::-1], costs.n_frames],
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "gigabytes": (after - before) / 1e9 if after and before else None,
        "rows": recorder.rows,
        "candidates": {
            one.candidate.id: list(one.energies.values())[-1].total for one in solved
        },
    }  # fmt: skip


def show(clip: str, size: str, results: dict[str, dict[str, Any]]) -> None:
    """One table: a row per solver, as markdown."""
    naive = results.get("naive", {})
    first = next((r for r in results.values() if "rows" in r), None)
    if first is None:
        return
    w, h, t = first["working"]
    print(f"\n**{clip}, {size}**: working clip {w}x{h}x{t}\n")
    print(
        "| solver | stage 1, s | energy | p >= t/2, s | energy | bound | stage 2, s | stage 3, s "
        "| wall, s | energy of candidates | truncated | GB |\n" + "| --- " * 12 + "|"
    )
    for name, result in results.items():
        if "refused" in result:
            print(f"| {name} | {result['refused']} |" + " |" * 10)
            continue
        cells = []
        for chosen in (_is_stage(1), _is_line):
            seconds, energy = total(result, "seconds", chosen), total(result, "energy", chosen)
            if naive and name != "naive":
                rival = total(naive, "seconds", chosen), total(naive, "energy", chosen)
                cells += [f"{seconds:.2f} (1/{rival[0] / max(seconds, 1e-9):.1f})"]
                cells += [f"{energy:.2f} ({energy / max(rival[1], 1e-9):.3f})"]
            else:
                cells += [f"{seconds:.2f}", f"{energy:.2f}"]
        bounds = [r["bound"] for r in result["rows"] if _is_line(r)]
        cells += [f"{sum(bounds):.2f}" if bounds and None not in bounds else ""]
        cells += [f"{total(result, 'seconds', _is_stage(k)):.2f}" for k in (2, 3)]
        ratio = f" (1/{naive['wall'] / result['wall']:.1f})" if naive else ""
        energies = " ".join(f"{e:.2f}" for e in result["candidates"].values())
        truncated = sum(r["truncated"] or 0 for r in result["rows"])
        cells += [f"{result['wall']:.2f}{ratio}", energies, f"{truncated:.0f}"]
        memory = result["gigabytes"]
        cells += ["" if memory is None else f"{memory:.2f}"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def total(result: dict[str, Any], key: str, chosen: Callable[[dict[str, Any]], bool]) -> float:
    """Sum of a column over some rows."""
    return float(sum(row[key] for row in result["rows"] if chosen(row)))


def _is_stage(stage: int) -> Callable[[dict[str, Any]], bool]:
    return lambda row: bool(row["stage"] == stage)


def _is_line(row: dict[str, Any]) -> bool:
    return bool(row["line"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="small")
    parser.add_argument("--clips", default="synthetic")
    parser.add_argument("--solvers", default="naive,multiscale,expansion,maxflow")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        print(json.dumps(job(*given.job, given.threads, given.candidates)))
        return
    limits = ["--threads", str(given.threads), "--candidates", str(given.candidates)]
    for clip in given.clips.split(","):
        for size in given.sizes.split(","):
            results = {}
            for name in given.solvers.split(","):
                command = [sys.executable, __file__, "--job", clip, size, name, *limits]
                printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                results[name] = json.loads(printed.stdout.splitlines()[-1])
            show(clip, size, results)


if __name__ == "__main__":
    main()
