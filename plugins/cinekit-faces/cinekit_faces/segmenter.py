"""``face_mesh``: parts of faces from MediaPipe's face landmarks."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, WeightsError
from cinekit.models import find_weights
from cinekit.protocols import Progress, silent
from cinekit.semantics import NetworkSegmenter
from cinekit.semantics.folding import grid_size
from cinekit.types import Clip, SemanticResponse
from cinekit_faces import detect, mesh
from cinekit_faces.masks import CLASSES, face_probabilities
from cinekit_faces.runtime import Network


@dataclass(frozen=True, kw_only=True)
class FaceMeshSegmenter(NetworkSegmenter):
    """Finds faces, then 468 landmarks in each, and draws skin, brows, eyes, lips and mouth.

    Hair, ears, neck and glasses have no landmarks and are left to a scene segmenter; the nose is
    skin here. Faces in profile are found less surely, from behind not at all.

    Parameters
    ----------
    detector, landmarks : paths of MediaPipe's two .tflite files, or their names in the models
        folder.
    faces : at most so many per frame, the surest first.
    confidence : a face is taken when detector and landmarks are both at least so sure, in (0, 1).
    scales : 1 finds faces from about an eighth of the longer side on; 2 also looks into squares of
        the shorter side, 3 also into squares of half of that, for smaller faces and more time.
    grow : eyes and lips grow by this share of their width: lids and the skin around move with
        them. In [0, 1].
    threads : threads of the networks; the result does not depend on them.
    """

    detector: str = "face_detection_short_range.tflite"
    landmarks: str = "face_landmark.tflite"
    faces: int = 4
    confidence: float = 0.5
    scales: int = 2
    grow: float = 0.15
    threads: int = 2
    cells: int = 240

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("faces", "scales", "threads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"expected {name} >= 1, received {getattr(self, name)}")
        if not 0 < self.confidence < 1:
            raise ConfigError(f"expected confidence in (0, 1), received {self.confidence}")
        if not 0 <= self.grow <= 1:
            raise ConfigError(f"expected grow in [0, 1], received {self.grow}")

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        if importlib.util.find_spec("ai_edge_litert") is None:
            return "needs 'ai_edge_litert': pip install ai-edge-litert"
        try:
            find_weights(self.detector)
            find_weights(self.landmarks)
        except WeightsError as error:
            return str(error)
        return None

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
        boxes = detect.find_faces(detector, frame, self.confidence, self.scales, self.faces)
        found = (mesh.find_landmarks(landmarks, frame, box, self.confidence) for box in boxes)
        return [one for one in found if one is not None]

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

    def source(self) -> str:
        """The option, for reports: the two files belong together."""
        return "face_mesh"

    @cached_property
    def _networks(self) -> tuple[Network, Network]:
        return (
            Network(find_weights(self.detector), detect.SIDE, detect.OUTPUTS, self.threads),
            Network(find_weights(self.landmarks), mesh.SIDE, mesh.OUTPUTS, self.threads),
        )
