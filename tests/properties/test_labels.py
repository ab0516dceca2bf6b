"""What is read off a label map equals its definition, pixel by pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cinekit.labels import Borders, LabelMap, cycles, speed
from cinekit.loop import RenderOptions, loop_length
from cinekit.loop.crossfade import fade_window, sources


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
    np.testing.assert_array_equal(labels.frame_at(f, n), labels.frame_at(f + n, n))


@given(labellings(), st.integers(1, 4), frames)
def test_a_pixel_repeats_with_its_period_where_that_fits(labels, k, f):
    for p in np.unique(labels.period).tolist():
        own = labels.period == p
        later = labels.frame_at(f + p, k * p)
        np.testing.assert_array_equal(labels.frame_at(f, k * p)[own], later[own])


@given(labellings(), lengths, frames)
def test_source_frames_stay_in_the_window(labels, n, f):
    source = labels.frame_at(f, n)
    assert (source >= labels.start).all()
    assert (source < labels.start + labels.period).all()


@given(labellings(), lengths, frames)
def test_still_pixels_show_one_frame(labels, n, f):
    still = ~labels.looping
    np.testing.assert_array_equal(labels.frame_at(f, n)[still], labels.start[still])


@given(labellings(), st.integers(1, 4))
def test_a_period_that_fits_plays_every_frame_once_per_cycle_at_speed_one(labels, k):
    p = int(labels.period[0, 0])
    one = LabelMap(labels.period[:, :1], labels.start[:, :1], labels.n_frames)
    shown = [int(one.frame_at(f, k * p)[0, 0]) for f in range(k * p)]
    assert speed(p, k * p) == 1
    expected = list(range(int(one.start[0, 0]), int(one.start[0, 0]) + p))
    assert sorted(shown) == sorted(expected * k)
    # In order, over the seam as well: no frame repeated, none left out.
    assert set((np.diff([*shown, shown[0]]) % p).tolist()) <= {1 % p}


@given(labellings(), lengths, frames)
def test_pixels_of_one_period_are_in_phase(labels, n, f):
    source = labels.frame_at(f, n)
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
    n = int(labels.period.max()) * 2
    window = fade_window(labels.table, labels.n_frames, fade)
    for f in range(n):
        main, other, share = sources(labels.table, window, f, n)
        for frame in (main, other):
            assert (frame >= 0).all()
            assert (frame < labels.n_frames).all()
        assert ((share >= 0) & (share < 1)).all()
        assert (main[share == 0] == other[share == 0]).all()


@given(labellings(), st.integers(0, 12))
def test_a_fade_is_as_long_as_the_clip_allows(labels, fade):
    p, s = labels.table.period, labels.table.start
    first, last = fade_window(labels.table, labels.n_frames, fade)
    room = s + (labels.n_frames - s - p)
    wanted = np.where(p > 1, np.minimum(fade, p // 2), 0)
    np.testing.assert_array_equal(last - first, np.minimum(wanted, room))


@st.composite
def maps(draw: st.DrawFn) -> LabelMap:
    """Few labels on few pixels, so that they meet; some of them go there and back."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    size = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    period, start = np.array([[1, 1, 4, 4, 9], [0, 7, 0, 7, 2]], np.int16)
    kind = rng.integers(0, 5, size)
    labels = LabelMap(period[kind], start[kind], 12)
    if draw(st.booleans()):
        labels = labels.there_and_back(rng.random(size) < 0.3, 2, 6)
    return labels


@given(maps())
def test_the_table_gives_back_the_map(labels):
    table = labels.table
    np.testing.assert_array_equal(table.period[table.index], labels.period)
    np.testing.assert_array_equal(table.start[table.index], labels.start)
    assert len({*zip(table.period.tolist(), table.start.tolist(), strict=True)}) == len(
        table.period
    )


