"""Several extractors as one: the features of each, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import RankError
from cinekit.model import Loop, Scene
from cinekit.protocols import FeatureExtractor


def extract_all(
    extractors: Mapping[str, FeatureExtractor],
    scene: Scene,
    loop: Loop,
    frames: NDArray[np.uint8],
) -> dict[str, float]:
    """What every extractor (by its name) says of one cinemagraph, in their order.

    frames : uint8 (n, H, W, 3), the rendered loop once.

    Raises
    ------
    RankError
        When two of them give a feature of the same name: neither may replace the other unnoticed.
    """
    found: dict[str, float] = {}
    giver: dict[str, str] = {}
    for name, extractor in extractors.items():
        values = contract.extract(extractor, scene, loop, frames)
        twice = next((feature for feature in values if feature in giver), None)
        if twice is not None:
            raise RankError(
                f"features: expected every feature from one extractor, '{giver[twice]}' and "
                f"'{name}' both give '{twice}'; choose one of them"
            )
        giver.update(dict.fromkeys(values, name))
        found.update(values)
    return found
