"""Face parsers: what moves in a face, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cinekit import KnownModel, LazyComponents, Segmenter, hookimpl
from cinekit_faces.known import KNOWN


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``face_mesh`` draws parts from 468 landmarks; ``bisenet`` is a network that parses faces."""
    return LazyComponents(
        {
            "bisenet": "cinekit_faces.bisenet:BiSeNetSegmenter",
            "face_mesh": "cinekit_faces.segmenter:FaceMeshSegmenter",
        }
    )


@hookimpl
def cinekit_weights() -> Sequence[KnownModel]:
    """For ``cinekit models``."""
    return KNOWN
