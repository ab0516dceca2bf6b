"""Rendered loops."""

import numpy as np
import pytest

from cinekit.errors import ConfigError, RenderError
from cinekit.labels import LabelMap
from cinekit.loop import (
    Blend,
    RenderOptions,
    iterate_loop,
    loop_length,
    render_loop,
)
from cinekit.model import Clip

SHARP = RenderOptions(blend=Blend.NONE)
FADED = RenderOptions(blend=Blend.CROSSFADE, feather=0)


def noise(t=40, h=12, w=16, seed=0) -> Clip:
    rng = np.random.default_rng(seed)
    return Clip(rng.integers(20, 236, (t, h, w, 3), dtype=np.uint8), 10.0)


def half_moving(clip: Clip, p=16, s=10, still=7) -> LabelMap:
    period = np.ones(clip.size, np.int16)
    start = np.full(clip.size, still, np.int16)
    period[:, 8:], start[:, 8:] = p, s
    return LabelMap(period, start, clip.n_frames)


def test_without_blending_every_pixel_is_its_source_pixel():
    clip = noise()
    labels = half_moving(clip)
    loop = render_loop(clip, labels, 16, SHARP)
    rows, columns = np.indices(clip.size)
    for f in range(16):
        expected = clip.frames[labels.frame_at(f, 16), rows, columns]
        np.testing.assert_array_equal(loop[f], expected)


@pytest.mark.parametrize(
    "options",
    [SHARP, FADED, RenderOptions(blend=Blend.CROSSFADE, feather=8, fade=16), RenderOptions()],
)
def test_still_pixels_are_bit_equal_over_the_loop(options):
    clip = noise()
    labels = half_moving(clip)
    loop = render_loop(clip, labels, 40, options)
    still = ~labels.looping
    assert (loop[:, still] == clip.frames[7][still]).all()


@pytest.mark.parametrize("blend", list(Blend))
def test_the_iterator_gives_the_frames_of_the_whole_loop(blend):
    clip = noise()
    labels = half_moving(clip)
    options = RenderOptions(blend=blend)
    one_by_one = np.stack(list(iterate_loop(clip, labels, 20, options)))
    np.testing.assert_array_equal(one_by_one, render_loop(clip, labels, 20, options))


def ramp(t=40) -> Clip:
    """Brightens by 4 levels per frame: the jump of a loop is its whole length."""
    levels = (20 + 4 * np.arange(t)).astype(np.uint8)
    return Clip(np.broadcast_to(levels[:, None, None, None], (t, 10, 10, 3)).copy(), 10.0)


def all_moving(clip: Clip, p: int, s: int) -> LabelMap:
    full = np.ones(clip.size, np.int16)
    return LabelMap(full * np.int16(p), full * np.int16(s), clip.n_frames)


@pytest.mark.parametrize("start", [0, 10, 24])
def test_a_cross_fade_takes_the_jump_in_small_steps_wherever_the_clip_ends(start):
    clip = ramp()
    labels = all_moving(clip, 16, start)
    loop = render_loop(clip, labels, 16, FADED)[:, 0, 0, 0].astype(int)
    steps = np.abs(np.diff([*loop, loop[0]]))
    # Without a fade the jump is 60. Six frames make seven steps of 64 / 7 against the rise of 4,
    # which the gain for sides that oppose each other bends by up to a quarter.
    assert steps.max() <= 1.25 * 64 / 7
    hard = render_loop(clip, labels, 16, SHARP)[:, 0, 0, 0].astype(int)
    assert np.abs(np.diff([*hard, hard[0]])).max() == 60


def test_a_loop_of_the_whole_clip_has_nothing_to_fade_with_and_is_left_alone():
    clip = ramp()
    labels = all_moving(clip, 40, 0)
    faded, hard = (render_loop(clip, labels, 40, options) for options in (FADED, SHARP))
    np.testing.assert_array_equal(faded, hard)


def test_a_faded_texture_keeps_its_contrast():
    clip = noise(60, 40, 40)
    labels = all_moving(clip, 30, 15)
    contrast = [frame.std() for frame in render_loop(clip, labels, 30, FADED)]
    usual = clip.frames.std(axis=(1, 2, 3)).mean()
    # Plain averages would fall to 0.71 in the middle of the fade.
    assert min(contrast) > 0.93 * usual
    assert max(contrast) < 1.05 * usual


