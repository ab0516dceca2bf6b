"""Responses of several segmenters brought to one list of categories and one grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import SegmenterError
from cinekit.model import Category, Clip, SemanticResponse
from cinekit.protocols import Progress, Segmenter
from cinekit.see.folding import quantise, resample
from cinekit.see.vocabulary import BACKGROUND, all_categories
from cinekit.view import grid_size

CELLS = 240
"""What is made of several responses keeps at most this many cells along either side."""


def first_reason(*segmenters: Segmenter) -> str | None:
    """Why the first of them that cannot run here cannot, or None."""
    for segmenter in segmenters:
        check = getattr(segmenter, "unavailable", None)
        if check is not None and (reason := check()) is not None:
            return str(reason)
    return None


def respond_each(
    segmenters: Sequence[Segmenter], clip: Clip, progress: Progress
) -> list[SemanticResponse]:
    """What each of them sees; progress ends at 0.9."""
    share = 0.9 / len(segmenters)
    return [
        contract.respond(one, clip, lambda done, i=i: progress(share * (i + done)))  # type: ignore[misc]
        for i, one in enumerate(segmenters)
    ]


class Fusion:
    """Responses of one clip, each frame on a common grid and among their common categories.

    categories : the union of theirs by name, in order of appearance.
    size : (h, w), the most rows and the most columns among them, at most CELLS along a side.
    at : for each response, where its categories stand among the common ones.

    Raises
    ------
    SegmenterError
        When two responses give one name different motions.
    """

    def __init__(self, responses: Sequence[SemanticResponse]) -> None:
        self.responses = responses
        union: dict[str, Category] = {}
        for category, source in ((c, one.source) for one in responses for c in one.categories):
            known = union.setdefault(category.name, category)
            if known.motion is not category.motion:
                raise SegmenterError(
                    f"expected one motion for the category {category.name!r}, received "
                    f"{known.motion} and {category.motion} ({source}); rename one of them"
                )
        self.categories = tuple(union.values())
        place = {name: i for i, name in enumerate(union)}
        self.at = [[place[category.name] for category in one.categories] for one in responses]
        grids = np.array([one.probabilities.shape[1:3] for one in responses])
        self.size = grid_size((int(grids[:, 0].max()), int(grids[:, 1].max())), CELLS)

    @property
    def background(self) -> int | None:
        """Which of the categories is background, if any is."""
        return next((i for i, c in enumerate(self.categories) if c.name == BACKGROUND), None)

    def frame(self, i: int, t: int) -> NDArray[np.float32]:
        """Frame t of response i: float32 (h, w, C)."""
        out = np.zeros((*self.size, len(self.categories)), np.float32)
        out[..., self.at[i]] = resample(self.responses[i].frame(t), self.size)
        return out

    def response(
        self,
        frames: Iterable[NDArray[np.float32]],
        source: str,
        used: Sequence[int] | None = None,
        notes: Sequence[str] = (),
    ) -> SemanticResponse:
        """What was made of the responses, from its T frames, each float32 (h, w, C).

        used : the categories that are kept; None is all. notes : besides those of the responses.
        """
        n_frames = self.responses[0].n_frames
        used = range(len(self.categories)) if used is None else used
        out = np.empty((n_frames, *self.size, len(used)), np.uint8)
        for quantised, frame in zip(out, frames, strict=True):
            quantised[:] = quantise(frame[..., used])
        return SemanticResponse(
            probabilities=out,
            categories=tuple(self.categories[i] for i in used),
            source=source,
            notes=(*(note for one in self.responses for note in one.notes), *notes),
        )


def without_traces(response: SemanticResponse, share: float = 0.0005) -> SemanticResponse:
    """The response without categories that win almost nowhere; background gets what they had.

    A network speaks of 30 categories and shows five; the others only cost memory and time.

    share : of all cells and frames, below which a category is left out.
    """
    frames, n = response.distinct, response.n_frames
    sample = frames[:: max(1, len(frames) // 50)]
    wins = np.bincount(sample.argmax(axis=-1).ravel(), minlength=frames.shape[-1])
    kept = [
        c
        for c, category in enumerate(response.categories)
        if category.name != BACKGROUND and wins[c] >= share * wins.sum()
    ]
    pruned = np.empty((*frames.shape[:3], len(kept) + 1), np.uint8)
    pruned[..., 1:] = frames[..., kept]
    total = [part.sum(axis=-1, dtype=np.int32) for part in (frames, pruned[..., 1:])]
    pruned[..., 0] = total[0] - total[1]
    return replace(
        response,
        probabilities=np.broadcast_to(pruned, (n, *pruned.shape[1:])),
        categories=(all_categories()[BACKGROUND], *(response.categories[c] for c in kept)),
    )
