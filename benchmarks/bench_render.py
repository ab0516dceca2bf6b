"""Rendering: seconds, memory and gradient errors of every blend, against a plain copy.

    python benchmarks/bench_render.py [--runs 1] [--moving 0.5]

960x540, 150 frames in and out; the labels are patches of four periods that cover a share of the
frame. The copy is the reference of the same run. "MB" is the most that rendering frame by frame
holds besides the clip. Errors (`cinekit.testing.gradients`, grey levels) are measured on
smaller clips, where an exact solution by conjugate gradients is to be had: with such patches, and
with the labels that cinekit finds for two clips of the test data. "offsets alone" blends all jumps
and gives no contrast back.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit import make, read_clip
from cinekit.clip import ClipOptions
from cinekit.labels import LabelMap
from cinekit.loop import (
    Blend,
    RenderOptions,
    iterate_loop,
    render_loop,
)
from cinekit.loop.poisson import Seams, offset_frames
from cinekit.loop.reference import composite, exact_loop
from cinekit.model import Clip
from cinekit.testing import demo_clip
from cinekit.testing.gradients import GradientErrors, gradient_errors

SIZE, FRAMES = (540, 960), 150
SMALL, FEW = (108, 192), 60


def labels_of(clip: Clip, moving: float) -> LabelMap:
    """Patches of a sixth of the height, whose labels repeat; the rest of the rows stands still."""
    height = clip.size[0]
    side = height // 6
    rows, columns = np.indices(clip.size)
    patch = (rows // side + 2 * (columns // side)) % 4
    periods = np.array([0.4, 0.5, 0.6, 0.7]) * clip.n_frames
    period = periods.astype(np.int16)[patch]
    start = np.array([0.1, 0.05, 0.2, 0.15])[patch] * clip.n_frames
    still = rows >= moving * height
    return LabelMap(
        np.where(still, 1, period).astype(np.int16),
        np.where(still, clip.n_frames // 2, start).astype(np.int16),
        clip.n_frames,
    )


def cost(clip: Clip, blend: Blend, moving: float, runs: int) -> dict[str, float]:
    """Median seconds of wall and CPU, and the peak of what is allocated meanwhile."""
    labels, options = labels_of(clip, moving), RenderOptions(blend=blend)

    def render(n_frames: int) -> tuple[float, float]:
        began, cpu = time.perf_counter(), time.process_time()
        for _ in iterate_loop(clip, labels, n_frames, options):
            pass
        return time.perf_counter() - began, time.process_time() - cpu

    render(2)  # compiles
    seconds = np.median([render(FRAMES) for _ in range(runs)], axis=0)
    tracemalloc.start()
    render(FRAMES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"seconds": float(seconds[0]), "CPU": float(seconds[1]), "MB": peak / 1e6}


def offsets_alone(clip: Clip, labels: LabelMap, n_frames: int) -> NDArray[np.float64]:
    """All jumps blended, contrast not given back: what the solver of the offsets is good for."""
    loop = composite(clip, labels, n_frames)
    seams = Seams.of(labels, np.ones(clip.size, np.float32))
    height, width = seams.moving.shape
    box = slice(seams.top, seams.top + height), slice(seams.left, seams.left + width)
    for f, offset in enumerate(offset_frames(clip, seams, n_frames)):
        loop[f][box] += offset
    return loop


def errors(clip: Clip, labels: LabelMap, n_frames: int) -> dict[str, GradientErrors]:
    """Gradient errors of every blend, of the bare offsets, and of the exact solution."""
    loops = {b.value: render_loop(clip, labels, n_frames, RenderOptions(blend=b)) for b in Blend}
    for name, bare in (
        ("offsets alone", offsets_alone(clip, labels, n_frames)),
        ("exact", exact_loop(clip, labels, n_frames, 1e-5)),
    ):
        loops[name] = np.clip(np.rint(bare), 0, 255).astype(np.uint8)
    return {name: gradient_errors(clip, labels, loop) for name, loop in loops.items()}


def show_errors(title: str, clip: Clip, labels: LabelMap, n_frames: int) -> None:
    """One table."""
    height, width = clip.size
    print(f"\n{title}, {width}x{height}, {n_frames} frames: gradient errors, grey levels")
    print(f"{'blend':14}{'spatial':>9}{'temporal':>10}{'total':>8}{'of exact':>10}")
    found = errors(clip, labels, n_frames)
    for name, error in found.items():
        ratio = error.total / found["exact"].total
        print(f"{name:14}{error.spatial:9.3f}{error.temporal:10.3f}{error.total:8.3f}{ratio:10.3f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--moving", type=float, default=0.5)
    arguments = parser.parse_args()
    clip = demo_clip(size=SIZE, frames=FRAMES)
    blends = (Blend.NONE, Blend.CROSSFADE, Blend.POISSON)
    costs = {b: cost(clip, b, arguments.moving, arguments.runs) for b in blends}
    print(f"{SIZE[1]}x{SIZE[0]}, {FRAMES} frames, {arguments.moving:.0%} of the frame moves")
    print(f"{'blend':14}{'seconds':>9}{'CPU':>8}{'of copy':>9}{'MB':>7}")
    for blend, one in costs.items():
        ratio = one["CPU"] / costs[Blend.NONE]["CPU"]
        print(f"{blend:14}{one['seconds']:9.2f}{one['CPU']:8.2f}{ratio:9.1f}{one['MB']:7.0f}")
    clip = demo_clip(size=SMALL, frames=FEW)
    show_errors("patches of labels", clip, labels_of(clip, arguments.moving), FEW)
    data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data")) / "videos"
    for name in ("sea_rocks", "fountain_passerby") if data.is_dir() else ():
        (path,) = data.glob(f"{name}.*")
        small = ClipOptions(max_height=SMALL[0], max_width=SMALL[1], seconds=FEW / 30)
        result = make(read_clip(path, small))
        made = result.cinemagraphs[0]
        show_errors(f"{name}, {made.candidate.id}", result.clip, made.labels, made.n_frames)
    return 0


if __name__ == "__main__":
    sys.exit(main())
