"""Labels from the working clip to the clip."""

import numpy as np
import pytest

from cinekit.errors import RenderError
from cinekit.labels import LabelMap
from cinekit.loop import choose_still, to_clip_resolution
from cinekit.loop.still import still_seams
from cinekit.loop.upscale import jump_table
from cinekit.model import Clip


def periodic(period: int, t=60, h=16, w=20, seed=1) -> Clip:
    """Noise that repeats after ``period`` frames, exactly."""
    rng = np.random.default_rng(seed)
    cycle = rng.integers(0, 256, (period, h, w, 3), dtype=np.uint8)
    return Clip(np.tile(cycle, (-(-t // period), 1, 1, 1))[:t], 10.0)


def working(period, start, t=15, size=(8, 10)) -> LabelMap:
    p = np.ones(size, np.int16)
    s = np.full(size, 3, np.int16)
    p[:, 4:], s[:, 4:] = period, start
    s[:, 7:] = start + 2
    return LabelMap(p, s, t)


@pytest.mark.parametrize("true_period", [22, 23, 24, 26])
def test_the_true_period_between_working_frames_is_found(true_period):
    clip = periodic(true_period)
    labels = to_clip_resolution(working(6, 4), clip, every=4)
    assert labels.size == clip.size
    assert set(np.unique(labels.period)) == {1, true_period}


def test_pixels_of_one_period_keep_one_period():
    # The left and the right patch would each like another one.
    left, right = periodic(22).frames, periodic(26).frames
    clip = Clip(np.concatenate([left[:, :, :14], right[:, :, 14:]], axis=2), 10.0)
    labels = to_clip_resolution(working(6, 4), clip, every=4)
    assert len(np.unique(labels.period[labels.looping])) == 1


def test_starts_move_less_than_a_working_frame_and_stay_in_the_clip():
    rng = np.random.default_rng(2)
    clip = Clip(rng.integers(0, 256, (58, 16, 20, 3), dtype=np.uint8), 10.0)
    coarse = working(6, 6)
    labels = to_clip_resolution(coarse, clip, every=4)
    moved = labels.start - 4 * coarse.start.repeat(2, 0).repeat(2, 1)
    assert np.abs(moved[labels.looping]).max() <= 3
    assert (moved[~labels.looping] == 0).all()
    assert len(np.unique(labels.start[labels.looping & (np.arange(20) < 14)])) == 1


def test_the_jump_never_gets_larger():
    rng = np.random.default_rng(3)
    smooth = np.cumsum(rng.normal(0, 3, (60, 16, 20, 3)), axis=0) + 128
    clip = Clip(np.clip(smooth, 0, 255).astype(np.uint8), 10.0)
    coarse = working(6, 4)
    labels = to_clip_resolution(coarse, clip, every=4)

    def cost(period, start):
        rows, columns = np.indices(clip.size)
        wide = clip.frames.astype(int)
        ends = [(start, start + period), (start - 1, start + period - 1)]
        per_pixel = sum(
            ((wide[a, rows, columns] - wide[b, rows, columns]) ** 2).sum(-1) for a, b in ends
        )
        return per_pixel[labels.looping].sum()

    grown = coarse.period.repeat(2, 0).repeat(2, 1), coarse.start.repeat(2, 0).repeat(2, 1)
    assert cost(labels.period, labels.start) < cost(grown[0] * 4, grown[1] * 4)


def test_jump_table_equals_the_equation():
    rng = np.random.default_rng(4)
    frames = rng.integers(0, 256, (12, 3, 4, 3), dtype=np.uint8)
    patch = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [2, 2, 2, 2]], np.int32)
    period, start = np.array([4, 5, 1], np.int32), np.array([1, 7, 3], np.int32)
    table = np.zeros((3, 3, 3))
    jump_table(frames, patch, period, start, 1, table)
    for i, dp, ds in np.ndindex(3, 3, 3):
        expected = 0.0
        if period[i] > 1:
            s, p = start[i] + ds - 1, period[i] + dp - 1
            for a, b in ((s, s + p), (s - 1, s + p - 1)):
                one, two = (frames[np.clip(k, 0, 11)].astype(float) for k in (a, b))
                expected += ((one - two) ** 2).sum(-1)[patch == i].sum()
        assert table[i, dp, ds] == pytest.approx(expected)


def test_every_frame_and_every_pixel_needs_no_change():
    clip = periodic(6, t=15, h=8, w=10)
    coarse = working(6, 4)
    labels = to_clip_resolution(coarse, clip, every=1)
    np.testing.assert_array_equal(labels.period, coarse.period)
    np.testing.assert_array_equal(labels.start, coarse.start)


def test_labels_of_a_longer_clip_are_refused():
    with pytest.raises(RenderError, match="every=4"):
        to_clip_resolution(working(6, 4, t=20), periodic(6, t=60), every=4)


def passing_by() -> tuple[Clip, LabelMap]:
    """A loop on the right, and something dark that crosses the still part in frames 0 to 9."""
    frames = np.full((30, 24, 32, 3), 120, np.uint8)
    frames[:10, 4:20, 2:12] = 10
    # It touches the border of the loop in frames 0 to 4 only.
    frames[:5, 4:20, 12:16] = 10
    frames[:, :, 16:] += np.arange(30, dtype=np.uint8)[:, None, None, None] % 4
    period = np.ones((24, 32), np.int16)
    start = np.zeros((24, 32), np.int16)
    period[:, 16:], start[:, 16:] = 8, 12
    # A collage: the upper half from frame 3, the lower from frame 25.
    start[:12, :16], start[12:, :16] = 3, 25
    return Clip(frames, 10.0), LabelMap(period, start, 30)


def test_the_still_part_shows_one_frame_with_the_lowest_seam():
    clip, labels = passing_by()
    chosen = choose_still(labels, clip)
    still = ~labels.looping
    assert len(np.unique(chosen.start[still])) == 1
    assert int(chosen.start[0, 0]) >= 5
    np.testing.assert_array_equal(chosen.start[~still], labels.start[~still])
    np.testing.assert_array_equal(chosen.period, labels.period)


def test_a_patch_keeps_its_frame_where_that_lowers_the_seam():
    clip, labels = passing_by()
    # Something white stands above, beside the loop, but not in frame 3 nor while the loop runs;
    # below, frame 3 is dark and the frames of the loop flicker.
    frames = np.full_like(clip.frames, 120)
    frames[:, :8, 8:16] = 200
    frames[[3, *range(12, 20)], :8, 8:16] = 120
    frames[3, 14:, :16] = 20
    frames[12:20:2, 14:, :16] = 40
    frames[13:20:2, 14:, :16] = 200
    start = labels.start.copy()
    chosen = choose_still(LabelMap(labels.period, start, 30), Clip(frames, 10.0))
    assert (chosen.start[:12, :16] == 3).all()
    assert (chosen.start[12:, :16] != 3).all()


def test_a_given_still_frame_is_taken():
    clip, labels = passing_by()
    assert (choose_still(labels, clip, 6).start[~labels.looping] == 6).all()
    with pytest.raises(RenderError, match="below 30, received 30"):
        choose_still(labels, clip, 30)


def test_still_seams_equal_the_plain_sum():
    rng = np.random.default_rng(5)
    frames = rng.integers(0, 256, (9, 2, 2, 3), dtype=np.uint8)
    zero, one = np.zeros(1, np.intp), np.ones(1, np.intp)
    out = np.empty((1, 9))
    table = (np.array([4]), np.array([3]), np.arange(len(frames)))
    still_seams(frames, table, zero, ((zero, zero), (zero, one)), out)
    wide = frames.astype(float)
    for f in range(9):
        expected = sum(((wide[3:7, 0, x] - wide[f, 0, x]) ** 2).sum(axis=-1).mean() for x in (0, 1))
        assert out[0, f] == pytest.approx(expected)
