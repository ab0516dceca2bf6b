"""A plugin as it should be: one segmenter, one writer, options beside the module."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

import cinekit


class Tone(StrEnum):
    DARK = "dark"
    BRIGHT = "bright"


@dataclass(frozen=True, kw_only=True)
class ToneSegmenter:
    """Dark or bright pixels. Looping them is this fake's whole idea."""

    tone: Tone = Tone.BRIGHT
    threshold: float = 0.5
    box: tuple[int, ...] = (0, 0)
    inner: cinekit.Segmenter | None = None

    def __post_init__(self):
        if not 0 <= self.threshold <= 1:
            raise cinekit.ConfigError(
                f"threshold: expected a share in [0, 1], received {self.threshold}"
            )

    def respond(self, clip, progress=cinekit.silent):
        chosen = clip.frames.mean(-1) >= 255 * self.threshold
        if self.tone is Tone.DARK:
            chosen = ~chosen
        cells = np.stack([chosen, ~chosen], axis=-1).astype(np.uint8) * np.uint8(255)
        things = (
            cinekit.Category(str(self.tone), cinekit.Motion.NATURAL),
            cinekit.Category("rest", cinekit.Motion.STATIC),
        )
        return cinekit.SemanticResponse(cells, things, source="tone")


@dataclass(frozen=True, kw_only=True)
class PathSegmenter(ToneSegmenter):
    """Has an option without a default."""

    path: str


@dataclass(frozen=True, kw_only=True)
class NpyWriter:
    suffix: ClassVar[str] = ".npy"
    media_type: ClassVar[str] = "application/octet-stream"

    def write(self, frames, fps, path, repeat=1):
        np.save(path, np.stack(list(frames) * repeat))


@cinekit.hookimpl
def cinekit_segmenters():
    return {"tone": ToneSegmenter, "path": PathSegmenter}


@cinekit.hookimpl
def cinekit_writers():
    return {"npy": NpyWriter}
