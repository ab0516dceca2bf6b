from __future__ import annotations

import numpy as np
import pytest
from cinekit_example.colour import ColourSegmenter

import cinekit

RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 220, 30), (30, 30, 220), (120, 120, 120)


def stripes(*colours: tuple[int, int, int]) -> cinekit.Clip:
    """Upright stripes of 8 pixels, in every one of 8 frames."""
    row = np.repeat(np.array(colours, np.uint8), 8, axis=0)
    return cinekit.Clip(np.broadcast_to(row, (8, 16, *row.shape)).copy(), fps=25.0)


@pytest.mark.parametrize(
    ("hues", "expected"),
    [((330, 30), [1, 0, 0, 0]), ((90, 150), [0, 1, 0, 0]), ((200, 280), [0, 0, 1, 0])],
)
def test_finds_the_stripe_of_the_hue_and_never_grey(hues, expected):
    segmenter = ColourSegmenter(category="stripe", hue_from=hues[0], hue_to=hues[1])
    response = segmenter.respond(stripes(RED, GREEN, BLUE, GREY))
    stripe = response.frame(0)[8, 4::8, 0]
    np.testing.assert_array_equal(stripe, expected)
    assert response.categories[0] == cinekit.Category("stripe", cinekit.Motion.NATURAL)


def test_a_cell_holds_the_share_of_its_pixels():
    response = ColourSegmenter(cells=16).respond(stripes(RED, GREY, RED, GREY))
    assert response.probabilities.shape == (8, 8, 16, 2)
    assert response.frame(0)[..., 0].mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hue_from": -1}, r"hue_from: expected a value in \[0, 360\], received -1"),
        ({"saturation": 2}, "saturation: expected a value"),
        ({"cells": 0}, "cells: expected a value >= 1"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(cinekit.ConfigError, match=message):
        ColourSegmenter(**options)
