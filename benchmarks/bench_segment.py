"""Segmenters: accuracy on known pictures, overlays on photographs, time and memory.

    python benchmarks/bench_segment.py [--segmenters ade20k,voc,ade20k_voc] [--frames 20]
        [--only accuracy,overlays,cost] [--overlays outputs/segmenters] [--pictures NAME,...]
        [--lines 360]

Without --segmenters, accuracy is of ADE20K, VOC, their ensemble, and these drawn to edges, the
cost of every option that can run here. "refine:NAME" is the option NAME inside ``refine``.

Accuracy is in the 32 categories, on the pictures of ``segment_truth.py``; "own" looks only at the
categories that the segmenter has a word for. Cost is of a clip of 960x540 that cinekit paints, each
segmenter in a process of its own, without its first frame; the reference of the same process is
writing the frames as mp4, so that figures of different machines can be compared. "CPU" counts the
seconds of all threads, which other work on the machine does not stretch, and "/mp4" is of those.
"peak" is the largest size of the process, "own" what of it came after the clip was there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from segment_truth import Score, Truth, coco, drawn, read_picture, score

from cinekit.errors import CinekitError
from cinekit.model import Clip, SemanticResponse
from cinekit.plug.build import build_component
from cinekit.plug.options import option_values
from cinekit.plug.providers import option_files
from cinekit.plug.registry import Plugins, load_plugins, unavailable
from cinekit.protocols import Segmenter
from cinekit.see import all_categories
from cinekit.store.memory import peak_memory
from cinekit.testing import demo_clip
from cinekit.text import one_line
from cinekit.write import Mp4Writer
from cinekit.write.overlay import draw_categories, legend, winners

NETWORKS = ("ade20k", "voc", "ade20k_voc")
JUDGED = (*NETWORKS, *(f"refine:{name}" for name in NETWORKS))
SIZE, CLIP_FRAMES = (540, 960), 150
SHOWN = 0.005
"""Share of a picture from which on a category is in the legend."""

COLUMNS = 4
"""Of a sheet."""


def segmenter_of(name: str, plugins: Plugins) -> Segmenter:
    """The option of that name; "refine:NAME" draws one frame at a time to its edges."""
    outer, _, inner = name.rpartition(":")
    values = option_values(plugins, "segmenter", outer or inner)
    if outer:
        values["of"] = {"name": inner}
    return build_component(plugins, "segmenter", values)


def accuracy(names: Iterable[str], data: Path, plugins: Plugins) -> None:
    """One row per segmenter: means over the photographs and over the drawn pictures."""
    photographs = list(coco(data / "segmentation" / "coco_panoptic"))
    sketches = list(drawn(data / "segmentation" / "water_motion_masks"))
    print(f"{len(photographs)} COCO photographs, {len(sketches)} pictures with one thing drawn")
    print(f"{'':18}    -------- COCO --------    ---- drawn ----")
    print(f"{'segmenter':18} accuracy   own   IoU border      IoU border")
    for name in names:
        segmenter = segmenter_of(name, plugins)
        first = mean([score(segmenter.respond(truth.clip), truth) for truth in photographs])
        second = mean([score(segmenter.respond(truth.clip), truth) for truth in sketches])
        print(
            f"{name:18} {first.accuracy:8.1%} {first.own:5.1%} {first.iou:5.3f} {first.border:6.3f}"
            f"    {second.iou:5.3f} {second.border:6.3f}",
            flush=True,
        )


def mean(scores: list[Score]) -> Score:
    """Field by field; a picture without anything that the segmenter knows has no "own"."""
    own = [one.own for one in scores if np.isfinite(one.own)]
    return Score(
        accuracy=float(np.mean([one.accuracy for one in scores])),
        own=float(np.mean(own)) if own else float("nan"),
        iou=float(np.mean([one.iou for one in scores])),
        border=float(np.mean([one.border for one in scores])),
    )


def overlays(
    names: Iterable[str], data: Path, folder: Path, pictures: list[str], lines: int
) -> None:
    """One sheet per picture: the truth where there is one, and what each segmenter sees.

    pictures : their names; none mean all.
    """
    plugins = load_plugins()
    segmenters = {name: segmenter_of(name, plugins) for name in names}
    truths = [*coco(data / "segmentation" / "coco_panoptic")]
    truths += drawn(data / "segmentation" / "water_motion_masks")
    clips = [(truth.clip, truth_tile(truth, lines)) for truth in truths]
    for path in sorted((data / "photos").iterdir()):
        clips.append((Clip(read_picture(path, SIZE[0])[None], 25.0, path.stem), None))
    clips = [(clip, known) for clip, known in clips if not pictures or clip.name in pictures]
    folder.mkdir(parents=True, exist_ok=True)
    for clip, known in clips:
        tiles = [tile(clip, one.respond(clip), name, lines) for name, one in segmenters.items()]
        path = folder / f"{clip.name}.jpg"
        sheet(tiles if known is None else [known, *tiles]).save(path, quality=88)
    print(f"{len(clips)} sheets in {folder}")


def tile(clip: Clip, response: SemanticResponse, caption: str, lines: int) -> NDArray[np.uint8]:
    """The picture, so many lines high, with what the segmenter sees in it: uint8 (H, W, 3)."""
    labels = winners(response.probabilities[0], clip.size)
    picture = draw_categories(clip.frames[0], labels, response.categories)
    share = np.bincount(labels.ravel(), minlength=len(response.categories)) / labels.size
    areas = {
        response.categories[c].name: float(share[c]) for c in np.argsort(-share) if share[c] > SHOWN
    }
    size = (round(clip.size[1] * lines / clip.size[0]), lines)
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    names = legend(response.categories, areas, size[0])
    return np.concatenate([captioned(caption, size[0]), small, names])


def truth_tile(truth: Truth, lines: int) -> NDArray[np.uint8]:
    """The truth as if a segmenter had seen it; what nobody knows is background."""
    known = all_categories()
    names = ["background", *(name for name in truth.categories if name in known)]
    place = np.array([names.index(n) if n in names else 0 for n in (*truth.categories, "")])
    labels = place[truth.labels]  # -1 is the last one
    cells = 255 * np.eye(len(names), dtype=np.uint8)[labels]
    response = SemanticResponse(cells[None], tuple(known[name] for name in names), "truth")
    return tile(truth.clip, response, "as it was labelled", lines)


def captioned(text: str, width: int) -> NDArray[np.uint8]:
    """A line of text: uint8 (24, width, 3)."""
    line = Image.new("RGB", (width, 24), (24, 24, 26))
    ImageDraw.Draw(line).text((8, 5), text, fill=(240, 240, 244))
    return np.asarray(line)


def sheet(tiles: list[NDArray[np.uint8]]) -> Image.Image:
    """Tiles of one width in rows."""
    height = max(len(one) for one in tiles)
    below = [((0, height - len(one)), (0, 0), (0, 0)) for one in tiles]
    padded = [np.pad(one, pad, constant_values=24) for one, pad in zip(tiles, below, strict=True)]
    if len(padded) > COLUMNS:
        padded += [np.full_like(padded[0], 24)] * (-len(padded) % COLUMNS)
    rows = [np.hstack(padded[i : i + COLUMNS]) for i in range(0, len(padded), COLUMNS)]
    return Image.fromarray(np.vstack(rows))


def high_water() -> int:
    """Largest size of this process so far, bytes; Linux counts its parent in `peak_memory`."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return peak_memory()
    (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM")]
    return 1024 * int(line.split()[1])


def measured(name: str, file: Path) -> dict[str, float]:
    """Seconds per frame, bytes, and the reference, in this process.

    file : the frames; painting them here would need more memory than most segmenters.
    """
    segmenter = segmenter_of(name, load_plugins())
    clip = Clip(np.load(file), 30.0)
    n_frames = clip.n_frames
    before = high_water()
    segmenter.respond(Clip(clip.frames[:2], clip.fps))  # loads and compiles what there is
    began, cpu = time.perf_counter(), time.process_time()
    response = segmenter.respond(clip)
    seconds = (time.perf_counter() - began) / n_frames
    cpu = (time.process_time() - cpu) / n_frames
    peak = high_water()
    with tempfile.TemporaryDirectory() as folder:
        reference = time.process_time()
        Mp4Writer().write(clip.frames, clip.fps, Path(folder) / "reference.mp4")
        reference = (time.process_time() - reference) / n_frames
    rows, columns, n = response.probabilities.shape[1:]
    still = response.constant
    return {
        "seconds": seconds,
        "cpu": cpu,
        "reference": reference,
        "peak": peak,
        "own": peak - before,
        "rows": rows,
        "columns": columns,
        "response": rows * columns * n * (1 if still else CLIP_FRAMES),
    }


def cost(names: Iterable[str], n_frames: int) -> None:
    """One row per segmenter, each measured in a process of its own."""
    print(f"960x540, {n_frames} frames; the response is that of {CLIP_FRAMES} frames")
    print("segmenter          ms/frame  CPU ms  /mp4  peak GB  own GB  response MB    cells")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames.npy"
        np.save(file, demo_clip(size=SIZE, frames=n_frames).frames)
        for name in names:
            print(f"{name:18} {cost_of(name, file)}", flush=True)


def cost_of(name: str, file: Path) -> str:
    """The figures of one segmenter, or why there are none."""
    command = [sys.executable, __file__, "--measure", name, "--clip", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.splitlines() or ["failed"])[-1]
    one = json.loads(done.stdout.splitlines()[-1])
    ratio = one["cpu"] / one["reference"]
    return (
        f"{1000 * one['seconds']:8.0f} {1000 * one['cpu']:7.0f} {ratio:5.1f}"
        f" {one['peak'] / 1e9:8.2f} {one['own'] / 1e9:7.2f} {one['response'] / 1e6:12.0f}"
        f"  {one['rows']:.0f}x{one['columns']:.0f}"
    )


def runnable(plugins: Plugins) -> list[str]:
    """Every option that can run here, and a line for every other."""
    found = []
    for option in option_files(plugins.conf_providers):
        if option.group != "segmenter" or option.name == "auto":
            continue
        try:
            reason = unavailable(segmenter_of(option.name, plugins))
        except CinekitError as error:
            reason = one_line(error)
        if reason is None:
            found.append(option.name)
        else:
            print(f"{option.name:18} cannot run here: {reason}")
    return found


def main() -> int:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segmenters", help="options, separated by commas")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--overlays", type=Path, default=Path("outputs/segmenters"))
    parser.add_argument("--pictures", default="", help="names, separated by commas")
    parser.add_argument("--lines", type=int, default=360, help="height of a picture on a sheet")
    parser.add_argument("--only", default="accuracy,overlays,cost")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    data = Path(os.environ.get("CINEKIT_TEST_DATA", "../shared/data")).resolve()
    if not (data / "segmentation").is_dir():
        print(f"bench_segment: expected the test data at {data}; set CINEKIT_TEST_DATA")
        return 1
    os.environ.setdefault("CINEKIT_MODELS", str(data / "weights"))
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.clip)))
        return 0
    plugins = load_plugins()
    chosen = arguments.segmenters.split(",") if arguments.segmenters else None
    if "accuracy" in arguments.only:
        accuracy(chosen or JUDGED, data, plugins)
    if "overlays" in arguments.only:
        pictures = [name for name in arguments.pictures.split(",") if name]
        overlays(chosen or NETWORKS, data, arguments.overlays, pictures, arguments.lines)
    if "cost" in arguments.only:
        cost(chosen or runnable(plugins), arguments.frames)
    return 0


if __name__ == "__main__":
    sys.exit(main())
