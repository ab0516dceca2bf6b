"""The slider: nested, exact at its ends, whole things whole."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.errors import ConfigError, RenderError
from cinekit.labels import LabelMap
from cinekit.loop import (
    RenderOptions,
    calm,
    calmed,
    check_names,
    dynamism,
    find_activation,
    reference,
    render_loop,
)
from cinekit.model import Candidate, Clip, Motion, Region, Regions

FEW = settings(max_examples=15, deadline=None)
SIZE = (40, 48)


def scene(seed=0, t=30, size=SIZE) -> Clip:
    """Noise whose strength differs from place to place."""
    rng = np.random.default_rng(seed)
    strength = rng.uniform(1, 40, (-(-size[0] // 8), -(-size[1] // 8)))
    strength = strength.repeat(8, 0).repeat(8, 1)[: size[0], : size[1], None]
    frames = 120 + strength * rng.normal(0, 1, (t, *size, 3))
    return Clip(np.clip(frames, 0, 255).astype(np.uint8), 10.0)


def loops(clip: Clip, still_columns=6) -> LabelMap:
    period, start = np.full(clip.size, 12, np.int16), np.full(clip.size, 5, np.int16)
    start[::2] = 9
    period[:, :still_columns], start[:, :still_columns] = 1, 3
    return LabelMap(period, start, clip.n_frames)


def world(clip: Clip, motion=Motion.NATURAL) -> tuple[Regions, Candidate]:
    left, right = np.zeros((2, *clip.size), bool)
    left[:, :24], right[:, 24:] = True, True
    regions = Regions(
        (Region("texture 1", motion, left, 0.5, 1.0), Region("water", motion, right, 0.5, 1.0)),
        (),
        left | right,
    )
    return regions, Candidate("texture_1+water", ("texture 1", "water"), left | right)


@FEW
@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_slider_only_adds_looping_pixels(seed, one, other):
    clip = scene(seed)
    labels = loops(clip)
    found = find_activation(clip, labels)
    low, high = (calm(labels, found, d) for d in sorted((one, other)))
    assert not (low.looping & ~high.looping).any()
    for some in (low, high):
        moving = some.looping
        np.testing.assert_array_equal(some.period[moving], labels.period[moving])
        np.testing.assert_array_equal(some.start[moving], labels.start[moving])
        assert (some.start[labels.looping & ~moving] == 3).all(), "the frame of the still part"
        assert (some.start[~labels.looping] == labels.start[~labels.looping]).all()


@FEW
@given(st.integers(0, 10_000))
def test_nothing_moves_at_0_and_everything_at_1(seed):
    clip = scene(seed, size=(20, 20))
    labels = loops(clip)
    found = find_activation(clip, labels)
    loop = render_loop(clip, calm(labels, found, 0.0), 12, RenderOptions())
    assert (loop == clip.frames[3]).all()
    full = calm(labels, found, 1.0)
    np.testing.assert_array_equal(full.period, labels.period)
    np.testing.assert_array_equal(full.start, labels.start)


def islands(strengths, seed=1) -> Clip:
    """16x16 pixels of motion each, eight of quiet water apart."""
    rows, columns = np.shape(strengths)
    size = (24 * rows, 24 * columns)
    strength = np.ones(size)
    for y, x in np.ndindex(rows, columns):
        strength[24 * y + 4 : 24 * y + 20, 24 * x + 4 : 24 * x + 20] = strengths[y][x]
    noise = np.random.default_rng(seed).normal(0, 1, (30, *size, 3))
    return Clip(np.clip(120 + strength[..., None] * noise, 0, 255).astype(np.uint8), 10.0)


def test_half_the_slider_is_about_half_the_motion():
    clip = islands(np.random.default_rng(0).uniform(16, 24, (4, 4)))
    labels = loops(clip, still_columns=2)
    found = find_activation(clip, labels)
    variance = clip.frames[5:17].astype(float).var(axis=0).sum(axis=-1) * labels.looping
    for setting in (0.25, 0.5, 0.75):
        moving = calm(labels, found, setting).looping
        assert variance[moving].sum() / variance.sum() == pytest.approx(setting, abs=0.12)


def test_what_loops_well_comes_before_what_jumps():
    clip = islands([[20, 20], [20, 20]])
    frames = clip.frames.copy()
    frames[12:24, :, 24:], frames[24:, :, 24:] = frames[:12, :, 24:], frames[:6, :, 24:]
    smooth = Clip(frames, 10.0)
    threshold = find_activation(smooth, loops(smooth, still_columns=2)).threshold
    assert max(threshold[12, 36], threshold[36, 36]) < min(threshold[12, 12], threshold[36, 12])


def test_a_thing_that_is_not_natural_moves_whole_or_not_at_all():
    clip = islands([[10, 40], [30, 20]])
    labels = loops(clip, still_columns=2)
    rigid = np.zeros(clip.size, bool)
    rigid[4:20, 4:44] = True
    rigid[28:44, 28:44] = True
    before = find_activation(clip, labels).threshold
    assert before[12, 12] != before[12, 36], "its two ends are islands of their own"
    threshold = find_activation(clip, labels, rigid).threshold
    assert len(np.unique(threshold[4:20, 4:44])) == 1
    assert len(np.unique(threshold[28:44, 28:44])) == 1


@FEW
@given(st.integers(0, 10_000), st.lists(st.floats(0, 3), min_size=4, max_size=4))
def test_no_set_of_cells_is_better_than_those_found(seed, prices):
    clip = scene(seed, size=(12, 12))
    labels = loops(clip, still_columns=2)
    still = np.full(clip.size, 3, np.int16)
    growth = dynamism._Growth.of(clip, labels, still, np.zeros(clip.size, np.int32))
    finest, dynamism.FINEST = dynamism.FINEST, 0.0
    try:
        found = [growth.energies(cells) for cells, _ in growth.sets()]
    finally:
        dynamism.FINEST = finest
    found.append((0.0, 0.0))
    best = [
        growth.energies(np.array(cells, bool).reshape(3, 3))
        for cells in itertools.product((0, 1), repeat=9)
    ]
    scale = max(cost for cost, _ in best)
    for price in prices:
        ours, exact = (
            min(cost + price * scale * (1 - share) for cost, share in sets)
            for sets in (found, best)
        )
        assert ours <= exact + 1e-5 * scale


@FEW
@given(st.integers(0, 10_000))
def test_costs_equal_the_plain_loops(seed):
    rng = np.random.default_rng(seed)
    clip = Clip(rng.integers(0, 256, (14, 5, 6, 3), dtype=np.uint8), 10.0)
    period = rng.choice([1, 4, 9, 14], clip.size).astype(np.int16)
    start = rng.integers(0, 15 - period).astype(np.int16)
    corner = np.zeros(clip.size, bool)
    corner[0, 0] = True
    labels = LabelMap(period, start, 14).there_and_back(corner, 2, 8)
    still = rng.integers(0, 14, clip.size).astype(np.int16)
    arguments = (clip.frames, labels.shows, labels.period, labels.start, still)
    out = np.zeros((3, *clip.size))
    dynamism.loop_costs(*arguments, *out)
    np.testing.assert_allclose(out, reference.loop_costs(*arguments), rtol=1e-9, atol=1e-6)
    assert out[1, 0, 0] == 0, "there and back is no jump"


def test_regions_and_candidates_have_sliders_of_their_own():
    clip = scene()
    labels = loops(clip)
    regions, candidate = world(clip)
    options = RenderOptions(dynamism_of={"texture_1": 0.0, "texture_1+water": 1.0})
    shown = calmed(clip, labels, candidate, regions, options)
    assert not shown.looping[:, :24].any()
    assert shown.looping[:, 24:].all()
    others = RenderOptions(dynamism=0.0, dynamism_of={"water": 1.0})
    np.testing.assert_array_equal(
        calmed(clip, labels, candidate, regions, others).looping, shown.looping
    )
    assert calmed(clip, labels, candidate, regions, RenderOptions()) is labels


def test_a_slider_for_what_is_not_there_is_an_error():
    regions, candidate = world(scene())
    check_names(RenderOptions(dynamism_of={"texture 1": 0.5, "water": 1}), [candidate], regions)
    with pytest.raises(ConfigError, match=r"received 'watter' \(did you mean 'water'\?\); here"):
        check_names(RenderOptions(dynamism_of={"watter": 0.5}), [candidate], regions)


def test_sizes_that_differ_are_refused():
    clip = scene()
    labels = loops(clip)
    found = find_activation(clip, labels)
    small = scene(size=(20, 20))
    with pytest.raises(RenderError, match=r"of \(20, 20\)"):
        find_activation(small, labels)
    with pytest.raises(RenderError, match=r"activation of \(20, 20\), received \(40, 48\)"):
        calm(loops(small), found, 0.5)
