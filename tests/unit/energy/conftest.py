"""Small clips for the tests of the energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cinekit.energy import WorkingClip
from cinekit.model import Category, Clip, Motion, Region, Regions, SemanticResponse

MakeWorking = Callable[..., WorkingClip]


@pytest.fixture
def make_scene() -> Callable[..., tuple[Clip, SemanticResponse, Regions]]:
    """A clip of noise: water in the upper half, a dog in the lower left, wall elsewhere."""

    def make(t: int = 40, h: int = 24, w: int = 32, seed: int = 0):  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(seed)
        frames = rng.integers(0, 256, (t, h, w, 3), np.uint8)
        water = np.zeros((h, w), bool)
        water[: h // 2] = True
        dog = np.zeros((h, w), bool)
        dog[h // 2 :, : w // 2] = True
        maps = np.stack([water, dog, ~(water | dog)], axis=-1)  # (h, w, 3)
        response = np.broadcast_to((255 * maps).astype(np.uint8), (t, h, w, 3)).copy()
        categories = (
            Category("water", Motion.NATURAL),
            Category("dog", Motion.NON_NATURAL),
            Category("wall", Motion.STATIC),
        )
        regions = Regions(
            regions=(
                Region("water", Motion.NATURAL, water, float(water.mean()), 1.0),
                Region("dog", Motion.NON_NATURAL, dog, float(dog.mean()), 1.0),
            ),
            dropped=(),
            moving=water | dog,
        )
        return Clip(frames, 30.0), SemanticResponse(response, categories, "test"), regions

    return make


@pytest.fixture
def working_of() -> MakeWorking:
    """A working clip of given frames, one natural category on ``natural``, no rigid region."""

    def make(frames: np.ndarray, natural: np.ndarray | None = None, every: int = 1) -> WorkingClip:
        t, h, w, _ = frames.shape
        natural = np.zeros((h, w), bool) if natural is None else natural
        channel = np.stack([natural, ~natural], axis=-1)
        return WorkingClip(
            frames=frames.astype(np.float32),
            response=np.broadcast_to((255 * channel).astype(np.uint8), (t, h, w, 2)),
            histogram=channel.astype(np.float32),
            natural=natural,
            moving=np.ones((h, w), bool),
            rigid=np.zeros((h, w), np.int16),
            every=every,
            source_frames=t * every,
        )

    return make
