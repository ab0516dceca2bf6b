"""Face parsers: what moves in a face, part by part."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``face_mesh``: MediaPipe's face detector and its 468 landmarks."""
    return LazyComponents({"face_mesh": "cinekit_faces.segmenter:FaceMeshSegmenter"})
