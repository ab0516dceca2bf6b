"""The base of segmenters that run a network file of any origin, whatever its format."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Count
from cinekit.errors import ConfigError
from cinekit.see.answers import NetworkOutput, class_probabilities, fit_labels, parse_labels
from cinekit.see.network import NetworkSegmenter
from cinekit.store.weights import KnownModel, lacking


class OpenNetwork(Protocol):
    """A network in memory, from one picture to one array."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(h, w)."""
        ...

    @property
    def n_channels(self) -> int:
        """Size of the output's last axis, 1 where it has none."""
        ...

    def run(self, values: NDArray[np.float32], most: int | None) -> NDArray[np.generic]:
        """float32 (h, w, 3), normalised, to (h', w', n).

        most : where it is given, the answer is read only at the centres of at most so many cells
            along its longer side (:func:`~.answers.sample_centres`), and the rest is not copied: a
            large network's output is 160 MB a frame.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class NetworkFileSegmenter(NetworkSegmenter):
    """Runs a network file on the frames, one at a time.

    Frames are squashed to the network's input size, whatever their aspect: networks of this kind
    mind distortion less than they mind a smaller field of view.

    Parameters
    ----------
    model : path of the file, or its name in the models folder.
    labels : a vocabulary ("ade20k_150"), a text file with one label a line, or the names themselves
        separated by commas ("background, person"). A network with one class more than the
        vocabulary has background first.
    output : what the network answers: logits, probabilities, class_index or mask.
    mean, std : the input is ``(pixel - mean) / std`` with pixels in [0, 255]; one value or three.
        127.5 and 127.5 give [-1, 1].
    threads : threads of the network; the result does not depend on them.
    """

    module: ClassVar[str]
    """The runtime's module."""
    distribution: ClassVar[str]
    """What to install for it."""
    known: ClassVar[tuple[KnownModel, ...]] = ()
    """Published networks, to say where a missing file is to be had."""

    model: str
    labels: str
    output: NetworkOutput = NetworkOutput.LOGITS
    mean: list[float] = field(default_factory=lambda: [127.5])
    std: list[float] = field(default_factory=lambda: [127.5])
    threads: Count = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "std"):
            if len(value := getattr(self, name)) not in (1, 3):
                raise ConfigError(f"{name}: expected one or three values, received {value}")
        if 0 in self.std:
            raise ConfigError(f"std: expected no zero, received {self.std}")

    @abstractmethod
    def open_network(self) -> OpenNetwork:
        """Read the file; called once.

        Raises
        ------
        WeightsError
            When it is missing, damaged, or no network from picture to picture.
        """

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        return lacking(self.module, self.distribution, self.model, known=self.known)

    def classes(self) -> Sequence[str]:
        """Class names in the order of the network's output."""
        labels = parse_labels(self.labels)
        return fit_labels(labels, self.output, self._network.n_channels, self.model)

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, n_classes); see :class:`NetworkSegmenter`."""
        n_classes = len(self.classes())
        most = self.cells if self.output is NetworkOutput.LOGITS else None
        return np.stack(
            [
                class_probabilities(
                    self._network.run(self.values(frame), most),
                    self.output,
                    n_classes,
                    self.cells,
                    self.model,
                )
                for frame in frames
            ]
        )

    def values(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (H, W, 3) RGB to the network's float32 (h, w, 3)."""
        h, w = self._network.input_size
        shrinks = h * w < frame.shape[0] * frame.shape[1]
        small = cv2.resize(
            frame, (w, h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        mean, std = (np.array(value, np.float32) for value in (self.mean, self.std))
        values: NDArray[np.float32] = (small.astype(np.float32) - mean) / std
        return values

    def source(self) -> str:
        """The file, for reports."""
        return self.model

    @cached_property
    def _network(self) -> OpenNetwork:
        return self.open_network()
