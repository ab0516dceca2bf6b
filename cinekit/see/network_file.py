"""The base of segmenters that run a network file of any origin, whatever its format.

Such a file says neither what its numbers are nor what its classes are called: options do.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Count
from cinekit.errors import ConfigError, WeightsError
from cinekit.see.folding import softmax
from cinekit.see.network import NetworkSegmenter
from cinekit.see.vocabulary import BACKGROUND, VOCABULARIES, load_vocabulary, read_labels
from cinekit.store.weights import KnownModel, lacking
from cinekit.view import grid_size


class NetworkOutput(StrEnum):
    """What the network's output holds."""

    LOGITS = "logits"
    """(h, w, n) before the softmax."""
    PROBABILITIES = "probabilities"
    """(h, w, n), sum 1."""
    CLASS_INDEX = "class_index"
    """(h, w) or (h, w, 1): the number of the winning class."""
    MASK = "mask"
    """(h, w) or (h, w, 1): probability of the second of two classes."""

    @property
    def per_class(self) -> bool:
        """Whether the last axis counts classes."""
        return self in (NetworkOutput.LOGITS, NetworkOutput.PROBABILITIES)


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
            along its longer side (:func:`sample_centres`), and the rest is not copied: a
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


def parse_labels(labels: str) -> tuple[str, ...]:
    """Class names from an option: a vocabulary, names separated by commas, or a text file."""
    if labels in VOCABULARIES:
        return load_vocabulary(labels).classes
    if "," in labels:
        return tuple(name.strip() for name in labels.split(","))
    return read_labels(labels)


def fit_labels(
    labels: Sequence[str], output: NetworkOutput, n_channels: int, model: str
) -> tuple[str, ...]:
    """The labels in the order of the network's channels.

    A network with one class more than the labels has background first, unless they list it.

    n_channels : size of the output's class axis; not looked at for class numbers and masks.
    model : the network's name, for messages.

    Raises
    ------
    WeightsError
        When there are more or fewer labels than channels.
    ConfigError
        When a mask does not have two labels.
    """
    fitted = tuple(labels)
    if output is NetworkOutput.MASK and len(fitted) != 2:
        raise ConfigError(
            f"expected two labels for a mask, the outside and the inside, received {list(fitted)}"
        )
    if not output.per_class:
        return fitted
    if n_channels == len(fitted) + 1 and BACKGROUND not in fitted:
        fitted = (BACKGROUND, *fitted)
    if n_channels != len(fitted):
        raise WeightsError(
            f"expected {len(fitted)} classes, one per label, {model!r} has {n_channels}; "
            "give the labels that belong to it"
        )
    return fitted


def class_probabilities(
    answer: NDArray[np.generic], output: NetworkOutput, n_classes: int, most: int, model: str
) -> NDArray[np.float32]:
    """float32 (h', w', n_classes), sum 1, from an answer of (h, w, n), (h, w, 1) or (h, w).

    Logits are read only at the centres of at most ``most`` cells along the longer side: networks
    upsample their logits themselves, so a sample says as much as an average, and a softmax over
    a large output costs more than the network. Class numbers become the share of every cell in
    which each class wins.

    Raises
    ------
    WeightsError
        When class numbers go beyond the labels.
    """
    if output is NetworkOutput.LOGITS:
        return softmax(sample_centres(answer, most).astype(np.float32))
    if output is NetworkOutput.PROBABILITIES:
        return answer.astype(np.float32, copy=False)
    plane = answer if answer.ndim == 2 else answer[..., 0]
    if output is NetworkOutput.MASK:
        inside = np.clip(plane.astype(np.float32), 0, 1)
        return np.stack([1 - inside, inside], axis=-1)
    index = np.rint(plane.astype(np.float64)).astype(np.int64)
    if index.min() < 0 or index.max() >= n_classes:
        raise WeightsError(
            f"expected class numbers from 0 to {n_classes - 1}, one per label, "
            f"{model!r} answers {index.min()} to {index.max()}"
        )
    return _shares(index, n_classes, most)


def sample_centres(answer: NDArray[np.generic], most: int) -> NDArray[np.generic]:
    """(h, w, n) at the centres of the cells of :func:`cinekit.view.grid_size`, a copy."""
    size = (answer.shape[0], answer.shape[1])
    rows, columns = (
        ((np.arange(n) + 0.5) * m / n).astype(np.intp)
        for m, n in zip(size, grid_size(size, most), strict=True)
    )
    return answer[np.ix_(rows, columns)]


def _shares(index: NDArray[np.int64], n_classes: int, most: int) -> NDArray[np.float32]:
    """float32 (h', w', n_classes): the share of every cell in which each class wins."""
    size = grid_size((index.shape[0], index.shape[1]), most)
    out = np.zeros((*size, n_classes), np.float32)
    for c in np.unique(index):
        won = (index == c).astype(np.float32)
        out[..., c] = cv2.resize(won, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return out
