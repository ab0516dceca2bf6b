"""Run the main job on the showpiece clips and print the table of docs/results.md.

    python benchmarks/clips.py [--clips sea_rocks,chickens] [--segmenters motion,scene_voc]

Needs the test data (CINEKIT_TEST_DATA, default ../shared/data). Every figure is measured on the
rendered frames, the last two on what a player decodes from the mp4. "moved" is what share of the
moving area lies inside the candidate's target.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from cinekit.api import make
from cinekit.judge import decode_check
from cinekit.plug.build import build_option
from cinekit.plug.registry import load_plugins
from cinekit.result import Cinemagraph
from cinekit.settings import Settings

SHOWPIECES = (
    "coffee_pour",
    "sea_rocks",
    "campfire_pot",
    "daffodils_wind",
    "chickens",
    "fountain_passerby",
    "dog_jump",
)
MEASURES = {
    "moving_area": "moving",
    "inside_target": "inside",
    "seam_step": "seam",
    "worst_step": "worst",
    "clips_worst_step": "clip's",
    "own_jump": "own jump",
    "own_step": "shown",
    "border_gradient": "border",
    "tear": "tear",
    "solid_tear": "cut",
    "sharpness": "sharp",
    "motion": "motion",
    "decoded_std": "still std",
    "decoded_psnr": "PSNR",
}


def segmenter_of(name: str, data: Path) -> Any:
    """The option of that name, with the weights of the test data."""
    os.environ["CINEKIT_MODELS"] = str(data / "weights")
    return build_option(load_plugins(), "segmenter", name)


def run(path: Path, segmenter: str, data: Path, folder: Path) -> list[dict[str, Any]]:
    """One job; a row per candidate."""
    settings = Settings(segmenter=segmenter_of(segmenter, data), write_refused=True)
    began = time.perf_counter()
    result = make(path, output=folder, settings=settings)
    seconds = time.perf_counter() - began
    rows = [
        row(path.stem, segmenter, made, made.frames(), folder / f"{made.id}.mp4") for made in result
    ]
    for one in rows:
        one["seconds"] = seconds
        one["stages"] = {stage.name: stage.seconds for stage in result.stages}
        one["peak_gb"] = max(stage.peak_bytes for stage in result.stages) / 1e9
    return rows


def row(
    clip: str, segmenter: str, made: Cinemagraph, frames: NDArray[np.uint8], file: Path
) -> dict[str, Any]:
    """All figures of one candidate."""
    check = decode_check(decode(file), ~made.labels.looping, frames[0])
    measures = made.judgement.measures
    decoded = {"decoded_std": check["still_std"], "decoded_psnr": check["still_psnr"]}
    return {
        "clip": clip,
        "segmenter": segmenter,
        "candidate": made.candidate.id,
        "verdict": made.judgement.verdict.value,
        "reasons": list(made.judgement.reasons),
        "n_frames": made.n_frames,
        "kilobytes": file.stat().st_size / 1000,
        **measures,
        "clips_worst_step": measures["worst_step"] / measures["step_to_clip"],
        **decoded,
    }


def decode(file: Path) -> Iterator[NDArray[np.uint8]]:
    """What a player shows: RGB frames."""
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, one line per candidate."""
    head = ["clip", "segmenter", "candidate", "verdict", *MEASURES.values(), "KB"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for one in rows:
        cells = [one["clip"], one["segmenter"], one["candidate"], one["verdict"]]
        cells += [figure(one.get(name)) for name in MEASURES]
        lines.append("| " + " | ".join([*cells, f"{one['kilobytes']:.0f}"]) + " |")
    return "\n".join(lines)


def figure(value: float | None) -> str:
    """Two decimals, a dash where there is nothing to measure."""
    return "-" if value is None or not np.isfinite(value) else f"{value:.2f}"


def main() -> int:
    """Run, keep the figures in DIR/table.json, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", default=",".join(SHOWPIECES))
    parser.add_argument("--segmenters", default="motion,ade20k")
    parser.add_argument("--output", type=Path, default=Path("outputs/clips"))
    arguments = parser.parse_args()
    data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data")).resolve()
    if not (data / "videos").is_dir():
        print(f"clips: expected the test data at {data}, found none; set CINEKIT_TEST_DATA")
        return 1
    rows: list[dict[str, Any]] = []
    for clip in arguments.clips.split(","):
        (path,) = sorted((data / "videos").glob(f"{clip}.*"))
        for segmenter in arguments.segmenters.split(","):
            new = run(path, segmenter, data, arguments.output / f"{clip}-{segmenter}")
            print(table(new), file=sys.stderr, flush=True)
            rows += new
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "table.json").write_text(json.dumps(rows, indent=1))
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
