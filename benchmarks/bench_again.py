"""The second run of a clip: what the cache saves when a mask, the candidates or the writer change.

python benchmarks/bench_again.py [--clip FILE] [--size 960x540x150] [--runs 1]

Every run is a process of its own on one cache folder, empty at the first. The reference is the
first run. "to a solution" is what passes before the labels are there: reading, segmenting, costs
and solving; the rest is rendering, judging, encoding and the report. Kernels are compiled before
the clock starts.
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

AFTER = ("render", "report")
"""Stages that come after the solution."""

STEPS = (
    ("first run", {}),
    ("the same again", {}),
    ("another writer", {"writer": "gif"}),
    ("painted on the regions", {"painted": "mask.png"}),
    ("another stroke of it", {"painted": "stroke.png"}),
    ("segmenter=masks", {"masks": "mask.png"}),
    ("another stroke of it", {"masks": "stroke.png"}),
)


def job(folder: Path, source: Path, step: int) -> dict[str, float]:
    """One run in this process: seconds, and bytes of the peak."""
    from cinekit.api import make
    from cinekit.see import CandidateOptions, MaskSegmenter
    from cinekit.see.motion import MotionSegmenter
    from cinekit.settings import Settings
    from cinekit.store.cache import Cache
    from cinekit.store.memory import peak_memory
    from cinekit.testing import planted_loop
    from cinekit.write import GifWriter, Mp4Writer

    how = STEPS[step][1]
    masks, painted = how.get("masks"), how.get("painted")
    settings = Settings(
        segmenter=MaskSegmenter(path=str(folder / masks)) if masks else MotionSegmenter(),
        candidates=CandidateOptions(painted=str(folder / painted) if painted else None),
        writers={"gif": GifWriter()} if how.get("writer") else {"mp4": Mp4Writer()},
    )
    make(planted_loop(40, size=(72, 96), frames=96)[0], output=folder / "warm-up")
    began = time.perf_counter()
    result = make(source, settings=settings, output=folder / "out", cache=Cache(folder / "cache"))
    return {
        "all": time.perf_counter() - began,
        "to a solution": sum(s.seconds for s in result.stages if s.name not in AFTER),
        "solve": sum(s.seconds for s in result.stages if s.name == "solve"),
        "candidates": len(result.cinemagraphs),
        "peak GB": peak_memory() / 1e9,
    }


def draw(folder: Path, size: str) -> Path:
    """The clip that cinekit draws itself, as a file."""
    from cinekit.testing import demo_clip
    from cinekit.write import Mp4Writer

    width, height, frames = (int(n) for n in size.split("x"))
    clip = demo_clip(size=(height, width), frames=frames)
    Mp4Writer(crf=8, preset="ultrafast", still_std=None, still_psnr=None).write(
        clip.frames, clip.fps, folder / "drawn.mp4"
    )
    return folder / "drawn.mp4"


def paint(folder: Path, source: Path) -> None:
    """The largest region of the clip as a mask, and the same with a stroke more."""
    import cv2
    import numpy as np

    from cinekit.clip import read_clip, stabilise
    from cinekit.see import select_regions
    from cinekit.see.motion import MotionSegmenter

    clip, _ = stabilise(read_clip(source))
    regions = select_regions(clip, MotionSegmenter().respond(clip)).regions
    if not regions:
        raise SystemExit(f"{source}: nothing moves by itself, choose another clip")
    mask = regions[0].mask.astype(np.uint8) * 255
    cv2.imwrite(str(folder / "mask.png"), mask)
    height, width = mask.shape
    cv2.circle(mask, (width // 2, height // 2), height // 12, 255, -1)
    cv2.imwrite(str(folder / "stroke.png"), mask)


def main() -> int:
    """Run every step, print medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--size", default="960x540x150")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job is not None:
        folder, source, step = arguments.job
        print(json.dumps(job(Path(folder), Path(source), int(step))))
        return 0
    runs: list[list[dict[str, float]]] = [[] for _ in STEPS]
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = (arguments.clip or draw(folder, arguments.size)).resolve()
            paint(folder, source)
            for step, found in enumerate(runs):
                command = [sys.executable, __file__, "--job", name, str(source), str(step)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{source.name}, median of {arguments.runs} run(s); seconds, and shares of the first run")
    columns = ("all", "to a solution", "solve", "candidates", "peak GB")
    print(" " * 26 + "".join(f"{name:>16}" for name in columns) + f"{'solution / all':>16}")
    whole = statistics.median(run["all"] for run in runs[0])
    for (name, _), found in zip(STEPS, runs, strict=True):
        middle = {key: statistics.median(run[key] for run in found) for key in columns}
        cells = "".join(f"{middle[key]:16.2f}" for key in columns)
        print(f"{name:26}{cells}{middle['to a solution'] / whole:16.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