def test_things_that_agree_are_faded_without_gain():
    still = np.broadcast_to(noise(1).frames, (40, 12, 16, 3)).copy()
    clip = Clip(still, 10.0)
    loop = render_loop(clip, half_moving(clip), 16, FADED)
    assert (loop == still[:1]).all()


def test_the_moving_side_of_a_border_fades_into_the_still_side():
    frames = np.full((40, 12, 16, 3), 50, np.uint8)
    frames[8:] = 200
    clip = Clip(frames, 10.0)
    loop = render_loop(
        clip, half_moving(clip, s=12), 16, RenderOptions(blend=Blend.CROSSFADE, fade=0, feather=2)
    )
    np.testing.assert_array_equal(loop[0, 5, 6:12, 0], [50, 50, 100, 150, 200, 200])


def test_labels_of_another_clip_are_refused():
    clip = noise()
    labels = half_moving(clip)
    other = Clip(clip.frames[:, :10], clip.fps)
    with pytest.raises(RenderError, match=r"expected labels for 40 frames of \(10, 16\)"):
        render_loop(other, labels, 16, SHARP)
    with pytest.raises(RenderError, match="at least 1 frame, received 0"):
        render_loop(clip, labels, 0, SHARP)
    with pytest.raises(RenderError, match="at least 1 frame, received -1"):
        labels.frame_at(0, -1)


def test_auto_length_is_a_multiple_of_the_dominant_period():
    clip = noise()
    labels = half_moving(clip, p=16)
    assert loop_length(labels, 10.0, RenderOptions(min_seconds=2, max_seconds=6)) == 32
    assert loop_length(labels, 10.0, RenderOptions(min_seconds=1, max_seconds=6)) == 16


@pytest.mark.parametrize(
    ("length", "frames"), [(2.5, 25), (4, 40), ("25f", 25), ("1 frame", 1), ("90 frames", 90)]
)
def test_a_length_is_in_seconds_or_in_frames(length, frames):
    labels = half_moving(noise())
    assert loop_length(labels, 10.0, RenderOptions(length=length)) == frames


def test_auto_length_suits_the_other_periods_too():
    clip = noise()
    labels = half_moving(clip, p=16)
    period = labels.period.copy()
    period[:, 12:14] = 12
    both = LabelMap(period, labels.start, clip.n_frames)
    # 16 fits 32, 48 and 64; 12 fits 48 alone.
    assert loop_length(both, 10.0, RenderOptions(min_seconds=3, max_seconds=7)) == 48


def test_a_still_picture_has_the_shortest_length():
    clip = noise()
    still = LabelMap(*np.ones((2, 12, 16), np.int16), n_frames=40)
    assert loop_length(still, clip.fps, RenderOptions()) == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": "long"}, "length: expected seconds, frames or 'auto', received 'long'"),
        ({"length": "0f"}, "received '0f'"),
        ({"length": "2.5f"}, "received '2.5f'"),
        ({"dynamism": 1.1}, "dynamism: expected a value in [0, 1], received 1.1"),
        ({"dynamism_of": {"water": -1}}, "dynamism_of.water: expected a value in [0, 1]"),
        ({"length": 61}, "length: expected at most 60 seconds or 3600 frames, received 61"),
        ({"length": "3601f"}, "received 3601f; repeat=N plays a loop N times"),
        ({"length": 0}, "length: expected a value > 0"),
        ({"length": float("nan")}, "length: expected a value > 0"),
        (
            {"min_seconds": 4.0, "max_seconds": 3.0},
            "min_seconds: expected at most max_seconds, 3.0, received 4.0",
        ),
        ({"fade": -1}, "fade: expected a value in [0, 64], received -1"),
        ({"feather": 9}, "feather: expected a value in [0, 8], received 9"),
        ({"band": 65}, "band: expected a value in [0, 64], received 65"),
        ({"still": "first"}, "still: expected a frame index or 'auto', received 'first'"),
        ({"still": -2}, "still: expected a value >= 0, received -2"),
    ],
)
def test_options_out_of_range_are_one_line(options, message):
    with pytest.raises(ConfigError) as error:
        RenderOptions(**options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
