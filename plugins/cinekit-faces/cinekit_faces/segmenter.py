"""``face_mesh``: parts of faces from MediaPipe's face landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cinekit import Share, find_weights, grid_size
from cinekit_faces import mesh
from cinekit_faces.base import FaceSegmenter
from cinekit_faces.known import KNOWN
from cinekit_faces.masks import CLASSES, face_probabilities
from cinekit_faces.runtime import Network


@dataclass(frozen=True, kw_only=True)
class FaceMeshSegmenter(FaceSegmenter):
    """Finds faces, then 468 landmarks in each, and draws skin, brows, eyes, lips and mouth.

    Hair, ears, neck and glasses have no landmarks and are left to a scene segmenter; the nose is
    skin here. Faces in profile are found less surely, from behind not at all.

    Parameters
    ----------
    detector, landmarks : paths of MediaPipe's two .tflite files, or their names in the models
        folder.
    confidence : a face is taken when detector and landmarks are both at least so sure, in (0, 1).
    grow : eyes and lips grow by this share of their width: lids and the skin around move with
        them. In [0, 1].
    """

    detector: str = "face_detection_short_range.tflite"
    landmarks: str = "face_landmark.tflite"
    grow: Share = 0.15

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        return self.missing(self.detector, self.landmarks)

    def classes(self) -> Sequence[str]:
        """Names of CelebAMask for the parts that are drawn."""
        return CLASSES

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, 8); see :class:`NetworkSegmenter`."""
        size = (frames.shape[1], frames.shape[2])
        grid = grid_size(size, self.cells)
        return np.stack(
            [face_probabilities(self.find(frame), size, grid, self.grow) for frame in frames]
        )

    def find(self, frame: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        """Landmarks of every face of a frame: float64 (468, 2), x and y in its pixels.

        frame : uint8 (H, W, 3), RGB.
        """
        detector, landmarks = self._networks
        boxes = self.boxes(detector, frame)
        found = (mesh.find_landmarks(landmarks, frame, box, self.confidence) for box in boxes)
        return [one for one in found if one is not None]

    def source(self) -> str:
        """The option, for reports: the two files belong together."""
        return "face_mesh"

    @cached_property
    def _networks(self) -> tuple[Network, Network]:
        return (
            self.load_detector(self.detector),
            Network(find_weights(self.landmarks, KNOWN), mesh.SIDE, mesh.OUTPUTS, self.threads),
        )
