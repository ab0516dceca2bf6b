"""FCN-8s (Shelhamer, Long, Darrell: *Fully Convolutional Networks for Semantic Segmentation*)."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``fcn8``; the yaml options of this package are the published models."""
    return LazyComponents({"fcn8": "cinekit_fcn8.segmenter:Fcn8Segmenter"})
