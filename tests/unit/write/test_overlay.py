from __future__ import annotations

import numpy as np

from cinekit.model import Candidate, Category, Clip, Motion, SemanticResponse
from cinekit.testing.segmenter_suite import segmenter_clip
from cinekit.write.overlay import (
    candidate_sheet,
    category_colour,
    draw_categories,
    legend,
    overlay_frames,
    winners,
)

WATER = Category("water", Motion.NATURAL)
ROAD = Category("road", Motion.STATIC)
OWN = Category("texture 1", Motion.NATURAL)


def halves(n_frames: int = 3) -> SemanticResponse:
    """Water wins on the left, road on the right."""
    p = np.zeros((n_frames, 6, 8, 2), np.uint8)
    p[:, :, :4] = (200, 55)
    p[:, :, 4:] = (55, 200)
    return SemanticResponse(p, (WATER, ROAD), "test")


def test_a_category_has_one_colour_and_what_is_static_is_pale():
    def saturation(category: Category) -> int:
        colour = category_colour(category)
        return max(colour) - min(colour)

    assert category_colour(WATER) == category_colour(Category("water", Motion.NATURAL))
    assert category_colour(WATER) != category_colour(OWN)
    assert saturation(ROAD) < 60 < saturation(WATER)


def test_who_wins_is_decided_in_the_cells():
    labels = winners(halves().probabilities[0], (12, 16))
    assert (labels[:, :8] == 0).all()
    assert (labels[:, 8:] == 1).all()


def test_a_category_that_never_wins_is_nowhere():
    cells = np.zeros((4, 4, 3), np.uint8)
    cells[..., 1] = 255
    assert (winners(cells, (9, 9)) == 1).all()


def test_what_may_move_is_tinted_and_borders_are_drawn():
    frame = np.full((12, 16, 3), 100, np.uint8)
    drawn = draw_categories(frame, winners(halves().probabilities[0], (12, 16)), (WATER, ROAD))
    water = np.array(category_colour(WATER))
    np.testing.assert_allclose(drawn[5, 2], 50 + water / 2, atol=1)
    assert (drawn[:, 7].astype(int) > 120).all()  # the border between the two
    assert abs(drawn[5, 12].astype(int) - 100).max() < 45


def test_the_legend_keeps_its_size_whatever_the_shares():
    first = legend((WATER, ROAD), {"water": 0.004, "road": 0.0}, 60)
    second = legend((WATER, ROAD), {"water": 1.0, "road": 0.37}, 60)
    assert first.shape == second.shape
    assert (first != second).any()
    assert legend((WATER, ROAD), {"water": 0.1, "road": 0.9}, 400).shape[0] < first.shape[0]


def test_every_frame_has_its_overlay_and_the_clip_is_left_as_it_was():
    clip = segmenter_clip(3, 24, 32)
    before = clip.frames.copy()
    frames = list(overlay_frames(clip, halves(), ["water", "road"]))
    assert len(frames) == 3
    assert len({frame.shape for frame in frames}) == 1
    assert frames[0].shape[0] > 24
    assert frames[0].shape[1:] == (32, 3)
    np.testing.assert_array_equal(clip.frames, before)


def test_candidates_are_shown_side_by_side():
    clip = Clip(np.full((5, 30, 40, 3), 90, np.uint8), 25.0)
    left = np.zeros((30, 40), bool)
    left[:, :20] = True
    both = [Candidate("left", ("left",), left), Candidate("right", ("right",), ~left)]
    sheet = candidate_sheet(clip, both, width=400)
    one = sheet[40:160, :196].astype(int)
    # What moves is tinted orange, what does not is grey.
    assert one[:, 20:80, 0].mean() > one[:, 20:80, 2].mean() + 20
    assert abs(one[:, 120:180, 0].mean() - one[:, 120:180, 2].mean()) < 2
