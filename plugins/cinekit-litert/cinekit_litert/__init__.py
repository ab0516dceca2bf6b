"""Segmentation networks in TensorFlow Lite files, run by LiteRT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cinekit import KnownModel, LazyComponents, Segmenter, hookimpl
from cinekit_litert.known import KNOWN


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``litert``; the yaml options of this package are presets of it."""
    return LazyComponents({"litert": "cinekit_litert.segmenter:LitertSegmenter"})


@hookimpl
def cinekit_weights() -> Sequence[KnownModel]:
    """For ``cinekit models``."""
    return KNOWN
