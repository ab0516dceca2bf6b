"""``ensemble``: several segmenters vote in category space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.checks import Checked, Positive
from cinekit.errors import ConfigError
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, Segmenter, silent
from cinekit.see.folding import quantise
from cinekit.see.fusion import (
    common_categories,
    common_grid,
    frame_on,
    positions,
)
from cinekit.see.vocabulary import BACKGROUND

SCENERY = 3
"""A member that knows so many natural categories knows scenery."""

CELLS = 240
"""The fused response keeps at most this many cells along either side."""


@dataclass(frozen=True, kw_only=True)
class EnsembleSegmenter(Checked):
    """Fuses segmenters: ADE20K for scenery with VOC for animals, say.

    The fused probability of a category is the weighted mean over the members, with one exception:
    to a network that knows 20 things, everything else is "background". So a member's background is
    read as "nothing that I know", and its weight there goes to the others: to what they see of the
    categories that this member has no word for, and of background. A member that knows hardly any
    scenery (potted plants, say) cannot deny scenery either.

    Parameters
    ----------
    members : two or more segmenters.
    weights : one per member, > 0; empty weighs them alike. A member with twice the weight wins
        against two others that disagree with it.
    """

    members: tuple[Segmenter, ...]
    weights: tuple[Positive, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.members) < 2:
            raise ConfigError(f"members: expected at least 2 segmenters, got {len(self.members)}")
        if self.weights and len(self.weights) != len(self.members):
            raise ConfigError(
                f"weights: expected {len(self.members)}, one per member, got {len(self.weights)}"
            )

    def unavailable(self) -> str | None:
        """The first member's reason that has one."""
        return first_reason(*self.members)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The fused response; see :class:`cinekit.protocols.Segmenter`."""
        n = len(self.members)
        responses = [
            contract.respond(member, clip, lambda share, i=i: progress((i + share) / (n + 1)))  # type: ignore[misc]
            for i, member in enumerate(self.members)
        ]
        fused = fuse(responses, self.weights or (1.0,) * n, clip.n_frames)
        progress(1.0)
        return fused


def fuse(
    responses: list[SemanticResponse], weights: tuple[float, ...], n_frames: int
) -> SemanticResponse:
    """The weighted vote of :class:`EnsembleSegmenter` over responses of one clip."""
    categories = common_categories(responses)
    size, n = common_grid(responses, CELLS), len(categories)
    at = [positions(response, categories) for response in responses]
    background = next((i for i, c in enumerate(categories) if c.name == BACKGROUND), None)
    undenied = [_undenied(categories, known) for known in at]
    share = np.array(weights, np.float32) / np.float32(sum(weights))

    out = np.empty((n_frames, *size, n), np.uint8)
    for t in range(n_frames):
        votes = [
            frame_on(response, t, size, known, n) * weight
            for response, known, weight in zip(responses, at, share, strict=True)
        ]
        out[t] = quantise(_count(votes, share, undenied, background))
    return SemanticResponse(
        probabilities=out,
        categories=categories,
        source=" + ".join(response.source for response in responses),
        notes=tuple(note for response in responses for note in response.notes),
    )


def _undenied(categories: Sequence[Category], known: Sequence[int]) -> list[int]:
    """The categories that a member cannot deny by calling a cell background.

    Those that it has no word for; and all natural ones when it knows fewer than SCENERY of them: a
    network with potted plants says nothing of bushes.
    """
    natural = [i for i, c in enumerate(categories) if c.motion is Motion.NATURAL]
    denies = set(known)
    if len(denies & set(natural)) < SCENERY:
        denies -= set(natural)
    return [i for i in range(len(categories)) if i not in denies]


def _count(
    votes: list[NDArray[np.float32]],
    weights: NDArray[np.float32],
    undenied: list[list[int]],
    background: int | None,
) -> NDArray[np.float32]:
    """Sum weighted votes (h, w, n), each member's background handed to what it cannot deny.

    It is handed out in proportion to how much more the others see there than the member itself.
    """
    total: NDArray[np.float32] = np.sum(votes, axis=0, dtype=np.float32)
    if background is None:
        return total
    out = total.copy()
    for vote, weight, words in zip(votes, weights, undenied, strict=True):
        if background in words:
            continue
        more = (total - vote) / (1 - weight) - vote / weight
        receivers = np.maximum(more[..., [*words, background]], 0)
        receivers[..., -1] = (total - vote)[..., background] / (1 - weight)
        mass = receivers.sum(axis=-1, keepdims=True)
        handed = np.where(mass > 1e-6, receivers / np.maximum(mass, 1e-6), 0)
        silent_vote = np.where(mass > 1e-6, vote[..., [background]], 0)
        out[..., [background]] -= silent_vote
        out[..., [*words, background]] += silent_vote * handed
    return out


def first_reason(*segmenters: Segmenter) -> str | None:
    """Why the first of them that cannot run here cannot, or None."""
    for segmenter in segmenters:
        check = getattr(segmenter, "unavailable", None)
        if check is not None and (reason := check()) is not None:
            return str(reason)
    return None