@given(maps(), lengths, frames, st.integers(0, 99))
def test_a_list_of_pixels_shows_what_they_show_in_the_map(labels, n, f, seed):
    pixels = np.nonzero(np.random.default_rng(seed).random(labels.size) < 0.5)
    np.testing.assert_array_equal(
        labels.table.of(pixels).frame_at(f, n), labels.frame_at(f, n)[pixels]
    )


def pairs_of(borders: Borders) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    ends = (np.stack(end, axis=1).tolist() for end in (borders.first, borders.second))
    return [(tuple(one), tuple(two)) for one, two in zip(*ends, strict=True)]


@given(maps())
def test_edges_and_borders_equal_the_plain_loops(labels):
    edges, borders = [], []
    for dy, dx in ((1, 0), (0, 1)):
        for y, x in np.ndindex(labels.size[0] - dy, labels.size[1] - dx):
            one, two = (y, x), (y + dy, x + dx)
            label = [(labels.period[at], labels.start[at]) for at in (one, two)]
            if label[0] != label[1]:
                edges.append((one, two))
                if labels.looping[one] or labels.looping[two]:
                    borders.append((one, two))
    assert pairs_of(labels.edges) == edges
    assert pairs_of(labels.borders) == borders
    assert len(labels.borders) == len(borders)


@given(maps(), st.integers(0, 99))
def test_borders_are_told_apart_by_the_masks_that_their_ends_lie_in(labels, seed):
    one, two = np.random.default_rng(seed).random((2, *labels.size)) < 0.7
    pairs = pairs_of(labels.edges)
    assert pairs_of(labels.edges.inside(one)) == [(a, b) for a, b in pairs if one[a] and one[b]]
    turned = [(b, a) for a, b in pairs]
    between = [(a, b) for a, b in [*pairs, *turned] if one[a] and two[b]]
    assert pairs_of(labels.edges.between(one, two)) == between


@given(maps())
def test_patches_are_connected_and_of_one_label(labels):
    patches, number = labels.patches, labels.patches.number
    np.testing.assert_array_equal(patches.period[number], labels.period)
    np.testing.assert_array_equal(patches.start[number], labels.start)
    same = (labels.period[1:] == labels.period[:-1]) & (labels.start[1:] == labels.start[:-1])
    np.testing.assert_array_equal(number[1:] == number[:-1], same)
    for k in range(len(patches.period)):
        assert flood(number == k).all()


def flood(patch: np.ndarray) -> np.ndarray:
    """Of the pixels of a patch, which ones a walk from the first of them reaches."""
    todo = [tuple(np.argwhere(patch)[0])]
    seen = {todo[0]}
    while todo:
        y, x = todo.pop()
        for at in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = all(0 <= i < n for i, n in zip(at, patch.shape, strict=True))
            if inside and patch[at] and at not in seen:
                seen.add(at)
                todo.append(at)
    return np.array([tuple(at) in seen for at in np.argwhere(patch)])


@given(maps(), st.integers(0, 5), st.integers(2, 6))
def test_there_and_back_shows_the_way_and_returns_without_a_jump(labels, first, way):
    pixels = np.zeros(labels.size, bool)
    pixels[0, 0] = True
    back = labels.there_and_back(pixels, first, first + way)
    p = 2 * way
    shown = [int(back.frame_at(f, p)[0, 0]) for f in range(p)]
    assert max(shown) - min(shown) == way
    assert {abs(b - a) for a, b in zip(shown, [*shown[1:], shown[0]], strict=True)} == {1}
    shows, s = back.shows, int(back.start[0, 0])
    assert shows[s] == shows[s + p]  # [O] Eq. 2: what follows the last frame is the first
    assert shows[s - 1] == shows[s + p - 1]
    assert back.returns[0, 0]
    others = ~pixels
    np.testing.assert_array_equal(back.frame_at(3, 8)[others], labels.frame_at(3, 8)[others])
    np.testing.assert_array_equal(back.returns[others], labels.returns[others])
