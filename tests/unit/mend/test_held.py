"""A texture without the things that pass through it."""

import numpy as np

from cinekit.labels import LabelMap
from cinekit.mend.held import hold_still

SIZE = (60, 80)


def looping(mask) -> LabelMap:
    return LabelMap.still(SIZE, 3, 40).where(mask, 12, 7)


def box(rows, columns) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def test_the_places_of_things_are_held_still_and_the_rest_loops_as_before():
    texture, thing = box((20, 50), (10, 70)), box((15, 45), (30, 40))
    before = looping(texture)
    after = hold_still(before, thing)
    assert (after.looping == (texture & ~thing)).all()
    assert (after.start[after.looping] == 7).all()
    assert (after.start[~texture] == 3).all()


def test_small_parts_that_are_left_are_held_as_well():
    texture = box((20, 50), (10, 70))
    thing = box((18, 52), (60, 68))  # leaves two columns at the right
    thing |= box((18, 46), (68, 70))
    after = hold_still(looping(texture), thing)
    assert not after.looping[:, 60:].any()


def test_a_texture_that_is_all_things_or_none_is_left_alone():
    texture = box((20, 50), (10, 70))
    assert hold_still(looping(texture), box((0, 60), (0, 50))) is None
    assert hold_still(looping(texture), box((0, 10), (0, 50))) is None


def test_held_pixels_show_a_frame_of_the_clip():
    texture, thing = box((20, 50), (10, 70)), box((15, 45), (30, 40))
    before = LabelMap.still(SIZE, 3, 40).there_and_back(texture, 10, 16)
    after = hold_still(before, thing)
    held = texture & ~after.looping
    assert held.any()
    assert (after.start[held] == 10).all()
