"""``combine``: a parser of parts on top of a scene segmenter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinekit import contract
from cinekit.errors import SegmenterError
from cinekit.model import Clip, SemanticResponse
from cinekit.protocols import Progress, Segmenter, silent
from cinekit.see.ensemble import CELLS, first_reason
from cinekit.see.folding import quantise
from cinekit.see.fusion import (
    common_categories,
    common_grid,
    frame_on,
    positions,
)
from cinekit.see.vocabulary import BACKGROUND


@dataclass(frozen=True, kw_only=True)
class CombineSegmenter:
    """Where the parser sees a part, it is that part; elsewhere it is what the scene says.

    With F and S their responses, ``out = F without background + F(background) S``:
    the eyes of a person are eyes, the rest of the person stays a person. No vote as in
    :class:`~cinekit.see.EnsembleSegmenter`: a scene segmenter that is sure of a person says
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
        parts = contract.respond(self.parser, clip, lambda share: progress(share / 2))
        scene = contract.respond(self.scene, clip, lambda share: progress(0.5 + share / 2))
        combined = combine(parts, scene, clip.n_frames)
        progress(1.0)
        return combined


def combine(parts: SemanticResponse, scene: SemanticResponse, n_frames: int) -> SemanticResponse:
    """Lay the parts of one response on another of the same clip."""
    names = [category.name for category in parts.categories]
    if BACKGROUND not in names:
        raise SegmenterError(
            f"expected the parser {parts.source} to have the category {BACKGROUND!r} for where it "
            f"sees nothing, it has {', '.join(names)}"
        )
    categories = common_categories([scene, parts])
    size, n = common_grid([parts, scene], CELLS), len(categories)
    at_parts, at_scene = positions(parts, categories), positions(scene, categories)
    background = at_parts[names.index(BACKGROUND)]
    out = np.empty((n_frames, *size, n), np.uint8)
    for t in range(n_frames):
        on_top = frame_on(parts, t, size, at_parts, n)
        free = on_top[..., [background]].copy()
        on_top[..., background] = 0
        out[t] = quantise(on_top + free * frame_on(scene, t, size, at_scene, n))
    return SemanticResponse(
        probabilities=out,
        categories=categories,
        source=f"{parts.source} on {scene.source}",
        notes=(*parts.notes, *scene.notes),
    )
