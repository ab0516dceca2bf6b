"""``litert``: any segmentation network in a .tflite file."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, WeightsError
from cinekit.models import find_weights
from cinekit.semantics import NetworkSegmenter
from cinekit.semantics.answers import Output, class_probabilities, parse_labels
from cinekit_litert.network import Network


@dataclass(frozen=True, kw_only=True)
class LitertSegmenter(NetworkSegmenter):
    """Runs a .tflite network; input size and number types are read from the file.

    Frames are squashed to the network's input size, whatever their aspect: networks of this kind
    mind distortion less than they mind a smaller field of view.

    Parameters
    ----------
    model : path of the .tflite file, or its name in the models folder.
    labels : a vocabulary ("ade20k_150"), a text file with one label a line, or the names themselves
        separated by commas ("background, person"). A network with one class more than the
        vocabulary has background first.
    output : what the network answers: logits, probabilities, class_index or mask.
    mean, std : the input is ``(pixel - mean) / std`` with pixels in [0, 255]; one value or three.
        127.5 and 127.5 give [-1, 1].
    threads : threads of the network; the result does not depend on them.
    """

    model: str
    labels: str
    output: Output = Output.LOGITS
    mean: list[float] = field(default_factory=lambda: [127.5])
    std: list[float] = field(default_factory=lambda: [127.5])
    threads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (1, 3):
                raise ConfigError(
                    f"expected one or three values of {name}, received {getattr(self, name)}"
                )
        if 0 in self.std:
            raise ConfigError(f"expected no zero in std, received {self.std}")
        if self.threads < 1:
            raise ConfigError(f"expected threads >= 1, received {self.threads}")

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        if importlib.util.find_spec("ai_edge_litert") is None:
            return "needs 'ai_edge_litert': pip install ai-edge-litert"
        try:
            find_weights(self.model)
        except WeightsError as error:
            return str(error)
        return None

    def classes(self) -> Sequence[str]:
        """Class names in the order of the network's output."""
        labels = self._labels
        n = self._network.n_classes if self.output.per_class else None
        if n is not None and n == len(labels) + 1 and "background" not in labels:
            labels = ("background", *labels)
        if n is not None and n != len(labels):
            raise WeightsError(
                f"expected {len(labels)} classes, one per label of {self.labels!r}, "
                f"{self.model!r} has {n}; give the labels that belong to it"
            )
        if self.output is Output.MASK and len(labels) != 2:
            raise ConfigError(
                f"expected two labels for a mask, the outside and the inside, received {labels}"
            )
        return labels

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, n_classes); see :class:`NetworkSegmenter`."""
        return np.stack([self._one(frame) for frame in frames])

    def source(self) -> str:
        """The file, for reports."""
        return self.model

    @cached_property
    def _network(self) -> Network:
        return Network(find_weights(self.model), self.threads)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return parse_labels(self.labels)

    def _one(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        h, w = self._network.input_size
        shrinks = h * w < frame.shape[0] * frame.shape[1]
        small = cv2.resize(
            frame, (w, h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        mean, std = (np.array(value, np.float32) for value in (self.mean, self.std))
        values = (small.astype(np.float32) - mean) / std
        # Of logits, only those that are wanted leave the network's memory.
        answer = self._network.run(values, self.cells if self.output is Output.LOGITS else None)
        try:
            return class_probabilities(
                answer, self.output, len(self._labels), self.cells, self.model
            )
        except WeightsError as error:
            raise WeightsError(f"{error}; the labels are {self.labels!r}") from error
