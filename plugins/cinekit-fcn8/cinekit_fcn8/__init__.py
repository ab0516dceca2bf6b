"""FCN-8s (Shelhamer, Long, Darrell: *Fully Convolutional Networks for Semantic Segmentation*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cinekit import KnownModel, LazyComponents, Segmenter, hookimpl
from cinekit_fcn8.known import KNOWN


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``fcn8``; the yaml options of this package are the published models."""
    return LazyComponents({"fcn8": "cinekit_fcn8.segmenter:Fcn8Segmenter"})


@hookimpl
def cinekit_weights() -> Sequence[KnownModel]:
    """For ``cinekit models``."""
    return KNOWN
