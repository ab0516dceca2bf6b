"""The equations on cases that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.energy import terms


def test_the_deviation_is_the_median_absolute_one() -> None:
    values = np.array([1, 2, 3, 4, 100], np.float32)[:, None]
    assert terms.mad(values).tolist() == [1.0]


def test_gamma_t_is_one_where_steps_are_even() -> None:
    frames = np.zeros((9, 1, 2, 3), np.float32)
    frames[:, 0, 0, 0] = 0.1 * np.arange(9)  # every step 0.1: no deviation
    frames[:, 0, 1, 0] = np.cumsum([0, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3])
    gamma = terms.gamma_t(frames, 10.0)
    assert gamma[0, 0] == pytest.approx(1, abs=1e-5)
    assert gamma[0, 1] == pytest.approx(1 / (1 + 10 * 0.1), abs=1e-5)


def test_gamma_t_takes_a_lambda_per_pixel() -> None:
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.random((9, 1, 1, 3)), 2, axis=2).astype(np.float32)
    gamma = terms.gamma_t(frames, np.array([[125, 62.5]], np.float32))
    assert (1 / gamma[0, 0] - 1) == pytest.approx(2 * (1 / gamma[0, 1] - 1), rel=1e-4)


def test_semantic_seams_are_cheap_on_borders_of_things() -> None:
    histogram = np.array([[[1, 0], [1, 0], [0, 1]]], np.float32)
    across = terms.gamma_s_semantic(histogram, 1, 100.0)
    np.testing.assert_allclose(across, [[1, 1 / (1 + 100 * np.sqrt(2))]], rtol=1e-6)
    down = terms.gamma_s_semantic(histogram.swapaxes(0, 1), 0, 100.0)
    np.testing.assert_array_equal(down, across.T)


def test_temporal_seams_are_cheap_where_the_difference_changes() -> None:
    rng = np.random.default_rng(0)
    frames = np.zeros((20, 1, 3, 3), np.float32)
    frames[:, 0, 0] = rng.random((20, 3))
    gamma = terms.gamma_s_temporal(frames, 1, 100.0)
    assert gamma[0, 1] == 1
    assert gamma[0, 0] < 0.2


def test_activity_saturates_and_is_zero_where_nothing_moves() -> None:
    rng = np.random.default_rng(0)
    frames = np.zeros((20, 8, 24, 3), np.float32)
    frames[:, :, 16:] = rng.random((20, 8, 8, 3))
    active = terms.activity(frames, 100.0, 0.9, 1.2)
    assert (active[:, :8] == 0).all()
    assert active[:, 20:].mean() > 0.9
    assert active.max() == 1


def test_standing_still_costs_in_the_target_only() -> None:
    active = np.array([[1, 0.5, 1]], np.float32)
    target = np.array([[True, True, False]])
    np.testing.assert_allclose(terms.e_still(active, 0.1, target), [[0.1, 0.05, 0]])


def test_looping_costs_outside_the_target() -> None:
    active = np.array([[1, 0, 1]], np.float32)
    target = np.array([[True, False, False]])
    cost = terms.e_loop(active, 0.1, target, 1e-4, 0.5)
    np.testing.assert_allclose(cost, [[0, 1e-4, 1e-4 + 0.05]], rtol=1e-5)


def test_the_price_of_motion_outside_sets_in_over_the_margin() -> None:
    active = np.ones((1, 8), np.float32)
    target = np.arange(8)[None] < 2
    cost = terms.e_loop(active, 0.1, target, 0.0, 1.0, soft=target, margin=4)[0]
    np.testing.assert_allclose(cost, [0, 0, 0.025, 0.05, 0.075, 0.1, 0.1, 0.1], atol=1e-3)
    sharp = terms.e_loop(active, 0.1, target, 0.0, 1.0, soft=~target & target)[0]
    np.testing.assert_allclose(sharp, np.where(target[0], 0, 0.1), atol=1e-6)
