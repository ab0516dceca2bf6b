from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.errors import BrokenPluginError, ConfigError
from cinekit.model import Clip
from cinekit.see import RefineSegmenter
from cinekit.see.refine import guided_filter, mean_over_time
from cinekit.testing.segmenter_suite import (
    FrameSegmenterSuite,
    SegmenterSuite,
    check_response,
)
from tests.unit.see.made import Canned, response
from tests.unit.see.test_network import ColourNetwork

SIZE = (48, 64)


class TestEdges(FrameSegmenterSuite):
    """Without a mean over time a frame is what it is in any company."""

    def segmenter(self):
        return RefineSegmenter(of=ColourNetwork(cells=20), edges=0.05, steady=1)


class TestSteady(SegmenterSuite):
    def segmenter(self):
        return RefineSegmenter(of=ColourNetwork(cells=20))


def refined(answer, frames: np.ndarray, **options):
    clip = Clip(frames, 25.0)
    found = RefineSegmenter(of=Canned(answer=answer), **options).respond(clip)
    check_response(found, clip)
    return found


def share(found, name: str) -> np.ndarray:
    """(T, h, w) in [0, 1] of one category."""
    at = [category.name for category in found.categories].index(name)
    return found.probabilities[..., at] / 255


def picture(columns: int, size=SIZE) -> np.ndarray:
    """Dark on the left, bright from a column on."""
    frame = np.full((*size, 3), 40, np.uint8)
    frame[:, columns:] = 200
    return frame


def test_a_border_that_is_off_moves_to_the_edge_of_the_picture():
    index = np.zeros(SIZE, int)
    index[:, 29:] = 1  # the picture's edge is at 32
    answer = response(index[None], ["background", "water"])
    water = share(refined(answer, picture(32)[None], edges=0.15, steady=1), "water")[0]
    assert (water[:, 32:] > 0.5).all()
    assert (water[:, :32] < 0.5).all()
    untouched = share(refined(answer, picture(32)[None], edges=0, steady=1), "water")[0]
    assert (untouched[:, 30:32] > 0.9).all()


def test_where_the_picture_has_no_edge_the_border_stays_where_it_was():
    index = np.zeros(SIZE, int)
    index[:, 29:] = 1
    flat = np.full((1, *SIZE, 3), 90, np.uint8)
    water = share(
        refined(response(index[None], ["background", "water"]), flat, edges=0.05), "water"
    )
    assert (water[0, :, 29:] > 0.5).all()
    assert (water[0, :, :29] < 0.5).all()


def plain_guided_filter(guide, values, radius, epsilon):
    """[He 2013] Eq. 14 to 16, window by window, in double precision."""
    h, w, n = values.shape
    at = np.pad(np.arange(h * w).reshape(h, w), radius, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(at, (2 * radius + 1,) * 2).reshape(h, w, -1)
    pixels, p = guide.reshape(-1, 3).astype(float), values.reshape(-1, n).astype(float)
    a, b = np.empty((h * w, 3, n)), np.empty((h * w, n))
    for i in range(h):
        for j in range(w):
            x, y = pixels[windows[i, j]], p[windows[i, j]]
            covariance = x.T @ y / len(x) - np.outer(x.mean(0), y.mean(0))
            scatter = np.cov(x.T, bias=True) + epsilon * np.eye(3)
            a[i * w + j] = np.linalg.solve(scatter, covariance)
            b[i * w + j] = y.mean(0) - x.mean(0) @ a[i * w + j]
    out = np.empty((h, w, n))
    for i in range(h):
        for j in range(w):
            out[i, j] = guide[i, j] @ a[windows[i, j]].mean(0) + b[windows[i, j]].mean(0)
    return out


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([1e-3, 1e-2, 1.0]))
@settings(max_examples=20, deadline=None)
def test_the_filter_agrees_with_its_plain_twin(seed, radius, epsilon):
    rng = np.random.default_rng(seed)
    guide = rng.random((9, 7, 3), np.float32)
    values = rng.dirichlet([0.5] * 4, (9, 7)).astype(np.float32)
    found = guided_filter(guide, values, radius, epsilon)
    # 1e-3: variances are differences of float32 means, over an epsilon of 1e-3 at the least.
    np.testing.assert_allclose(
        found, plain_guided_filter(guide, values, radius, epsilon), atol=1e-3
    )
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-3)


