"""Faces of the loop: how many, how large, where, through any parser of faces."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.features.registry import FACES
from cinekit.model import Clip, Loop, Scene, SemanticResponse
from cinekit.protocols import Segmenter
from cinekit.see.fusion import first_reason

NAN = float("nan")
PARTS = ("skin", "brows", "eyes", "nose", "mouth", "glasses")
"""Shared categories that make up a face; hair, ears and neck are left out."""

SMALLEST = 2e-4
"""Smallest connected face that counts, share of the frame."""


@dataclass(frozen=True, kw_only=True)
class FaceFeatures:
    """Looks for faces in the middle frame of the loop.

    parser : a segmenter that sees parts of faces (``face_mesh``, ``bisenet`` ...). None says that
        nobody looked: ``face_known`` is 0 and the rest NaN.
    choices : options of the group segmenter; ``cinekit make`` takes the first that can run as the
        parser when none is given.
    """

    parser: Segmenter | None = None
    choices: tuple[str, ...] = ("face_mesh", "bisenet")

    def unavailable(self) -> str | None:
        """Why its parser cannot run here, or None."""
        return None if self.parser is None else first_reason(self.parser)

    def extract(self, scene: Scene, loop: Loop, frames: NDArray[np.uint8]) -> dict[str, float]:
        """Every name of FACES. frames : uint8 (n, H, W, 3), the rendered loop once."""
        if self.parser is None:
            return {**{feature.name: NAN for feature in FACES}, "face_known": 0.0}
        middle = len(frames) // 2
        shown = Clip(frames[middle : middle + 1], scene.clip.fps)
        return faces(contract.respond(self.parser, shown))


def faces(response: SemanticResponse) -> dict[str, float]:
    """Faces in the first frame of a response; faces that touch count as one."""
    parts = [i for i, category in enumerate(response.categories) if category.name in PARTS]
    face = response.frame(0)[..., parts].sum(axis=-1) > 0.5  # (h, w)
    _, _, found, centres = cv2.connectedComponentsWithStats(face.astype(np.uint8))
    areas = found[1:, cv2.CC_STAT_AREA] / face.size
    out = {
        "face_known": 1.0,
        "face_count": float((areas >= SMALLEST).sum()),
        "face_area": 0.0,
        "face_x": NAN,
        "face_y": NAN,
    }
    if not out["face_count"]:
        return out
    x, y = centres[1 + int(areas.argmax())]
    height, width = face.shape
    place = {"face_x": float(x + 0.5) / width, "face_y": float(y + 0.5) / height}
    return {**out, "face_area": float(areas.max()), **place}
