"""Times of the energy at working size: 480x270, 37 frames (a clip of 960x540, 150 frames).

    python benchmarks/bench_energy.py [--categories K] [--size WxH] [--frames t]

Prints the median of several runs in milliseconds, CPU of one thread, and the memory of the arrays
that live through the job. The clip is procedural: a rippling lower half, a still upper half.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from cinekit.energy import (
    EnergyOptions,
    LoopCosts,
    WorkingClip,
    choice_problem,
    period_problem,
    start_problem,
)
from cinekit.energy.evaluate import energy_terms
from cinekit.model import Candidate


def ripples(t: int, h: int, w: int, categories: int) -> WorkingClip:
    """A working clip whose lower half ripples with a period of 12 frames, with K + 1 channels."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    low = y > h / 2
    base = 0.4 + 0.1 * np.sin(x / 17) * np.cos(y / 23)
    frames = np.empty((t, h, w, 3), np.float32)
    for k in range(t):
        wave = 0.1 * np.sin(0.15 * x + 0.3 * y + 2 * np.pi * k / 12) * low
        frames[k] = (base + wave)[..., None] + 0.01 * rng.standard_normal((h, w, 3))
    response = rng.integers(0, 255 // categories, (t, h, w, categories + 1), np.uint8)
    histogram = np.zeros((h, w, categories + 1), np.float32)
    histogram[..., 0], histogram[..., -1] = low, ~low
    return WorkingClip(
        frames=frames.clip(0, 1),
        response=response,
        histogram=histogram,
        natural=low,
        moving=low,
        rigid=np.zeros((h, w), np.int16),
        every=4,
        source_frames=4 * t,
    )


def smooth_labels(n_labels: int, h: int, w: int, seed: int = 0) -> np.ndarray:
    """Large patches of labels, like those that solvers find: int32 (h, w)."""
    coarse = np.random.default_rng(seed).integers(0, n_labels, (-(-h // 30), -(-w // 30)))
    return coarse.repeat(30, 0).repeat(30, 1)[:h, :w].astype(np.int32)


def measure(name: str, run: Callable[[], object], repeat: int = 7) -> None:
    """Print the median time of a call, after one call that compiles."""
    run()
    times = []
    for _ in range(repeat):
        begin = time.thread_time()
        run()
        times.append(time.thread_time() - begin)
    print(f"{name:46s} {1e3 * statistics.median(times):9.2f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--categories", type=int, default=2)
    parser.add_argument("--size", default="480x270")
    parser.add_argument("--frames", type=int, default=37)
    given = parser.parse_args()
    w, h = map(int, given.size.split("x"))
    working = ripples(given.frames, h, w, given.categories)
    measure("LoopCosts", lambda: LoopCosts(working, EnergyOptions()), 3)
    costs = LoopCosts(working, EnergyOptions())
    arrays = {
        "frames": working.frames,
        "response": working.response,
        "features": costs.features,
        "squares": costs.squares,
    }
    print({name: f"{a.nbytes / 1e6:.0f} MB" for name, a in arrays.items()}, costs.features.shape)
    candidate = Candidate("low", ("low",), working.natural)
    starts = {}
    for p in costs.periods:
        problem = period_problem(costs, p)
        starts[p] = smooth_labels(problem.n_labels, h, w, p)
    p = costs.periods[0]
    measure("start_costs(p), shortest", lambda: costs.start_costs(p))
    measure("period_problem(p) and sums, shortest", lambda: period_problem(costs, p).sums)
    measure("choice_problem", lambda: choice_problem(costs, starts, candidate), 3)
    period_map = np.where(working.natural, costs.periods[5], 1)
    measure("start_problem", lambda: start_problem(costs, period_map, candidate), 3)
    middle = next(q for q in costs.periods if q >= given.frames / 2)
    measure("line, p >= t/2", lambda: period_problem(costs, middle).line(), 3)
    problems = {
        "stage 1, shortest": (period_problem(costs, p), 3),
        "stage 2": (choice_problem(costs, starts, candidate), 5),
        "stage 3": (start_problem(costs, period_map, candidate), 5),
    }
    for name, (problem, new) in problems.items():
        labels = smooth_labels(problem.n_labels if name != "stage 3" else 5, h, w)
        kept = problem.move_costs(labels, new)
        print(f"-- {name}: {problem.n_labels} labels, {len(np.unique(labels))} in use")
        measure(f"{name}: pairwise", lambda: problem.pairwise(1, labels[:, :-1], new))  # noqa: B023
        measure(f"{name}: move_costs", lambda: problem.move_costs(labels, new))  # noqa: B023
        measure(
            f"{name}: move_costs, reusing",
            lambda: problem.move_costs(labels, new, kept),  # noqa: B023
        )
        measure(f"{name}: energy", lambda: problem.energy(labels), 3)  # noqa: B023
        measure(
            f"{name}: independent energy",
            lambda: energy_terms(costs, candidate, problem.loops(labels)),  # noqa: B023
            1,
        )


if __name__ == "__main__":
    main()