def flickering(noise: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (T, h, w, 2) around 0.7 and 0.3, and a still picture."""
    water = 0.7 + noise * np.random.default_rng(5).uniform(-1, 1, (20, 12, 16))
    water = np.clip(water, 0, 1)
    return np.stack([1 - water, water], axis=-1), np.full((20, *SIZE, 3), 120, np.uint8)


def test_a_flickering_response_is_steadied():
    shares, frames = flickering()
    answer = response(np.zeros((20, 12, 16), int), ["background", "water"])
    answer.probabilities[:] = np.rint(255 * shares)
    flicker = {}
    for n in (1, 3, 9):
        water = share(refined(answer, frames, edges=0, steady=n), "water")
        flicker[n] = np.abs(np.diff(water, axis=0)).mean()
        assert water.mean() == pytest.approx(shares[..., 1].mean(), abs=0.01)
    # The step from frame to frame of a mean over n frames is 1/n of what it was.
    assert flicker[3] < 0.45 * flicker[1]
    assert flicker[9] < 0.2 * flicker[1]


def test_what_passes_is_not_smeared():
    maps = np.zeros((12, *SIZE), int)
    frames = np.full((12, *SIZE, 3), 40, np.uint8)
    for t in range(12):
        maps[t, 10:30, 5 * t : 5 * t + 10] = 1
        frames[t, 10:30, 5 * t : 5 * t + 10] = 220
    found = refined(response(maps, ["background", "dog"]), frames, edges=0, steady=5)
    np.testing.assert_allclose(share(found, "dog"), maps, atol=0.01)


def test_all_frames_count_alike_where_the_picture_stands_still():
    guide = np.full((2, 2, 3), 0.5, np.float32)
    seen = [(guide, np.full((2, 2, 1), value, np.float32)) for value in (0.0, 0.3, 0.9)]
    np.testing.assert_allclose(mean_over_time(seen[0], seen, 0.1), 0.4, atol=1e-6)
    np.testing.assert_array_equal(mean_over_time(seen[2], seen[2:], 0.1), seen[2][1])


def test_the_window_ends_where_the_clip_does():
    answer = response(np.repeat([0, 1, 1, 1, 1], 16).reshape(5, 4, 4), ["background", "water"])
    found = refined(answer, np.full((5, 8, 8, 3), 99, np.uint8), edges=0, steady=3)
    water = share(found, "water")[:, 0, 0]
    np.testing.assert_allclose(water, [1 / 2, 2 / 3, 1, 1, 1], atol=0.01)


def test_nothing_to_do_is_the_response_itself():
    index = np.random.default_rng(1).integers(0, 3, (3, 12, 16))
    answer = response(index, ["background", "water", "dog"])
    found = refined(answer, np.zeros((3, 12, 16, 3), np.uint8), edges=0, steady=1, cells=16)
    assert found.categories == answer.categories
    np.testing.assert_array_equal(found.probabilities, answer.probabilities)


def test_categories_that_win_nowhere_cost_nothing():
    answer = response(np.ones((1, 12, 16), int), ["background", "water", "dog", "tree"], sure=0.7)
    found = refined(answer, np.zeros((1, *SIZE, 3), np.uint8))
    assert [category.name for category in found.categories] == ["background", "water"]


@pytest.mark.parametrize("aspect", [(540, 960), (720, 720), (960, 540)])
def test_150_frames_of_33_categories_stay_under_300_megabytes(aspect):
    clip = Clip(np.broadcast_to(np.uint8(9), (1, *aspect, 3)), 25.0)
    names = ["background", *(f"thing {i}" for i in range(32))]
    answer = response(np.arange(33 * 33).reshape(1, 33, 33) % 33, names)
    frame = refined(answer, clip.frames).probabilities
    assert frame.shape[-1] == 33
    assert 150 * frame.nbytes < 300e6


def test_a_response_of_another_clip_is_refused():
    answer = response(np.zeros((3, 4, 4), int), ["background"])
    with pytest.raises(BrokenPluginError, match=r"5 frames of the clip .* received one for 3"):
        refined(answer, np.zeros((5, 8, 8, 3), np.uint8))


def test_it_cannot_run_where_the_other_cannot():
    answer = response(np.zeros((1, 4, 4), int), ["background"])
    assert RefineSegmenter(of=Canned(answer=answer)).unavailable() is None
    broken = Canned(answer=answer, reason="the weights 'x' are not installed")
    assert "weights 'x'" in (RefineSegmenter(of=broken).unavailable() or "")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"edges": -0.1}, r"edges: expected a value in \[0, 0.5\]"),
        ({"steady": 4}, "steady: expected an odd number >= 1, received 4"),
        ({"contrast": 0.0}, r"contrast: expected a value in \(0, 1\]"),
        ({"cells": 0}, "cells: expected a value >= 1"),
    ],
)
def test_options_out_of_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        RefineSegmenter(of=Canned(answer=response(np.zeros((1, 4, 4), int), ["sky"])), **wrong)
