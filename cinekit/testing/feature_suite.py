"""What every extractor of features must keep, as tests to subclass.

from cinekit.testing import FeatureSuite

class TestMine(FeatureSuite):
    def features(self):
        return MyFeatures()
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cinekit import contract
from cinekit.labels import LabelMap
from cinekit.model import (
    Candidate,
    Category,
    Clip,
    EnergyTerms,
    Judgement,
    Loop,
    Motion,
    Regions,
    Scene,
    SemanticResponse,
    Stabilisation,
    Verdict,
)
from cinekit.testing.component_suite import ComponentSuite


def moving_box(
    size: tuple[int, int] = (72, 128), n: int = 20, speed: float = 1.0, grey: float = 60
) -> NDArray[np.uint8]:
    """A box on the right whose texture drifts by ``speed`` pixels a frame: uint8 (n, H, W, 3)."""
    y, x = np.mgrid[: size[0], : size[1]]
    frames = np.full((n, *size, 3), grey, np.uint8)
    inside = box_of(size)
    for t in range(n):
        wave = np.sin(2 * np.pi * (x - speed * t) / 20) * np.cos(2 * np.pi * y / 18)
        frames[t][inside] = np.clip(128 + 90 * wave, 0, 255)[inside][:, None]
    return frames


def box_of(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Where :func:`moving_box` moves: bool (H, W)."""
    h, w = size
    inside = np.zeros(size, bool)
    inside[h * 5 // 18 : h * 15 // 18, w // 2 : w * 15 // 16] = True
    return inside


def loop_of(frames: NDArray[np.uint8], fps: float = 25.0) -> tuple[Scene, Loop]:
    """A scene and a loop in it, whose candidate "water" is the box of :func:`moving_box`.

    frames : uint8 (n, H, W, 3), of the clip and of its loop alike.
    """
    n, h, w, _ = frames.shape
    box = box_of((h, w))
    water, wall = Category("water", Motion.NATURAL), Category("building", Motion.STATIC)
    cells = np.where(box[..., None], [255, 0], [0, 255]).astype(np.uint8)
    terms = EnergyTerms(temporal=100.0, label=20.0, spatial=30.0)
    begins, lasts = (n // 4, 0), (max(n // 2, 1), 1)  # in the box, elsewhere
    start, period = (np.where(box, *one).astype(np.int16) for one in (begins, lasts))
    loop = Loop(
        Candidate("water", ("water",), box),
        LabelMap(period, start, n),
        n,
        Judgement(Verdict.GOOD, (), {"own_jump": 1.5, "moving_area": 0.2}),
        {"stage 3": terms, "borders after": replace(terms, temporal=7.0)},
    )
    scene = Scene(
        clip=Clip(frames, fps),
        stabilisation=Stabilisation(False, 0.0, 0.0, 1.0, True),
        response=SemanticResponse(np.broadcast_to(cells, (n, h, w, 2)), (water, wall), "planted"),
        regions=Regions((), (), box),
        working=(5, 10, 10),
        every=4,
    )
    return scene, loop


class FeatureSuite(ComponentSuite):
    """Subclass, give the method ``features``, and pytest runs the contract against it."""

    kind = "features"

    def extracted(self, frames: NDArray[np.uint8], fps: float = 25.0) -> dict[str, float]:
        """What the extractor under test says of a loop."""
        return dict(contract.extract(self.component(), *loop_of(frames, fps), frames))

    def test_the_names_are_the_same_every_time_and_its_own(self) -> None:
        names = list(self.extracted(moving_box()))
        assert names
        assert len(set(names)) == len(names)
        for frames in (moving_box(speed=3), moving_box((54, 96), 7), moving_box(speed=0)):
            assert list(self.extracted(frames)) == names
        assert all(name.isidentifier() for name in names), "names are columns of a table"

    def test_values_are_numbers_or_nan(self) -> None:
        for value in self.extracted(moving_box()).values():
            assert not np.isinf(value)

    def test_the_same_loop_gives_the_same_values(self) -> None:
        one, two = self.extracted(moving_box()), self.extracted(moving_box())
        np.testing.assert_array_equal(list(one.values()), list(two.values()))

    def test_the_frames_are_left_as_they_were(self) -> None:
        frames = moving_box()
        frames.flags.writeable = False
        self.extracted(frames)

    @pytest.mark.parametrize("n", [1, 2, 7, 40])
    @pytest.mark.parametrize("size", [(32, 32), (96, 54)])
    def test_loops_of_any_length_and_size(self, n: int, size: tuple[int, int]) -> None:
        self.extracted(moving_box(size, n))
