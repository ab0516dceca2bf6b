"""The whole job: 960x540, 150 frames, segmenter motion, 4 candidates; seconds and peak memory.

python benchmarks/bench_make.py [--runs 1]

The reference of the same run is a plain re-encoding of the clip's frames with the same mp4 writer,
so that figures of different machines can be compared. Kernels are compiled before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZE, FRAMES, CANDIDATES = (540, 960), 150, 4


def job(folder: Path) -> dict[str, float]:
    """One measured run in this process."""
    from cinekit.api import make
    from cinekit.see import CandidateOptions
    from cinekit.settings import Settings
    from cinekit.store.memory import peak_memory
    from cinekit.testing import demo_clip, planted_loop
    from cinekit.write import Mp4Writer

    settings = Settings(
        candidates=CandidateOptions(combine=1, everything=False, most=CANDIDATES), features={}
    )
    make(
        planted_loop(40, size=(72, 96), frames=96)[0], settings=settings, output=folder / "warm-up"
    )
    clip = demo_clip(size=SIZE, frames=FRAMES)
    began = time.perf_counter()
    Mp4Writer().write(clip.frames, clip.fps, folder / "reference.mp4")
    reference = time.perf_counter() - began
    began, cpu = time.perf_counter(), time.process_time()
    result = make(clip, settings=settings, output=folder / "out")
    seconds = time.perf_counter() - began
    figures = {f"  {stage.name}": stage.seconds for stage in result.stages}
    return {
        "candidates": len(result.cinemagraphs),
        "make": seconds,
        "make, CPU": time.process_time() - cpu,
        **figures,
        "re-encoding": reference,
        "ratio": seconds / reference,
        "peak GB": peak_memory() / 1e9,
    }


def main() -> int:
    """Run each job in a process of its own, print medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job is not None:
        print(json.dumps(job(arguments.job)))
        return 0
    runs = []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--job", folder]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(printed.splitlines()[-1]))
    print(f"{SIZE[1]}x{SIZE[0]}, {FRAMES} frames, median of {len(runs)} run(s); seconds")
    for name in runs[0]:
        print(f"{name:12} {statistics.median(run[name] for run in runs):8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
