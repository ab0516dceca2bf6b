"""`cinekit make` with every segmenter that can run here: only `segmenter=` changes between jobs.

    python benchmarks/sweep_segmenters.py [--clips chickens,dog_jump] [--segmenters motion,voc]
        [--quick] [--output outputs/sweeps] [OVERRIDE ...]

One sweep per clip, which ends with one comparison page, and a table of what every job made. Beside
the options that are installed, each sweep has two of its own, as a user would write them: masks
that are drawn for the clip (its middle), and an ONNX network that the script exports (what is
green is a tree, what is blue is the sky). --quick takes a short piece of the clip at a small size.
Needs the test data (CINEKIT_TEST_DATA) and the packages that the plugins' tests need. Exits with 1
when a job failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from bench_segment import runnable
from PIL import Image, ImageDraw

from cinekit.plug.registry import load_plugins

CLIPS = ("chickens", "dog_jump", "sea_rocks", "woman_signing", "hard_rot90_vfr_face")
QUICK = (
    "clip.seconds=1.5",
    "clip.max_width=240",
    "clip.max_height=240",
    "working.min_side=96",
    "candidates.most=1",
)
OWN = ("my_masks", "my_onnx")
GREEN_OR_BLUE = [[0, 0, 0, 0.3], [-6, 9, -6, 0], [-6, -2, 9, 0]]
"""Scores of background, tree and sky from red, green, blue in [0, 1] and 1."""


def cinekit(*arguments: str) -> int:
    """Run a command as a user does; what it prints is shown."""
    return subprocess.run([sys.executable, "-m", "cinekit", *arguments], check=False).returncode


def write_network(path: Path) -> None:
    """An ONNX network of one layer: float32 (1, 3, 64, 64) to (1, 3, 64, 64)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.array(GREEN_OR_BLUE, np.float32)
    shape = [1, 3, 64, 64]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "kernel", "bias"], ["scores"])],
        "green_or_blue",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(weights[:, :3].reshape(3, 3, 1, 1).copy(), "kernel"),
            numpy_helper.from_array(weights[:, 3].copy(), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


def write_options(folder: Path, size: tuple[int, int]) -> Path:
    """A folder of options for --config-dir, with the files that they name.

    size : (H, W) of the clip as a segmenter sees it.
    """
    options = folder / "options" / "segmenter"
    options.mkdir(parents=True, exist_ok=True)
    height, width = size
    mask = Image.new("L", (width, height))
    box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    mask.save(folder / "middle.png")
    write_network(folder / "green_or_blue.onnx")
    lines = ["defaults: [masks, _self_]", f"path: {folder / 'middle.png'}", "names: [middle]"]
    (options / "my_masks.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    lines = [
        "defaults: [onnx, _self_]",
        f"model: {folder / 'green_or_blue.onnx'}",
        'labels: "background, tree, sky"',
        "mean: [0.0]",
        "std: [255.0]",
    ]
    (options / "my_onnx.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return options.parent


def seen_size(clip: Path, folder: Path, overrides: list[str]) -> tuple[int, int]:
    """(H, W) of a clip after trimming, scaling and stabilising."""
    status = cinekit(
        "segment", str(clip), "segmenter=motion", *overrides, f"hydra.run.dir={folder}"
    )
    if status:
        sys.exit(f"sweep_segmenters: cinekit segment {clip} failed")
    found = json.loads((folder / "segment.json").read_text("utf-8"))["clip"]
    return found["height"], found["width"]


def row(folder: Path) -> tuple[str, bool]:
    """What a job made, in one line, and whether it made anything of it at all."""
    file = folder / "result.json"
    if not file.is_file():
        return "FAILED", False
    document = json.loads(file.read_text("utf-8"))
    made = ", ".join(f"{one['id']} {one['verdict']}" for one in document["candidates"])
    seconds = sum(stage["seconds"] for stage in document["stages"])
    return f"{seconds:6.0f} s  {made or 'nothing moves by itself'}", True


def main() -> int:
    """Sweep every clip, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", default=",".join(CLIPS))
    parser.add_argument("--segmenters", help="options, separated by commas")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("outputs/sweeps"))
    parser.add_argument("overrides", nargs="*")
    arguments = parser.parse_args()
    data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data")).resolve()
    if not (data / "videos").is_dir():
        print(f"sweep_segmenters: expected the test data at {data}; set CINEKIT_TEST_DATA")
        return 1
    os.environ.setdefault("CINEKIT_MODELS", str(data / "weights"))
    chosen = arguments.segmenters.split(",") if arguments.segmenters else []
    segmenters = chosen or [*runnable(load_plugins()), *OWN]
    overrides = [*(QUICK if arguments.quick else ()), *arguments.overrides]
    lines: list[str] = []
    failed = False
    for name in arguments.clips.split(","):
        (clip,) = sorted((data / "videos").glob(f"{name}.*"))
        folder = (arguments.output / name).resolve()
        options = write_options(folder, seen_size(clip, folder / "segment", overrides))
        sweep = ["-m", f"segmenter={','.join(segmenters)}", f"hydra.sweep.dir={folder}"]
        cinekit("make", str(clip), "--config-dir", str(options), *sweep, *overrides)
        for i, segmenter in enumerate(segmenters):
            text, made = row(folder / str(i))
            failed |= not made
            lines.append(f"{name:20} {segmenter:18} {text}")
        failed |= not (folder / "comparison.html").is_file()
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
