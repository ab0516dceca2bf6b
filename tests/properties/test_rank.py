"""Rankers on ratings of any pattern: order, unrated users, finite scores on the scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.rank import Features, UserRatings
from cinekit.rank.completion import CompletionRanker
from cinekit.rank.joint import JointRanker
from cinekit.rank.rankers import GlobalForestRanker, SharedForestRanker

RANKERS = {
    "joint linear": JointRanker(mapping="linear", latent=2, iterations=2),
    "joint rbf": JointRanker(latent=2, iterations=2, centres=5),
    "completion": CompletionRanker(),
    "srf": SharedForestRanker(trees=2, mapping="linear", latent=2),
    "global_forest": GlobalForestRanker(trees=2),
}


@st.composite
def rated(draw: st.DrawFn) -> tuple[Features, np.ndarray, np.ndarray, np.ndarray]:
    """Features and ratings of any size and density, and an order of the items and of the users."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    items, users = draw(st.integers(2, 12)), draw(st.integers(1, 8))
    values = rng.standard_normal((items, 3))
    values[rng.random(values.shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    ratings = rng.integers(1, 6, (items, users)).astype(float)
    ratings[rng.random(ratings.shape) < draw(st.sampled_from([0.0, 0.5, 0.8]))] = np.nan
    ratings[0, 0] = 4.0
    return (
        Features(values, ("a", "b", "c")),
        ratings,
        rng.permutation(items),
        rng.permutation(users),
    )


def scores(ranker, features: Features, ratings: np.ndarray, asked: np.ndarray) -> np.ndarray:
    fitted = ranker.fit(features, ratings)
    rows = np.arange(len(features))
    return np.stack([fitted.predict(features, UserRatings(y), rows) for y in asked.T], axis=1)


@pytest.mark.parametrize("name", RANKERS)
@settings(max_examples=8, deadline=None)
@given(data=rated())
def test_order_and_strangers_change_nothing(name, data):
    features, ratings, items, users = data
    straight = scores(RANKERS[name], features, ratings, ratings)
    assert np.isfinite(straight).all()
    assert ((straight >= 1) & (straight <= 5)).all()
    mixed = ratings[items][:, users]
    permuted = Features(features.values[items], features.names)
    np.testing.assert_allclose(
        scores(RANKERS[name], permuted, mixed, mixed), straight[items][:, users], atol=1e-9
    )
    stranger = np.concatenate([ratings, np.full((len(ratings), 1), np.nan)], axis=1)
    np.testing.assert_array_equal(scores(RANKERS[name], features, stranger, ratings), straight)
