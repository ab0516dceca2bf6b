"""Every render kernel equals its plain-loop twin."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.labels import LabelMap
from cinekit.loop import crossfade, reference

FEW = settings(max_examples=25, deadline=None)
"""The plain loops are slow, and one random case has many pixels in it."""


def random_case(seed: int, t: int = 14, h: int = 7, w: int = 8):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (t, h, w, 3), dtype=np.uint8)
    patch = rng.integers(0, 5, (-(-h // 3), -(-w // 3))).repeat(3, 0).repeat(3, 1)[:h, :w]
    periods = np.array([1, 1, 4, 6, rng.integers(2, t + 1)])
    starts = np.array([rng.integers(0, t - p + 1) for p in periods])
    return rng, frames, LabelMap(periods[patch].astype(np.int16), starts[patch].astype(np.int16), t)


@FEW
@given(st.integers(0, 10_000), st.integers(0, 6), st.integers(0, 4), st.integers(0, 30))
def test_composed_frames_equal_the_plain_loops(seed, fade, feather, f):
    rng, frames, labels = random_case(seed)
    table = labels.table
    window = crossfade.fade_window(table, len(frames), fade)
    second, weight = table.index.copy(), np.zeros(labels.size, np.float32)
    crossfade.across_border(table.index, table.period == 1, feather, second, weight)
    mean = rng.uniform(0, 255, (*labels.size, 3)).astype(np.float32)
    correlation = rng.uniform(-0.5, 1, labels.size).astype(np.float32)
    hide = rng.choice(np.array([0, 0.5, 1], np.float32), labels.size)
    arguments = (
        frames, table.index, second, weight, *crossfade.sources(table, window, f, 12),
        mean, correlation, hide,
    )  # fmt: skip
    out = np.empty(frames.shape[1:], np.uint8)
    crossfade.compose(*arguments, out)
    expected = reference.compose(*arguments)
    # Rounding to whole grey levels, plus float32 against float64.
    assert np.abs(out - expected).max() <= 0.5 + 1e-3


@FEW
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_loop_statistics_equal_the_plain_loops(seed, fade):
    _, frames, labels = random_case(seed)
    table = labels.table
    window = crossfade.fade_window(table, len(frames), fade)
    shows = np.random.default_rng(seed).permutation(len(frames))
    arguments = (frames, shows, table.index, table.period, table.start, *window)
    mean, moments = (np.empty((*labels.size, 3), np.float32) for _ in range(2))
    crossfade.loop_statistics(*arguments, mean, moments)
    expected_mean, expected_moments = reference.loop_statistics(*arguments)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-5)
    np.testing.assert_allclose(moments, expected_moments, rtol=1e-4, atol=1)


@FEW
@given(st.integers(0, 10_000), st.integers(0, 4))
def test_feather_equals_the_plain_loops(seed, feather):
    _, _, labels = random_case(seed)
    table = labels.table
    still = table.period == 1
    second, weight = np.empty_like(table.index), np.empty(labels.size, np.float32)
    crossfade.across_border(table.index, still, feather, second, weight)
    expected_second, expected_weight = reference.across_border(table.index, still, feather)
    np.testing.assert_array_equal(second, expected_second)
    np.testing.assert_allclose(weight, expected_weight, atol=1e-6)
    assert (weight[still[table.index]] == 0).all()
