"""``colour``: everything of one hue is one thing. Good for a red flag, or for green grass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

import cinekit

Degrees = Annotated[float, cinekit.Within("[0, 360]")]


@dataclass(frozen=True, kw_only=True)
class ColourSegmenter(cinekit.Checked):
    """Calls the pixels of a range of hues by a name.

    Parameters
    ----------
    category : what the coloured thing is called.
    natural : whether it is texture ("grass") or an object that tears when it does not repeat.
    hue_from, hue_to : degrees on the colour circle, in [0, 360]; red is around 0, green around 120,
        blue around 240. ``hue_from > hue_to`` goes through red: 330 to 30.
    saturation : least saturation, in [0, 1]; grey has no hue.
    cells : longer side of the response, at most; the probability of a cell is the share of its
        pixels that have the colour.
    """

    category: str = "coloured"
    natural: bool = True
    hue_from: Degrees = 330.0
    hue_to: Degrees = 30.0
    saturation: cinekit.Share = 0.3
    cells: cinekit.Count = 240

    def respond(
        self, clip: cinekit.Clip, progress: cinekit.Progress = cinekit.silent
    ) -> cinekit.SemanticResponse:
        """The share of the colour in every cell and frame."""
        height, width = clip.size
        scale = min(1.0, self.cells / max(height, width))
        h, w = max(1, round(height * scale)), max(1, round(width * scale))
        cells = np.empty((clip.n_frames, h, w, 2), np.uint8)
        for t, frame in enumerate(clip.frames):
            share = cv2.resize(self._coloured(frame), (w, h), interpolation=cv2.INTER_AREA)
            cells[t, ..., 0] = share
            cells[t, ..., 1] = 255 - share
            progress((t + 1) / clip.n_frames)
        motion = cinekit.Motion.NATURAL if self.natural else cinekit.Motion.NON_NATURAL
        categories = (
            cinekit.Category(self.category, motion),
            cinekit.Category("rest", cinekit.Motion.STATIC),
        )
        return cinekit.SemanticResponse(cells, categories, source="colour")

    def _coloured(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (H, W): 255 where a pixel has the colour."""
        hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV_FULL)
        hue = hsv[..., 0] * (360.0 / 256.0)
        if self.hue_from <= self.hue_to:
            inside = (hue >= self.hue_from) & (hue <= self.hue_to)
        else:
            inside = (hue >= self.hue_from) | (hue <= self.hue_to)
        strong = hsv[..., 1] >= 255 * self.saturation
        return (inside & strong).astype(np.uint8) * np.uint8(255)
