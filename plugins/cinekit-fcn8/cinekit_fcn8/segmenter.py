"""``fcn8``: FCN-8s with published or own weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit import (
    NetworkOutput,
    NetworkSegmenter,
    SegmenterError,
    Vocabulary,
    WeightsError,
    Within,
    class_probabilities,
    find_weights,
    fit_labels,
    lacking,
    load_vocabulary,
    on_device,
    parse_labels,
    require,
)
from cinekit_fcn8.known import KNOWN

if TYPE_CHECKING:
    from cinekit_fcn8.network import FCN8s

MEAN_BGR = (104.00699, 116.66877, 122.67892)
"""Of ImageNet, blue first: what the published networks subtract."""

CONTEXT_59 = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor", "bag", "bed", "bench", "book", "building", "cabinet", "ceiling"),
    *("cloth", "computer", "cup", "door", "fence", "floor", "flower", "food", "grass", "ground"),
    *("keyboard", "light", "mountain", "mouse", "curtain", "platform", "sign", "plate", "road"),
    *("rock", "shelves", "sidewalk", "sky", "snow", "bedcloth", "track", "tree", "truck", "wall"),
    *("water", "window", "wood"),
)
"""PASCAL-Context in the order of the published networks. They write "clothes" for "cloth"."""

TABLES = {60: "pascal_context_60", 59: "pascal_context_59", 21: "voc_21"}
"""Vocabulary by the number of classes."""


@dataclass(frozen=True, kw_only=True)
class Fcn8Segmenter(NetworkSegmenter):
    """FCN-8s: the segmentation that [O] used.

    The network takes pictures of any size; larger frames are scaled down, keeping their aspect.

    Parameters
    ----------
    model : path of a Caffe model (``.caffemodel``) or of a torch state dict, or its name in the
        models folder.
    labels : a vocabulary, a text file with one label a line, or names separated by commas; None
        goes by the number of classes in the file: 60 and 59 are PASCAL-Context with and without
        background, 21 is VOC.
    longest : longer side that frames are scaled down to. It was trained on photographs of up to 500
        pixels; more is slower (time grows with the area) and not better.
    at_once : the torch state dict is of the at-once variant, which scales its skips by 0.01 and
        0.0001. Caffe models say so themselves.
    device : of torch: cpu, cuda, cuda:1.
    """

    model: str
    labels: str | None = None
    longest: Annotated[int, Within("[16, inf)")] = 500
    at_once: bool = False
    device: str = "cpu"

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        return lacking("torch", "torch>=2.4", self.model, known=KNOWN)

    def classes(self) -> Sequence[str]:
        """Class names in the order of the network's scores."""
        n = int(self._network.score_fr.out_channels)
        if self.labels is not None:
            return fit_labels(parse_labels(self.labels), NetworkOutput.LOGITS, n, self.model)
        if n not in TABLES:
            raise WeightsError(
                f"labels: {self.model!r} has {n} classes, none of {', '.join(map(str, TABLES))}: "
                "give its labels"
            )
        if n == 21:
            return parse_labels(TABLES[n])
        return CONTEXT_59 if n == 59 else ("background", *CONTEXT_59)

    def vocabulary(self) -> Vocabulary:
        """The classes and their categories; published ones by name in the table of their data."""
        classes = self.classes()
        if self.labels is None and self.categories is None:
            return load_vocabulary(TABLES[len(classes)]).select(classes)
        return super().vocabulary()

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, n_classes); see :class:`NetworkSegmenter`."""
        torch = require("torch", "torch", "segmenter 'fcn8'")
        values = np.stack([self._input(frame) for frame in frames])
        try:
            with torch.inference_mode():
                scores = self._network(torch.from_numpy(values).to(self.device)).cpu().numpy()
        except RuntimeError as error:
            raise SegmenterError(
                f"fcn8 cannot run on {self.device!r} ({str(error).splitlines()[0]}); "
                "try segmenter.batch=1, a smaller segmenter.longest or segmenter.device=cpu"
            ) from error
        n = scores.shape[1]
        return np.stack(
            [
                class_probabilities(
                    one.transpose(1, 2, 0), NetworkOutput.LOGITS, n, self.cells, self.model
                )
                for one in scores
            ]
        )

    def source(self) -> str:
        """The file, for reports."""
        return self.model

    @cached_property
    def _network(self) -> FCN8s:
        require("torch", "torch", "segmenter 'fcn8'")
        from cinekit_fcn8.weights import load_network

        network = load_network(find_weights(self.model, KNOWN), self.at_once)
        placed: FCN8s = on_device(network, self.device)
        return placed

    def _input(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (H, W, 3) RGB to float32 (3, h, w), BGR minus the mean."""
        height, width = frame.shape[:2]
        scale = min(1.0, self.longest / max(height, width))
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        values = frame[..., ::-1].astype(np.float32) - np.array(MEAN_BGR, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1))
