"""The features that need no network: under a second per candidate at 960x540."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Within
from cinekit.errors import RankError
from cinekit.eye import MOVES
from cinekit.features.look import look
from cinekit.features.loop import loopability, occurrence
from cinekit.features.motion import TRACK_FRAMES, flow_statistics, track_statistics
from cinekit.features.registry import STANDARD
from cinekit.model import Loop, Scene

SAMPLES = 24
"""Frames that decide what moves."""


@dataclass(frozen=True, kw_only=True)
class StandardFeatures(Checked):
    """Hand-designed, motion and semantic features ([O] 4.2), without a network.

    width : of the frames that are looked at, pixels; larger loops are scaled down.
    pairs : pairs of frames between which optical flow is computed.
    """

    width: Annotated[int, Within("[32, inf)")] = 240
    pairs: Count = 8

    def extract(self, scene: Scene, loop: Loop, frames: NDArray[np.uint8]) -> dict[str, float]:
        """Every name of STANDARD, in its order.

        frames : uint8 (n, H, W, 3), the rendered loop once.

        Raises
        ------
        RankError
            When the frames are not a loop of this clip.
        """
        if frames.ndim != 4 or frames.shape[1:3] != scene.clip.size or not len(frames):
            raise RankError(
                f"features: expected the loop's frames as (n, {scene.clip.size[0]}, "
                f"{scene.clip.size[1]}, 3), received {frames.shape}"
            )
        spread = np.unique(np.linspace(0, len(frames) - 1, SAMPLES).round().astype(int))
        moving = self._moving([self._grey(frames[t]) for t in spread])
        chosen = np.unique(np.linspace(0, max(len(frames) - 2, 0), self.pairs).round().astype(int))
        fps = scene.clip.fps
        first = [self._grey(frame) for frame in frames[:TRACK_FRAMES]]
        pairs = [
            (self._grey(frames[t]), self._grey(frames[min(t + 1, len(frames) - 1)])) for t in chosen
        ]
        found = {
            **look(self._small(frames[len(frames) // 2]), moving),
            **flow_statistics(pairs, moving, fps),
            **track_statistics(first, moving, fps),
            **loopability(scene, loop),
            **occurrence(scene.response, moving),
        }
        return {feature.name: found[feature.name] for feature in STANDARD}

    def _moving(self, grey: list[NDArray[np.uint8]]) -> NDArray[np.bool_]:
        """bool (h, w): what visibly moves in the loop."""
        moving: NDArray[np.bool_] = np.stack(grey).std(axis=0) > MOVES
        return moving

    def _small(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = frame.shape[:2]
        if width <= self.width:
            return frame
        size = (self.width, max(1, round(height * self.width / width)))
        return cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def _grey(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        grey = cv2.cvtColor(self._small(frame), cv2.COLOR_RGB2GRAY)
        return grey.astype(np.uint8, copy=False)
