"""mmsegmentation: any of its configs, with any checkpoint of its networks."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``mmseg``; the other yaml options of this package are published networks."""
    return LazyComponents({"mmseg": "cinekit_mmseg.segmenter:MmsegSegmenter"})
