"""What a network's output tensor means: from its answer to probabilities over its classes.

Shared by the plugins that run network files of any origin: such a file says neither what its
numbers are nor what its classes are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, WeightsError
from cinekit.see.folding import softmax
from cinekit.see.vocabulary import BACKGROUND, VOCABULARIES, load_vocabulary, read_labels
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
