"""Rating matrices: float64 (N, U), rows cinemagraphs, columns users, 1 to 5, NaN = not rated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError

Array = NDArray[np.float64]
LOWEST, HIGHEST = 1.0, 5.0
DAMPING = 3.0
"""Ratings that an offset needs before half of it is believed."""


def check_ratings(ratings: Array) -> Array:
    """The matrix as float64, or one line that says what is wrong with it."""
    ratings = np.asarray(ratings, np.float64)
    if ratings.ndim != 2:
        raise RankError(f"ratings: expected a matrix (N, U), received shape {ratings.shape}")
    known = ratings[~np.isnan(ratings)]
    if known.size and (known.min() < LOWEST or known.max() > HIGHEST):
        raise RankError(
            f"ratings: expected values from {LOWEST:g} to {HIGHEST:g} or NaN, "
            f"received {known.min():g} to {known.max():g}"
        )
    return ratings


def biases(ratings: Array, damping: float = DAMPING) -> tuple[float, Array, Array]:
    """Global mean, item offsets (N,), user offsets (U,) by damped alternating means.

    Damping pulls offsets that rest on few ratings towards 0 (Koren, Bell, Volinsky 2009, section
    "Adding biases"). The mean of no ratings at all is the middle of the scale.
    """
    known = ~np.isnan(ratings)
    filled = np.where(known, ratings, 0.0)
    mean = float(filled.sum() / known.sum()) if known.any() else (LOWEST + HIGHEST) / 2
    item, user = np.zeros(ratings.shape[0]), np.zeros(ratings.shape[1])
    for _ in range(10):
        rest = np.where(known, ratings - mean - user, 0.0)
        item = rest.sum(1) / (known.sum(1) + damping)
        rest = np.where(known, ratings - mean - item[:, None], 0.0)
        user = rest.sum(0) / (known.sum(0) + damping)
    return mean, item, user


def fill_with_biases(ratings: Array) -> Array:
    """Known ratings kept, missing ones from the bias model, clipped to the scale."""
    mean, item, user = biases(ratings)
    model = np.clip(mean + item[:, None] + user, LOWEST, HIGHEST)
    return np.where(np.isnan(ratings), model, ratings)


def validation_mask(ratings: Array, seed: int, share: float = 0.1) -> NDArray[np.bool_]:
    """Bool (N, U): a random share of the known ratings, to choose an option by."""
    chosen = np.random.default_rng([seed, 7]).random(ratings.shape) < share
    return chosen & ~np.isnan(ratings)
