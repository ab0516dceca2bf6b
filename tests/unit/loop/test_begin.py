"""Where a loop begins."""

import numpy as np
import pytest

from cinekit.judge import measure_loop
from cinekit.labels import LabelMap
from cinekit.loop import begin_at, calmest_frame
from cinekit.model import Clip
from cinekit.view import ClipView

SIZE = (24, 32)


def flicker(values) -> np.ndarray:
    """A loop whose right half has the brightness of ``values``; the rest changes wildly."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (len(values), *SIZE, 3), dtype=np.uint8)
    frames[:, :, 16:] = np.array(values, np.uint8)[:, None, None, None]
    return frames


def labels() -> LabelMap:
    p = np.ones(SIZE, np.int16)
    p[:, 16:] = 5
    return LabelMap(p, np.zeros(SIZE, np.int16), 20)


def test_it_begins_where_least_changes_in_what_moves():
    assert calmest_frame(flicker([10, 60, 20, 90, 88]), labels()) == 4
    assert calmest_frame(flicker([10, 60, 20, 90, 12]), labels()) == 0
    assert calmest_frame(flicker([50] * 5), labels()) == 0


def test_a_still_picture_begins_at_its_first_frame():
    still = LabelMap(np.ones(SIZE, np.int16), np.zeros(SIZE, np.int16), 20)
    assert calmest_frame(flicker([10, 60, 20, 90, 88]), still) == 0


@pytest.mark.parametrize("first", range(5))
def test_rotation_keeps_every_frame(first):
    frames = flicker([10, 60, 20, 90, 88])
    expected = np.roll(frames, -first, axis=0)
    begin_at(frames, first)
    np.testing.assert_array_equal(frames, expected)


def test_the_seam_is_the_step_that_the_file_has_there():
    values = [10, 60, 20, 90, 88]
    clip = Clip(flicker(values * 4), 10.0)
    target = np.ones(SIZE, bool)
    loop = flicker(values)

    def seam_step(frames, first=0):
        view = ClipView(frames, clip.fps)
        return measure_loop(clip.view, view, labels(), target, first)["seam_step"]

    seams = [seam_step(loop, k) for k in range(5)]
    rotated = flicker(values)
    begin_at(rotated, 4)
    assert seams[4] == min(seams)
    assert seam_step(rotated) == pytest.approx(seams[4])
