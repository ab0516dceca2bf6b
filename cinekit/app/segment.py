"""``cinekit segment``: what a segmenter sees in a clip, before anything is solved.

Into the output folder go ``overlay.mp4``, ``candidates.png`` (what each candidate would animate)
and ``segment.json``, which says the same as the table that is printed.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit import contract
from cinekit.app.console import open_reporter
from cinekit.app.jobs import run_jobs, short

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Candidate, Clip, Regions, SemanticResponse
    from cinekit.protocols import Reporter

SCHEMA = "cinekit.segment/1"
"""Changes its number when a key is renamed, removed or changes its meaning; new keys may come."""

OVERLAY, CANDIDATES, REPORT = "overlay.mp4", "candidates.png", "segment.json"

CRF = 20
"""Of the overlay: it is looked at once."""


def segment(overrides: list[str], clip: Path | Clip | None) -> int:
    """Run ``cinekit segment`` and return the exit status; the overrides are those of ``make``."""
    return run_jobs(overrides, clip, _job)


def _job(config: DictConfig, clip: Clip | None, output: Path) -> None:
    """One job of a run or a sweep."""
    from cinekit.app.settings import build_settings
    from cinekit.clip import read_clip, stabilise
    from cinekit.plug.registry import load_plugins
    from cinekit.see import select_regions
    from cinekit.see.candidates import make_candidates
    from cinekit.store.memory import peak_memory

    settings, notes = build_settings(config, load_plugins())
    with open_reporter() as reporter:
        for note in notes:
            reporter.note(note)
        if clip is None:
            with reporter.stage("read") as progress:
                clip = read_clip(Path(config.input), settings.clip, progress)
        # As in `make`: a camera that drifts would make everything move.
        with reporter.stage("stabilise") as progress:
            clip, _ = stabilise(clip, settings.stabilise, progress)
        for warning in clip.warnings:
            reporter.warn(warning)
        with reporter.stage("segment") as progress:
            began = time.perf_counter()
            response = contract.respond(settings.segmenter, clip, progress)
            seconds = time.perf_counter() - began
        with reporter.stage("regions"):
            regions = select_regions(clip, response, settings.regions)
            candidates = make_candidates(regions, settings.candidates)
        document = _document(clip, response, regions, candidates)
        document["seconds"] = round(seconds, 3)
        document["peak_bytes"] = peak_memory()
        _write(output, clip, response, regions, candidates, document, reporter)
    print(table(document))
    print(f"results: {short(output)}")


def _document(
    clip: Clip,
    response: SemanticResponse,
    regions: Regions,
    candidates: tuple[Candidate, ...],
) -> dict[str, Any]:
    """Everything that was found, as plain JSON values."""
    height, width = clip.size
    _, rows, columns, _ = response.probabilities.shape
    return {
        "schema": SCHEMA,
        "clip": {
            "name": clip.name,
            "frames": clip.n_frames,
            "height": height,
            "width": width,
            "fps": clip.fps,
        },
        "segmenter": response.source,
        "notes": list(response.notes),
        "grid": [rows, columns],
        "categories": areas(response),
        "regions": [
            {
                "name": region.name,
                "motion": region.motion.value,
                "area": round(region.area, 5),
                "moving": round(region.moving, 5),
            }
            for region in regions.regions
        ],
        "dropped": [{"name": one.name, "reason": one.reason} for one in regions.dropped],
        "candidates": [
            {
                "id": candidate.id,
                "regions": list(candidate.regions),
                "area": round(float(candidate.target.mean()), 5),
            }
            for candidate in candidates
        ],
        "moving": round(float(regions.moving.mean()), 5),
    }


def areas(response: SemanticResponse) -> list[dict[str, Any]]:
    """What wins anywhere, largest first: one row per category.

    area : share of the frame in which it wins, mean over the frames; least and most over them.
    frames : share of the frames in which it wins anywhere.
    confidence : its mean probability where it wins.
    """
    import numpy as np

    frames = response.distinct
    n = len(response.categories)
    counts = np.zeros((len(frames), n), np.int64)
    mass = np.zeros(n)
    for t, cells in enumerate(frames):
        won = cells.argmax(axis=-1).ravel()
        counts[t] = np.bincount(won, minlength=n)
        mass += np.bincount(won, cells.max(axis=-1).ravel() / 255, minlength=n)
    share = counts / (frames.shape[1] * frames.shape[2])
    rows = [
        {
            "name": category.name,
            "motion": category.motion.value,
            "area": round(float(share[:, c].mean()), 5),
            "least": round(float(share[:, c].min()), 5),
            "most": round(float(share[:, c].max()), 5),
            "frames": round(float((counts[:, c] > 0).mean()), 5),
            "confidence": round(float(mass[c] / counts[:, c].sum()), 5),
        }
        for c, category in enumerate(response.categories)
        if counts[:, c].any()
    ]
    return sorted(rows, key=lambda row: -row["area"])


def table(document: dict[str, Any]) -> str:
    """The document for people."""
    clip = document["clip"]
    per_frame = document["seconds"] / clip["frames"] * 1000
    lines = [
        f"{document['segmenter']}: {clip['frames']} frames in {document['seconds']:.1f} s "
        f"({per_frame:.0f} ms each), cells {document['grid'][0]}x{document['grid'][1]}",
        *(f"  {note}" for note in document["notes"]),
        "",
        f"{'category':<16} {'motion':<12} {'area':>7} {'least':>7} {'most':>7} {'sure':>6}",
    ]
    small = [row["name"] for row in document["categories"] if row["most"] < 0.001]
    for row in document["categories"]:
        if row["name"] not in small:
            motion = row["motion"].replace("_", "-")
            lines.append(
                f"{row['name']:<16} {motion:<12} {row['area']:>7.1%} {row['least']:>7.1%} "
                f"{row['most']:>7.1%} {row['confidence']:>6.0%}"
            )
    if small:
        lines.append(f"traces: {', '.join(small)}")
    lines += ["", f"{document['moving']:.1%} of the pixels move by themselves", ""]
    lines += [
        f"region     {one['name']}: {one['area']:.1%} of the frame, {one['moving']:.0%} of it moves"
        for one in document["regions"]
    ]
    lines += [f"dropped    {one['name']}: {one['reason']}" for one in document["dropped"]]
    lines += [
        f"candidate  {one['id']}: {one['area']:.1%} of the frame" for one in document["candidates"]
    ]
    if not document["candidates"]:
        lines.append("no candidate: nothing moves by itself in this clip")
    return "\n".join(lines)


def _write(
    output: Path,
    clip: Clip,
    response: SemanticResponse,
    regions: Regions,
    candidates: tuple[Candidate, ...],
    document: dict[str, Any],
    reporter: Reporter,
) -> None:
    from PIL import Image

    from cinekit.write import Mp4Writer, write_bytes, write_text
    from cinekit.write.mp4 import Preset
    from cinekit.write.overlay import candidate_sheet, overlay_frames

    output.mkdir(parents=True, exist_ok=True)
    shown = [row["name"] for row in document["categories"] if row["most"] >= 0.001]
    writer = Mp4Writer(crf=CRF, preset=Preset.veryfast, still_std=None, still_psnr=None)
    with reporter.stage("overlay"):
        writer.write(overlay_frames(clip, response, shown), clip.fps, output / OVERLAY)
    files = {"overlay": OVERLAY}
    if candidates:
        buffer = io.BytesIO()
        Image.fromarray(candidate_sheet(clip, candidates)).save(buffer, "PNG")
        write_bytes(output / CANDIDATES, buffer.getvalue())
        files["candidates"] = CANDIDATES
    text = json.dumps({**document, "files": files}, indent=1)
    write_text(output / REPORT, text + "\n")
