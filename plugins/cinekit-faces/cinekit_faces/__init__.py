"""Face parsers: what moves in a face, part by part."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``face_mesh`` draws parts from 468 landmarks; ``bisenet`` is a network that parses faces."""
    return LazyComponents(
        {
            "bisenet": "cinekit_faces.bisenet:BiSeNetSegmenter",
            "face_mesh": "cinekit_faces.segmenter:FaceMeshSegmenter",
        }
    )
