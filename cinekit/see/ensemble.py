"""``ensemble``: segmenters vote in category space. ``combine``: parts lie on top of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Positive
from cinekit.errors import ConfigError, SegmenterError
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, Segmenter, silent
from cinekit.see.fusion import Fusion, first_reason, respond_each
from cinekit.see.vocabulary import BACKGROUND

SCENERY = 3
"""A member that knows so many natural categories knows scenery."""


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
        weights = self.weights or (1.0,) * len(self.members)
        fused = fuse(respond_each(self.members, clip, progress), weights)
        progress(1.0)
        return fused


def fuse(responses: Sequence[SemanticResponse], weights: Sequence[float]) -> SemanticResponse:
    """The weighted vote of :class:`EnsembleSegmenter` over responses of one clip."""
    fusion = Fusion(responses)
    undenied = [_undenied(fusion.categories, known) for known in fusion.at]
    share = np.array(weights, np.float32) / np.float32(sum(weights))

    def counted(t: int) -> NDArray[np.float32]:
        votes = [fusion.frame(i, t) * weight for i, weight in enumerate(share)]
        return _count(votes, share, undenied, fusion.background)

    source = " + ".join(response.source for response in responses)
    return fusion.response(map(counted, range(responses[0].n_frames)), source)


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


@dataclass(frozen=True, kw_only=True)
class CombineSegmenter:
    """Where the parser sees a part, it is that part; elsewhere it is what the scene says.

    With F and S their responses, ``out = F without background + F(background) S``:
    the eyes of a person are eyes, the rest of the person stays a person. No vote as in
    :class:`EnsembleSegmenter`: a scene segmenter that is sure of a person says
    nothing against an eye.

    Parameters
    ----------
    parser : of parts, ``face_mesh`` say; it must have background for where it sees nothing.
    scene : everything else.
    """

    parser: Segmenter
    scene: Segmenter

    def unavailable(self) -> str | None:
        """The first reason of the two."""
        return first_reason(self.parser, self.scene)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The combined response; see :class:`cinekit.protocols.Segmenter`.

        Raises
        ------
        SegmenterError
            When the parser has no background, or the two do not agree on a category's motion.
        """
        combined = combine(*respond_each((self.parser, self.scene), clip, progress))
        progress(1.0)
        return combined


def combine(parts: SemanticResponse, scene: SemanticResponse) -> SemanticResponse:
    """Lay the parts of one response on another of the same clip."""
    names = [category.name for category in parts.categories]
    if BACKGROUND not in names:
        raise SegmenterError(
            f"expected the parser {parts.source} to have the category {BACKGROUND!r} for where it "
            f"sees nothing, it has {', '.join(names)}"
        )
    fusion = Fusion([scene, parts])
    background = fusion.at[1][names.index(BACKGROUND)]

    def laid(t: int) -> NDArray[np.float32]:
        on_top = fusion.frame(1, t)
        free = on_top[..., [background]].copy()
        on_top[..., background] = 0
        return on_top + free * fusion.frame(0, t)

    source = f"{parts.source} on {scene.source}"
    return fusion.response(map(laid, range(parts.n_frames)), source)
