"""Labels refined around borders against solving at the resolution of the clip outright.

    python benchmarks/bench_refine.py [--clips synthetic,sea_rocks] [--size 240x135x60]

Two ways to labels at clip resolution: solve on half the size and bring the labels up ("upsampled"),
then solve their borders again ("refined"); or solve on all pixels. All three are measured with the
one energy of all pixels. A border has twice as many edges there and an area four times as many
pixels, so a2 is doubled, as the refinement does. F is left out (w = 0), as it is at borders, and no
period is forbidden: a pixel that is natural on one grid only would make the energy infinite.
Seconds are CPU.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from bench_solve import load, problem_of

from cinekit.energy import EnergyOptions, WorkingOptions, energy_terms
from cinekit.loop import to_clip_resolution
from cinekit.solve import MultiscaleSolver, solve_candidates, solve_periods
from cinekit.solve.border_costs import border_costs
from cinekit.solve.refine import refine_borders

HALF_ENERGY = EnergyOptions(semantic_weight=0.0, short_period=0)
FULL_ENERGY = replace(HALF_ENERGY, spatial_weight=2 * HALF_ENERGY.spatial_weight)
HALF = WorkingOptions(scale=0.5, min_side=1, every=1)
FULL = WorkingOptions(scale=1.0, every=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", default="synthetic")
    parser.add_argument("--size", default="240x135x60")
    given = parser.parse_args()
    width, height, frames = map(int, given.size.split("x"))
    solver = MultiscaleSolver()
    for run in ("compiles", "counts"):
        for name in given.clips.split(","):
            small = run == "compiles"
            clip = load(name, (48, 80, 24) if small else (height, width, frames))
            seconds = dict.fromkeys(("half", "refine", "full"), 0.0)
            half, candidates = problem_of(clip, HALF, HALF_ENERGY)
            full, _ = problem_of(clip, FULL, FULL_ENERGY)
            shared = {}
            for key, costs in (("half", half), ("full", full)):
                began = time.process_time()
                shared[key] = solve_periods(costs, solver, threads=1)
                seconds[key] += time.process_time() - began
            rows = []
            for candidate in candidates:
                began = time.process_time()
                (low,) = solve_candidates(
                    half, [candidate], solver, threads=1, shared=shared["half"]
                )
                seconds["half"] += time.process_time() - began
                began = time.process_time()
                upsampled = to_clip_resolution(low.labels, clip, half.working.every)
                weights = border_costs(half, candidate, clip.size)
                refined = refine_borders(clip, upsampled, weights).labels
                seconds["refine"] += time.process_time() - began
                began = time.process_time()
                (outright,) = solve_candidates(
                    full, [candidate], solver, threads=1, shared=shared["full"]
                )
                seconds["full"] += time.process_time() - began
                energies = [
                    energy_terms(full, candidate, one).total
                    for one in (upsampled, refined, outright.labels)
                ]
                rows.append((candidate.id, *energies))
            if small:
                continue
            print(f"\n**{name}**, {width}x{height}x{frames}\n")
            print(
                "| candidate | upsampled | refined | solved outright |\n| --- | --- | --- | --- |"
            )
            for name_, *energies in rows:
                print(f"| {name_} | " + " | ".join(f"{e:.2f}" for e in energies) + " |")
            print(
                f"| seconds, all | {seconds['half']:.2f} | + {seconds['refine']:.2f} | "
                f"{seconds['full']:.2f} |"
            )


if __name__ == "__main__":
    main()
