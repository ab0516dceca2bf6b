"""C3D (Tran et al.: *Learning Spatiotemporal Features with 3D Convolutional Networks*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cinekit import FeatureExtractor, KnownModel, LazyComponents, hookimpl
from cinekit_c3d.known import KNOWN


@hookimpl
def cinekit_features() -> Mapping[str, type[FeatureExtractor]]:
    """``features=[standard,faces,c3d]``: how a loop moves, as a network for videos sees it."""
    return LazyComponents({"c3d": "cinekit_c3d.features:C3dFeatures"})


@hookimpl
def cinekit_weights() -> Sequence[KnownModel]:
    """For ``cinekit models``."""
    return KNOWN
