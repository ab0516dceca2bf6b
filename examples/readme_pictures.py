"""Make the pictures of the README from the demo clip: docs/images/demo.webp and labels.png.

python examples/readme_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import cinekit
from cinekit.loop import RenderOptions
from cinekit.model import Loop, Scene
from cinekit.see import CandidateOptions
from cinekit.testing import demo_clip
from cinekit.write import WebpWriter, labels_image

FOLDER = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 400
EVERY = 2
"""Frames of the loop per frame of the picture: a README need not be smooth to the last frame."""


def main() -> None:
    """Two by two candidates, each with one thing that moves, and the labels of the first."""
    loops: dict[str, NDArray[np.uint8]] = {}
    labels: dict[str, NDArray[np.uint8]] = {}

    def keep(scene: Scene, made: Loop, frames: NDArray[np.uint8]) -> None:
        loops[made.candidate.id] = np.stack([small(frame) for frame in frames[::EVERY]])
        labels[made.candidate.id] = small(labels_image(made.labels))

    clip = demo_clip()
    result = cinekit.make(
        clip,
        sink=keep,
        candidates=CandidateOptions(combine=1, everything=False),
        render=RenderOptions(length=4.0),
    )
    names = [made.id for made in result][:4]
    rows = [np.concatenate([loops[name] for name in names[i : i + 2]], axis=2) for i in (0, 2)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = np.concatenate(rows, axis=1)
    WebpWriter(quality=60).write(picture, clip.fps / EVERY, FOLDER / "demo.webp")
    pair = np.concatenate([loops[names[0]][0], labels[names[0]]], axis=1)
    Image.fromarray(pair).save(FOLDER / "labels.png")
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture at WIDTH pixels."""
    height = round(frame.shape[0] * WIDTH / frame.shape[1])
    return np.asarray(cv2.resize(frame, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
