"""How the time of stage 1 grows with pixels, frames and labels: a table and a plot.

    python benchmarks/bench_growth.py [--svg docs/images/solve-growth.svg]

One period of the synthetic clip at a time, CPU seconds of one thread. Pixels: 37 frames, p = 18.
Frames: 160x90 pixels, p = half of them. Labels: 160x90 pixels, 60 frames, p from 30 to 54, which
leaves 60 - p start frames. Needs cinekit-maxflow for "naive" (see bench_solve.py).
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from bench_solve import NaiveSolver, problem_of

from cinekit.energy import LoopCosts, WorkingOptions, period_problem
from cinekit.solve import ExpansionSolver, MultiscaleSolver
from cinekit.testing import demo_clip

SOLVERS = {
    "naive": NaiveSolver(),
    "expansion": ExpansionSolver(),
    "multiscale": MultiscaleSolver(),
}
COLOURS = {"naive": "#c44e52", "expansion": "#4c72b0", "multiscale": "#55a868"}
Points = list[tuple[float, dict[str, float]]]


def costs_of(height: int, frames: int) -> LoopCosts:
    clip = demo_clip(size=(height, round(height * 16 / 9)), frames=frames)
    return problem_of(clip, WorkingOptions(scale=1.0, every=1, min_frames=1))[0]


def seconds(costs: LoopCosts, period: int) -> dict[str, float]:
    """CPU seconds of every solver on one period."""
    out = {}
    for name, solver in SOLVERS.items():
        problem = period_problem(costs, period)  # fresh: nothing cached by another solver
        began = time.thread_time()
        solver.solve(problem)
        out[name] = time.thread_time() - began
    return out


def measure() -> dict[str, Points]:
    seconds(costs_of(48, 24), 12)  # compiles
    fixed = costs_of(90, 60)
    pixels = [costs_of(height, 37) for height in (45, 68, 90, 135, 202, 270)]
    return {
        "pixels": [(float(math.prod(costs.size)), seconds(costs, 18)) for costs in pixels],
        "frames": [(float(t), seconds(costs_of(90, t), t // 2)) for t in (16, 24, 37, 60, 90)],
        "labels": [(60.0 - p, seconds(fixed, p)) for p in (54, 50, 45, 40, 35, 30)],
    }


def slope(points: Points, name: str) -> float:
    """Exponent of the growth: least squares on logarithms."""
    x = [math.log(at) for at, _ in points]
    y = [math.log(values[name]) for _, values in points]
    middle = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True))
    return rise / sum((a - middle[0]) ** 2 for a in x)


def panel(title: str, points: Points, left: float) -> list[str]:
    """One log-log diagram, 260x200, as SVG elements."""
    values = [v for _, row in points for v in row.values()]
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
    first, last = math.log10(points[0][0]), math.log10(points[-1][0])

    def place(at: float, value: float) -> tuple[float, float]:
        x = left + 50 + 200 * (math.log10(at) - first) / (last - first)
        return x, 200 - 160 * (math.log10(value) - low) / (high - low)

    out = [f'<text x="{left + 150}" y="22" text-anchor="middle">{title}</text>']
    for power in range(low, high + 1):
        y = place(points[0][0], 10.0**power)[1]
        out.append(f'<path d="M{left + 50} {y:.0f}h200" stroke="#ddd"/>')
        out.append(
            f'<text x="{left + 44}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>'
        )
    for at in (points[0][0], points[-1][0]):
        x = place(at, 10.0**low)[0]
        out.append(f'<text x="{x:.0f}" y="218" text-anchor="middle">{at:g}</text>')
    for name, colour in COLOURS.items():
        line = " ".join("{:.1f},{:.1f}".format(*place(at, row[name])) for at, row in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return out


def svg(results: dict[str, Points]) -> str:
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="840" height="250" '
        'font-family="sans-serif" font-size="12"><rect width="840" height="250" fill="#fff"/>'
    ]
    for k, (title, points) in enumerate(results.items()):
        parts += panel(title, points, 275 * k)
    for k, (name, colour) in enumerate(COLOURS.items()):
        x = 250 + 130 * k
        parts.append(f'<path d="M{x} 238h24" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 30}" y="242">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--svg", type=Path)
    given = parser.parse_args()
    results = measure()
    for title, points in results.items():
        print(f"\n| {title} | " + " | ".join(SOLVERS) + " |\n" + "| --- " * 4 + "|")
        for at, row in points:
            print(f"| {at:g} | " + " | ".join(f"{row[name]:.3f}" for name in SOLVERS) + " |")
        print(
            "| grows with power | " + " | ".join(f"{slope(points, n):.2f}" for n in SOLVERS) + " |"
        )
    if given.svg:
        given.svg.write_text(svg(results))


if __name__ == "__main__":
    main()
