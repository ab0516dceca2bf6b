"""Responses of several segmenters brought to one list of categories and one grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import SegmenterError
from cinekit.model import Category, SemanticResponse
from cinekit.see.folding import resample
from cinekit.see.vocabulary import BACKGROUND, all_categories
from cinekit.view import grid_size


def common_categories(responses: Sequence[SemanticResponse]) -> tuple[Category, ...]:
    """The union of their categories by name, in order of appearance.

    Raises
    ------
    SegmenterError
        When two of them give one name different motions.
    """
    union: dict[str, Category] = {}
    for response in responses:
        for category in response.categories:
            known = union.setdefault(category.name, category)
            if known.motion is not category.motion:
                raise SegmenterError(
                    f"expected one motion for the category {category.name!r}, received "
                    f"{known.motion} and {category.motion} ({response.source}); rename one of them"
                )
    return tuple(union.values())


def common_grid(responses: Sequence[SemanticResponse], most: int) -> tuple[int, int]:
    """(h, w) with the most rows and the most columns among them, at most ``most`` along a side."""
    sizes = [response.probabilities.shape[1:3] for response in responses]
    return grid_size((max(h for h, _ in sizes), max(w for _, w in sizes)), most)


def without_traces(response: SemanticResponse, share: float = 0.0005) -> SemanticResponse:
    """The response without categories that win almost nowhere; background gets what they had.

    A network speaks of 30 categories and shows five; the others only cost memory and time.

    share : of all cells and frames, below which a category is left out.
    """
    frames, n = response.distinct, response.n_frames
    sample = frames[:: max(1, len(frames) // 50)]
    wins = np.bincount(sample.argmax(axis=-1).ravel(), minlength=frames.shape[-1])
    names = [category.name for category in response.categories]
    kept = [
        c for c, name in enumerate(names) if name != BACKGROUND and wins[c] >= share * wins.sum()
    ]
    pruned = np.empty((*frames.shape[:3], len(kept) + 1), np.uint8)
    pruned[..., 1:] = frames[..., kept]
    pruned[..., 0] = frames.sum(axis=-1, dtype=np.int32) - pruned[..., 1:].sum(
        axis=-1, dtype=np.int32
    )
    return SemanticResponse(
        probabilities=np.broadcast_to(pruned, (n, *pruned.shape[1:])),
        categories=(
            all_categories()[BACKGROUND],
            *(response.categories[c] for c in kept),
        ),
        source=response.source,
        notes=response.notes,
    )


def positions(response: SemanticResponse, categories: Sequence[Category]) -> list[int]:
    """Where the response's categories stand in a longer list."""
    place = {category.name: i for i, category in enumerate(categories)}
    return [place[category.name] for category in response.categories]


def frame_on(
    response: SemanticResponse, t: int, size: tuple[int, int], at: Sequence[int], n: int
) -> NDArray[np.float32]:
    """Frame t of a response on another grid and among n categories: float32 (h, w, n).

    at : see :func:`positions`.
    """
    out = np.zeros((*size, n), np.float32)
    out[..., list(at)] = resample(response.frame(t), size)
    return out
