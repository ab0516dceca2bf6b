"""What every ranker must keep, as tests to subclass.

from cinekit.testing import RankerSuite

class TestMine(RankerSuite):
    def ranker(self):
        return MyRanker()
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cinekit import contract
from cinekit.errors import RankError
from cinekit.rank.archive import load, read_kind, save
from cinekit.rank.base import Array, Features, UserRatings
from cinekit.testing.component_suite import ComponentSuite


def two_tastes(seed: int = 0, items: int = 30, users: int = 12) -> tuple[Features, Array]:
    """Two tastes that two of five features show: (N, 5), and ratings (N, U), 40 % missing."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((items, 5))
    taste = rng.choice([-1.0, 1.0], (users, 2))
    ratings = np.clip(3 + values[:, :2] @ taste.T + 0.2 * rng.standard_normal((items, users)), 1, 5)
    ratings[rng.random(ratings.shape) < 0.4] = np.nan
    return Features(values, tuple("abcde")), np.rint(ratings)


DEGENERATE: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "one user": lambda values, ratings: (values, ratings[:, :1]),
    "one item": lambda values, ratings: (values[:1], np.full((1, 4), 2.0)),
    "one rating": lambda values, ratings: (values, _only_first(ratings)),
    "one of each": lambda values, ratings: (values[:1], np.array([[4.0]])),
    "always three": lambda values, ratings: (values, np.where(np.isnan(ratings), ratings, 3.0)),
    "odd columns": lambda values, ratings: (values * [0, np.nan, 1, 1, 1] + 7, ratings),
}
"""Values (N, D) and ratings (N, U) that little can be learnt from."""


class RankerSuite(ComponentSuite):
    """Subclass, give the method ``ranker``, and pytest runs the contract against it.

    learns : a personal ranker tells opposite tastes apart after a few dozen ratings. False for
        those that make no such claim.
    """

    kind = "ranker"
    learns = True

    def table(self, features: Features, ratings: Array, users: Array | None = None) -> Array:
        """Predictions (N, U) of a ranker that learnt from the ratings, for those of ``users``."""
        fitted = contract.fit(self.component(), features, ratings)
        rows = np.arange(len(features))
        columns = (ratings if users is None else users).T
        return np.stack([fitted.predict(features, UserRatings(y), rows) for y in columns], axis=1)

    def test_predictions_are_finite_and_on_the_scale(self) -> None:
        predicted = self.table(*two_tastes())
        assert ((predicted >= 1) & (predicted <= 5)).all()

    def test_permuting_users_permutes_results(self) -> None:
        features, ratings = two_tastes()
        order = np.random.default_rng(1).permutation(ratings.shape[1])
        straight, mixed = self.table(features, ratings), self.table(features, ratings[:, order])
        np.testing.assert_allclose(mixed, straight[:, order], rtol=0, atol=1e-9)

    def test_permuting_cinemagraphs_permutes_results(self) -> None:
        features, ratings = two_tastes()
        order = np.random.default_rng(1).permutation(len(ratings))
        straight = self.table(features, ratings)
        mixed = self.table(Features(features.values[order], features.names), ratings[order])
        np.testing.assert_allclose(mixed, straight[order], rtol=0, atol=1e-9)

    def test_an_unrated_user_changes_nobody_s_scores(self) -> None:
        features, ratings = two_tastes()
        nobody = np.full((len(ratings), 1), np.nan)
        more = np.concatenate([ratings[:, :5], nobody, ratings[:, 5:]], axis=1)
        np.testing.assert_array_equal(
            self.table(features, more, ratings), self.table(features, ratings)
        )

    def test_what_stands_at_an_unknown_rating_is_never_read(self) -> None:
        """NaN of other bits, the same results; and a NaN anywhere would spread to the scores."""
        features, ratings = two_tastes()
        other = ratings.copy()
        other[np.isnan(other)] = np.array([0xFFF8DEADBEEF0001], np.uint64).view(np.float64)[0]
        np.testing.assert_array_equal(self.table(features, other), self.table(features, ratings))

    def test_a_saved_model_predicts_bit_equal(self, tmp_path: Path) -> None:
        features, ratings = two_tastes()
        fitted = self.component().fit(features, ratings)
        save(fitted, "under test", tmp_path / "model.npz")
        again = load(self.component().fitted, tmp_path / "model.npz")
        assert read_kind(tmp_path / "model.npz") == "under test"
        for rows in (None, np.arange(len(features))):
            for y in (*ratings.T[:3], np.full(len(ratings), np.nan)):
                np.testing.assert_array_equal(
                    again.predict(features, UserRatings(y), rows),
                    fitted.predict(features, UserRatings(y), rows),
                )

    @pytest.mark.parametrize("case", DEGENERATE)
    def test_degenerate_ratings_still_give_scores(self, case: str) -> None:
        features, ratings = two_tastes()
        values, ratings = DEGENERATE[case](features.values, ratings)
        predicted = self.table(Features(values, features.names), ratings)
        assert ((predicted >= 1) & (predicted <= 5)).all()

    def test_no_rating_or_one_out_of_range_is_one_line(self) -> None:
        features, ratings = two_tastes()
        with pytest.raises(RankError, match="at least one rating, received none"):
            self.component().fit(features, np.full_like(ratings, np.nan))
        ratings[0, 0] = 7
        with pytest.raises(RankError, match=r"values from 1 to 5 or NaN, received 1 to 7"):
            self.component().fit(features, ratings)

    def test_other_features_or_other_rows_are_refused(self) -> None:
        features, ratings = two_tastes()
        fitted = self.component().fit(features, ratings)
        other = Features(features.values[:, :4], features.names[:4])
        with pytest.raises(RankError, match="missing: e"):
            fitted.predict(other, UserRatings(ratings[:, 0]))
        with pytest.raises(RankError, match="expected 30 ratings"):
            fitted.predict(features, UserRatings(ratings[:5, 0]))
        with pytest.raises(RankError, match="expected ratings of 30 cinemagraphs, received 4 rows"):
            self.component().fit(features, ratings[:4])

    def test_it_tells_opposite_tastes_apart_or_says_that_it_does_not(self) -> None:
        features, ratings = two_tastes(items=60, users=20)
        fitted = self.component().fit(features, ratings)
        rows = np.arange(len(features))
        scores: list[Any] = []
        for sign in (1.0, -1.0):
            likes = 3 + sign * (features.values[:, 0] + features.values[:, 1])
            likes = np.clip(np.rint(likes), 1, 5)
            told = np.where(rows < 40, likes, np.nan)
            scores.append(fitted.predict(features, UserRatings(told), rows)[40:])
            if fitted.personal and self.learns:
                assert np.corrcoef(scores[-1], likes[40:])[0, 1] > 0.4
        if not fitted.personal:
            np.testing.assert_array_equal(*scores)


def _only_first(ratings: Array) -> Array:
    """The first known rating, and no other."""
    only = np.full_like(ratings, np.nan)
    first = tuple(np.argwhere(~np.isnan(ratings))[0])
    only[first] = ratings[first]
    return only
