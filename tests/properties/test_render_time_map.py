"""The time map loops exactly, stays inside its window and never touches still pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cinekit.loop import RenderOptions, cycles, loop_length, speed, time_map
from cinekit.loop.fade import fade_window, label_table, sources
from cinekit.model import LabelMap


@st.composite
def labellings(draw: st.DrawFn) -> LabelMap:
    n = draw(st.integers(3, 40))
    pixels = draw(st.integers(1, 6))
    period = [draw(st.one_of(st.just(1), st.integers(1, n))) for _ in range(pixels)]
    start = [draw(st.integers(0, n - p)) for p in period]
    return LabelMap(np.array([period], np.int16), np.array([start], np.int16), n)


lengths = st.integers(1, 60)
frames = st.integers(-100, 200)


@given(labellings(), lengths, frames)
def test_time_map_repeats_after_n_frames(labels, n, f):
    np.testing.assert_array_equal(time_map(labels, n, f), time_map(labels, n, f + n))


@given(labellings(), lengths, frames)
def test_source_frames_stay_in_the_window(labels, n, f):
    source = time_map(labels, n, f)
    assert (source >= labels.start).all()
    assert (source < labels.start + labels.period).all()


@given(labellings(), lengths, frames)
def test_still_pixels_show_one_frame(labels, n, f):
    still = ~labels.looping
    np.testing.assert_array_equal(time_map(labels, n, f)[still], labels.start[still])


@given(labellings(), st.integers(1, 4))
def test_a_period_that_fits_plays_every_frame_once_per_cycle_at_speed_one(labels, k):
    p = int(labels.period[0, 0])
    one = LabelMap(labels.period[:, :1], labels.start[:, :1], labels.n_frames)
    shown = [int(time_map(one, k * p, f)[0, 0]) for f in range(k * p)]
    assert speed(p, k * p) == 1
    expected = list(range(int(one.start[0, 0]), int(one.start[0, 0]) + p))
    assert sorted(shown) == sorted(expected * k)
    # In order, over the seam as well: no frame repeated, none left out.
    assert set((np.diff([*shown, shown[0]]) % p).tolist()) <= {1 % p}


@given(labellings(), lengths, frames)
def test_pixels_of_one_period_are_in_phase(labels, n, f):
    source = time_map(labels, n, f)
    for p in np.unique(labels.period[labels.looping]):
        assert len(np.unique(source[labels.period == p] % p)) == 1


@given(st.integers(1, 80), lengths)
def test_no_other_number_of_cycles_changes_the_speed_less(p, n):
    chosen = abs(np.log(cycles(p, n) * p / n))
    assert all(chosen <= abs(np.log(k * p / n)) + 1e-12 for k in range(1, n + 2))


@given(labellings(), st.floats(1, 60), st.floats(0.1, 3), st.floats(0, 3))
def test_auto_length_stays_in_the_users_range(labels, fps, shortest, more):
    options = RenderOptions(min_seconds=shortest, max_seconds=shortest + more)
    n = loop_length(labels, fps, options)
    assert n >= 1
    assert n >= shortest * fps - 1e-6
    assert n <= max((shortest + more) * fps, np.ceil(shortest * fps)) + 1e-6


@given(labellings(), st.integers(0, 12))
def test_fades_read_frames_of_the_clip_only(labels, fade):
    table = label_table(labels.period, labels.start, labels.n_frames, fade)
    for f in range(int(labels.period.max()) * 2):
        main, other, share = sources(table, int(labels.period.max()) * 2, f)
        for frame in (main, other):
            assert (frame >= 0).all()
            assert (frame < labels.n_frames).all()
        assert ((share >= 0) & (share < 1)).all()
        assert (main[share == 0] == other[share == 0]).all()


@given(labellings(), st.integers(0, 12))
def test_a_fade_is_as_long_as_the_clip_allows(labels, fade):
    p, s = labels.period.ravel().astype(np.int64), labels.start.ravel().astype(np.int64)
    first, last = fade_window(p, s, labels.n_frames, fade)
    room = s + (labels.n_frames - s - p)
    wanted = np.where(p > 1, np.minimum(fade, p // 2), 0)
    np.testing.assert_array_equal(last - first, np.minimum(wanted, room))
