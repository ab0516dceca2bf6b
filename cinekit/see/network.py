"""The base of every segmenter that is a network with a vocabulary of its own."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count
from cinekit.errors import SegmenterError
from cinekit.model import Clip, SemanticResponse
from cinekit.protocols import Progress, silent
from cinekit.see.folding import fold, quantise, resample
from cinekit.see.vocabulary import (
    VOCABULARIES,
    Vocabulary,
    find_vocabulary,
    load_vocabulary,
)
from cinekit.view import grid_size


@dataclass(frozen=True, kw_only=True)
class NetworkSegmenter(Checked, ABC):
    """Runs a network on the frames of a clip and folds its classes into categories.

    A segmenter of one's own is a subclass with two methods::

        @dataclass(frozen=True, kw_only=True)
        class MySegmenter(NetworkSegmenter):
            model: str

            def classes(self):
                return "ade20k_150"                    # or a list of class names

            def probabilities(self, frames):           # uint8 (n, H, W, 3)
                return my_network(self.model)(frames)  # float32 (n, h, w, n_classes)

    Parameters
    ----------
    every : the network sees frames 0, every, 2 * every ... and the last one; the response between
        them is interpolated linearly in time. 1 sees them all; 3 or 4 is hardly worse at 30 fps.
    batch : frames handed to the network at once. More is faster on a GPU; the result is the same.
    cells : the response keeps at most this many cells along its longer side. 129 keeps 150 frames
        with 32 categories under 100 MB.
    categories : a yaml table of the user's that says what the classes fold into
        (see :mod:`cinekit.see.vocabulary`); None takes the table that comes with cinekit.
    """

    every: Count = 1
    batch: Count = 4
    cells: Count = 129
    categories: str | None = None

    @abstractmethod
    def classes(self) -> str | Sequence[str]:
        """The name of one of :data:`VOCABULARIES`, or the class names in the output's order."""

    @abstractmethod
    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network sees in n frames.

        frames : uint8 (n, H, W, 3), RGB, n at most ``batch``.
        Returns float32 (n, h, w, n_classes), non-negative, sum 1 over the classes; the (h, w) grid
        covers the whole frame whatever its aspect.
        """

    def unavailable(self) -> str | None:
        """Why this segmenter cannot run here, in one line, or None when it can."""
        return None

    def source(self) -> str:
        """What made the response, for reports."""
        return type(self).__name__

    def vocabulary(self) -> Vocabulary:
        """The classes of this network and the categories that they fold into."""
        classes = self.classes()
        if isinstance(classes, str):
            if classes not in VOCABULARIES:
                raise SegmenterError(
                    f"expected one of the vocabularies {', '.join(VOCABULARIES)}, "
                    f"received {classes!r}"
                )
            if self.categories is None:
                return load_vocabulary(classes)
            classes = load_vocabulary(classes).classes
        if self.categories is None:
            return find_vocabulary(classes)
        return load_vocabulary(self.categories).select(classes)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The folded response of every frame; see :class:`cinekit.protocols.Segmenter`."""
        vocabulary = self.vocabulary()
        last = clip.n_frames - 1
        seen = sorted({*range(0, clip.n_frames, self.every), last})
        out: NDArray[np.uint8] | None = None
        for start in range(0, len(seen), self.batch):
            at = seen[start : start + self.batch]
            for t, response in zip(at, self._folded(clip.frames[at], vocabulary), strict=True):
                if out is None:
                    shape = (clip.n_frames, *response.shape)
                    out = np.empty(shape, np.uint8)
                out[t] = quantise(response)
            progress((start + len(at)) / len(seen))
        assert out is not None
        _interpolate(out, seen)
        return SemanticResponse(
            probabilities=out,
            categories=vocabulary.categories,
            source=self.source(),
            notes=_never_seen(out, vocabulary),
        )

    def _folded(
        self, frames: NDArray[np.uint8], vocabulary: Vocabulary
    ) -> list[NDArray[np.float32]]:
        """Probabilities over categories of a few frames, each float32 (h, w, C)."""
        answer = self.probabilities(frames)
        n = len(vocabulary.classes)
        if answer.ndim != 4 or answer.shape[0] != len(frames) or answer.shape[3] != n:
            raise SegmenterError(
                f"expected {type(self).__name__} to answer ({len(frames)}, h, w, {n}) for "
                f"{len(frames)} frames and {n} classes, received {answer.shape}"
            )
        size = grid_size((answer.shape[1], answer.shape[2]), self.cells)
        return [resample(fold(one, vocabulary), size) for one in answer]


def _interpolate(response: NDArray[np.uint8], seen: Sequence[int]) -> None:
    """Fill the frames of a uint8 (T, h, w, C) response between the seen ones, in place."""
    for first, second in itertools.pairwise(seen):
        a, b = response[first].astype(np.float32), response[second].astype(np.float32)
        for t in range(first + 1, second):
            share = np.float32((t - first) / (second - first))
            response[t] = quantise(a + share * (b - a))


def _never_seen(response: NDArray[np.uint8], vocabulary: Vocabulary) -> tuple[str, ...]:
    """A note when nothing that can move was seen at all: the vocabulary does not fit the clip."""
    top = {int(c) for frame in response for c in np.unique(frame.argmax(axis=-1))}
    animate = [c for c in top if vocabulary.categories[c].motion != "static"]
    if animate:
        return ()
    seen = ", ".join(vocabulary.categories[c].name for c in sorted(top))
    return (f"the network saw nothing that moves by itself, only: {seen}",)
