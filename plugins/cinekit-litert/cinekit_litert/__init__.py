"""Segmentation networks in TensorFlow Lite files, run by LiteRT."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``litert``; the yaml options of this package are presets of it."""
    return LazyComponents({"litert": "cinekit_litert.segmenter:LitertSegmenter"})
