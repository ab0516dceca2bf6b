"""The working clip: real frames, sensible sizes, a response that does not flicker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cinekit.energy import EnergyOptions, LoopCosts, WorkingOptions, make_working
from cinekit.energy.costs import varying_channels, working_periods
from cinekit.energy.working import frame_step, label_histogram, shrink_mask, steady, working_size
from cinekit.errors import ClipError, SegmenterError
from cinekit.labels import LabelMap

WHOLE = WorkingOptions(scale=1, every=4, min_frames=8)


@pytest.mark.parametrize(
    ("frames", "every", "working"),
    [(150, 4, 38), (145, 4, 37), (144, 3, 48), (100, 2, 50), (60, 1, 60), (8, 1, 8)],
)
def test_at_least_37_frames_where_the_clip_has_them(frames: int, every: int, working: int) -> None:
    assert frame_step(frames, WorkingOptions()) == every
    assert len(range(0, frames, every)) == working


@pytest.mark.parametrize(
    ("size", "working"),
    [
        ((540, 960), (270, 480)),
        ((960, 540), (480, 270)),
        ((360, 640), (240, 427)),
        ((240, 426), (240, 426)),
        ((64, 48), (64, 48)),
    ],
)
def test_half_size_but_small_clips_keep_their_pixels(size, working) -> None:
    assert working_size(size, WorkingOptions()) == working


def test_working_frames_are_frames_of_the_clip(make_scene) -> None:
    clip, response, regions = make_scene()
    working = make_working(clip, response, regions, WHOLE)
    assert working.every == 4
    np.testing.assert_array_equal(np.rint(255 * working.frames), clip.frames[::4])
    assert working.frames.dtype == np.float32


def test_scaling_averages_areas(make_scene) -> None:
    clip, response, regions = make_scene()
    options = replace(WHOLE, scale=0.5, min_side=1)
    working = make_working(clip, response, regions, options)
    assert working.size == (12, 16)
    mean = clip.frames[4].reshape(12, 2, 16, 2, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(working.frames[1], mean, atol=1e-6)
    assert working.natural.sum() == 6 * 16
    assert np.unique(working.rigid).tolist() == [0, 1]
    assert (working.rigid > 0).sum() == 6 * 8


def test_channels_are_the_regions_and_the_rest(make_scene) -> None:
    clip, response, regions = make_scene()
    working = make_working(clip, response, regions, WHOLE)
    assert working.response.shape == (10, 24, 32, 3)
    assert (working.response.sum(axis=-1) == 255).all()
    assert (working.response[:, -1, -1] == [0, 0, 255]).all()
    assert (working.histogram[0, 0] == [1, 0, 0]).all()


def test_a_response_that_never_changes_adds_no_channels(make_scene) -> None:
    clip, response, regions = make_scene()
    view = replace(
        response,
        probabilities=np.broadcast_to(response.probabilities[:1], response.probabilities.shape),
    )
    for kind in (response, view):
        working = make_working(clip, kind, regions, WHOLE)
        assert varying_channels(working) == []
        assert LoopCosts(working, EnergyOptions()).features.shape[-1] == 4
    changing = response.probabilities.copy()
    changing[20:, :5] = [0, 255, 0]
    working = make_working(clip, replace(response, probabilities=changing), regions, WHOLE)
    assert varying_channels(working) == [0, 1]
    assert LoopCosts(working, EnergyOptions()).features.shape[-1] == 8
    assert LoopCosts(working, EnergyOptions(semantic_weight=0)).features.shape[-1] == 4


def test_a_response_of_another_size_covers_the_frame(make_scene) -> None:
    clip, response, regions = make_scene()
    for factor in (2, 4):
        small = replace(response, probabilities=response.probabilities[:, ::factor, ::factor])
        working = make_working(clip, small, regions, WHOLE)
        assert working.response.shape == (10, 24, 32, 3)
        assert (working.response[:, :8, :, 0] == 255).all()
        assert (working.response[:, 16:, 24:, 2] == 255).all()


def test_the_response_must_belong_to_the_clip_and_know_the_regions(make_scene) -> None:
    clip, response, regions = make_scene()
    short = replace(response, probabilities=response.probabilities[:-1])
    with pytest.raises(SegmenterError, match="a response of 40 frames"):
        make_working(clip, short, regions, WHOLE)
    blind = replace(
        response, probabilities=response.probabilities[..., :1], categories=response.categories[:1]
    )
    with pytest.raises(SegmenterError, match=r"\(water\), received dog"):
        make_working(clip, blind, regions, WHOLE)


@pytest.mark.parametrize("coarse", [1, 2])
def test_a_clip_without_regions_still_has_a_working_clip(make_scene, coarse: int) -> None:
    clip, response, regions = make_scene()
    response = replace(response, probabilities=response.probabilities[:, ::coarse, ::coarse])
    working = make_working(clip, response, replace(regions, regions=()), WHOLE)
    assert working.response.shape[-1] == 1
    assert not working.natural.any()
    costs = LoopCosts(working, EnergyOptions())
    assert np.isfinite(costs.edge_weights[0]).all()


def test_flicker_goes_and_changes_stay() -> None:
    signal = np.full(30, 100, np.uint8)
    signal[4] = 250  # one wild frame
    signal[10:15] += 60  # below the dead band
    signal[20:] = 220  # a change
    out = steady(signal[:, None, None, None], 5, 0.3).ravel()
    assert (out[:20] == 100).all()
    assert (out[20:] == 220).all()


def test_the_histogram_counts_winners() -> None:
    response = np.zeros((4, 1, 1, 3), np.uint8)
    response[:, 0, 0] = [[9, 1, 0], [0, 9, 1], [0, 9, 1], [0, 1, 9]]
    assert label_histogram(response).ravel().tolist() == [0.25, 0.5, 0.25]


def test_a_shrunk_mask_keeps_what_covers_half() -> None:
    mask = np.zeros((4, 4), bool)
    mask[:2, :2] = True
    mask[2:, 2] = True
    mask[0, 2] = True
    assert shrink_mask(mask, (2, 2)).tolist() == [[True, False], [False, True]]


def test_periods_of_a_long_clip_are_as_asked(working_of) -> None:
    working = working_of(np.zeros((38, 1, 2, 3)), every=4)
    assert working_periods(working, EnergyOptions()) == tuple(range(8, 38, 2))


@pytest.mark.parametrize("t", range(4, 40))
def test_every_clip_has_periods_that_fit(working_of, t: int) -> None:
    working = working_of(np.zeros((t, 1, 2, 3)))
    periods = working_periods(working, EnergyOptions())
    assert len(periods) >= 2
    assert periods[0] >= 2
    assert periods[-1] < t
    if t == 8:
        assert periods == (2, 3, 4, 5, 6, 7)


def test_too_few_frames_is_one_line(working_of) -> None:
    with pytest.raises(ClipError, match="at least 4 working frames to loop, received 3"):
        LoopCosts(working_of(np.zeros((3, 2, 2, 3))), EnergyOptions())


def test_labels_go_back_to_source_frames(working_of) -> None:
    working = working_of(np.zeros((10, 1, 2, 3)), every=4)
    labels = LabelMap(np.array([[1, 3]], np.int16), np.array([[9, 6]], np.int16), 10)
    source = working.to_source(labels)
    assert source.period.tolist() == [[1, 12]]
    assert source.start.tolist() == [[36, 24]]
    assert source.n_frames == 40
