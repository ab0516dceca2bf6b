"""``bisenet``: the 19 parts of CelebAMask-HQ, hair included, from a BiSeNet face parser."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from cinekit import (
    NetworkOutput,
    SegmenterError,
    WeightsError,
    Within,
    class_probabilities,
    find_weights,
    grid_size,
    lacking,
    load_vocabulary,
    on_device,
    one_line,
    require,
    resample,
)
from cinekit_faces.base import FaceSegmenter
from cinekit_faces.crops import aligned, cells_across, on_grid
from cinekit_faces.detect import Square, squares
from cinekit_faces.known import KNOWN
from cinekit_faces.runtime import Network

if TYPE_CHECKING:
    from cinekit_faces.bisenet_network import BiSeNet

TABLE = "celebamask_19"

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of ImageNet in [0, 255], red first: what the public checkpoints were trained with."""

STRIDE = 8
"""Of the network: it scores one cell per so many pixels."""


@dataclass(frozen=True, kw_only=True)
class BiSeNetSegmenter(FaceSegmenter):
    """Parses faces with BiSeNet: skin, brows, eyes, mouth, nose, ears, hair, neck, hat and more.

    A face parser has only ever seen portraits. So faces are found first, and each is shown to it
    upright in the square that its training pictures were cut to, which holds the hair and the neck
    as well; what lies outside is background.

    Parameters
    ----------
    model : path of the torch weights, or their name in the models folder.
    detector : of the faces: path of MediaPipe's .tflite file, or its name in the models folder.
        None shows the parser the whole frame, filled up to a square: for clips that are portraits,
        and for faces from the side, which the detector misses.
    size : pixels along a side of the square that the parser sees. It was trained at 512; time grows
        with the area.
    device : of torch: cpu, cuda, cuda:1.
    """

    model: str = "79999_iter.pth"
    detector: str | None = "face_detection_short_range.tflite"
    size: Annotated[int, Within("[32, inf)")] = 512
    device: str = "cpu"

    def unavailable(self) -> str | None:
        """Why it cannot run here: a package or the weights are missing."""
        reason = lacking("torch", "cinekit-faces[bisenet]", self.model, known=KNOWN)
        if reason is None and self.detector is not None:
            reason = self.missing(self.detector)
        return reason

    def classes(self) -> str:
        """The vocabulary; the public checkpoints keep its order."""
        found, wanted = self._n_classes, len(load_vocabulary(TABLE).classes)
        if found != wanted:
            raise WeightsError(
                f"expected {self.model!r} to score the {wanted} classes of {TABLE}, "
                f"it scores {found}: it is no parser of faces"
            )
        return TABLE

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, 19); see :class:`NetworkSegmenter`."""
        return np.stack([self._parse(frame) for frame in frames])

    def crops(self, frame: NDArray[np.uint8]) -> list[Square]:
        """What the parser is shown of a frame, uint8 (H, W, 3) RGB."""
        if self._detector is None:
            return list(squares(frame.shape[0], frame.shape[1], scales=1))
        return [aligned(box) for box in self.boxes(self._detector, frame)]

    def source(self) -> str:
        """The file, for reports."""
        return self.model

    def _parse(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (h, w, 19) of one frame."""
        size = (frame.shape[0], frame.shape[1])
        grid = grid_size(size, self.cells)
        shown = self.crops(frame)
        answers = [
            self._answer(score, cells_across(square, size, grid))
            for score, square in zip(self._scores(frame, shown), shown, strict=True)
        ]
        return on_grid(answers, shown, size, grid, self._n_classes)

    def _scores(self, frame: NDArray[np.uint8], shown: list[Square]) -> NDArray[np.float32]:
        """float32 (k, size, size, n) before the softmax, of k squares."""
        if not shown:
            return np.empty((0, self.size, self.size, self._n_classes), np.float32)
        torch = require("torch", "cinekit-faces[bisenet]", "segmenter 'bisenet'")
        pictures = np.stack([square.cut(frame, self.size) for square in shown])
        values = (pictures - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
        batch = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
        try:
            with torch.inference_mode():
                scores = self._network(batch.to(self.device)).cpu().numpy()
        except RuntimeError as error:
            raise SegmenterError(
                f"bisenet cannot run on {self.device!r} ({one_line(error)[:120]}); "
                "try a smaller segmenter.size or segmenter.device=cpu"
            ) from error
        return np.asarray(scores.transpose(0, 2, 3, 1), np.float32)

    def _answer(self, score: NDArray[np.float32], across: int) -> NDArray[np.float32]:
        """Probabilities float32 (across, across, 19) of one square.

        Sampled no coarser than the network looks, and averaged from there, so that the eyes of a
        small face are not stepped over.
        """
        fine = max(across, self.size // STRIDE)
        seen = class_probabilities(score, NetworkOutput.LOGITS, score.shape[-1], fine, self.model)
        return resample(seen, (across, across))

    @property
    def _n_classes(self) -> int:
        return int(self._network.conv_out.conv_out.out_channels)

    @cached_property
    def _detector(self) -> Network | None:
        return None if self.detector is None else self.load_detector(self.detector)

    @cached_property
    def _network(self) -> BiSeNet:
        require("torch", "cinekit-faces[bisenet]", "segmenter 'bisenet'")
        from cinekit_faces.bisenet_network import load_network

        placed: BiSeNet = on_device(load_network(find_weights(self.model, KNOWN)), self.device)
        return placed
