"""What the segmenters of faces share: finding the faces, and saying when there are none."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from cinekit import (
    Clip,
    Count,
    NetworkSegmenter,
    Progress,
    SemanticResponse,
    Within,
    find_weights,
    lacking,
    silent,
)
from cinekit_faces.detect import OUTPUTS, SIDE, Box, find_faces
from cinekit_faces.known import KNOWN
from cinekit_faces.runtime import Network


@dataclass(frozen=True, kw_only=True)
class FaceSegmenter(NetworkSegmenter):
    """Sees parts of faces, and background where there are none.

    Parameters
    ----------
    faces : at most so many per frame, the surest first.
    confidence : a face is taken when the detector is at least so sure, in (0, 1).
    scales : 1 finds faces from about an eighth of the longer side on; 2 also looks into squares of
        the shorter side, 3 also into squares of half of that, for smaller faces and more time.
    threads : threads of the .tflite networks; the result does not depend on them.
    """

    faces: Count = 4
    confidence: Annotated[float, Within("(0, 1)")] = 0.5
    scales: Count = 2
    threads: Count = 2
    cells: Count = 240

    def missing(self, *files: str) -> str | None:
        """Why .tflite networks in these files cannot run here, in one line, or None."""
        return lacking("ai_edge_litert", "ai-edge-litert", *files, known=KNOWN)

    def load_detector(self, file: str) -> Network:
        """The detector that :meth:`boxes` needs, from a path or a name in the models folder."""
        return Network(find_weights(file, KNOWN), SIDE, OUTPUTS, self.threads)

    def boxes(self, detector: Network, frame: NDArray[np.uint8]) -> list[Box]:
        """The faces of a frame, uint8 (H, W, 3) RGB, surest first."""
        return find_faces(detector, frame, self.confidence, self.scales, self.faces)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The folded response, with a note on frames without a face."""
        response = super().respond(clip, progress)
        names = [category.name for category in response.categories]
        least = response.probabilities[..., names.index("background")].min(axis=(1, 2))
        without = int((least > 127).sum())
        notes = response.notes
        if without:
            where = "any frame" if without == clip.n_frames else f"{without} frames"
            notes = (f"no face was found in {where} of {clip.n_frames}",)
        return dataclasses.replace(response, notes=notes)
