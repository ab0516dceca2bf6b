"""What a ranker is, what it is told of a user, and how a fitted one is kept.

Axes: N cinemagraphs of the training set, D features, U users, M cinemagraphs to be scored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.ratings import HIGHEST, LOWEST, check_ratings

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """What is known of cinemagraphs: values float64 (N, D), NaN allowed, and D names."""

    values: Array
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise RankError(
                f"features: expected (N, {len(self.names)}), received {self.values.shape}"
            )

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class UserRatings:
    """All that is known of one user.

    known : float64 (N,) ratings of the training cinemagraphs, NaN = not rated.
    more_features : float64 (R, D) and ``more_ratings`` (R,): cinemagraphs rated since the training,
        in the training's feature order.
    """

    known: Array
    more_features: Array | None = None
    more_ratings: Array = field(default_factory=lambda: np.empty(0))

    @property
    def count(self) -> int:
        """How many ratings there are."""
        return int((~np.isnan(self.known)).sum()) + len(self.more_ratings)

    def rated(self, training: Array) -> tuple[Array, Array]:
        """Features (n, D) and ratings (n,) of everything this user has rated."""
        rows = ~np.isnan(self.known)
        features, ratings = training[rows], self.known[rows]
        if self.more_features is not None:
            features = np.concatenate([features, self.more_features])
            ratings = np.concatenate([ratings, self.more_ratings])
        return features, ratings


@dataclass(frozen=True, eq=False)
class Scaler:
    """Standardises features: NaN becomes the column's mean, constant columns become 0."""

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, values: Array) -> Scaler:
        """Means and standard deviations of the columns, NaN left out."""
        known = ~np.isnan(values)
        count = np.maximum(known.sum(0), 1)
        mean = np.where(known, values, 0.0).sum(0) / count
        spread = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(0) / count)
        # A column that is constant up to rounding says nothing: 0, not noise divided by noise.
        alive = spread > 1e-9 * np.maximum(1.0, np.abs(mean))
        return cls(mean, np.where(alive, spread, np.inf))

    def __call__(self, values: Array) -> Array:
        """float64 (n, D) -> (n, D), finite."""
        out: Array = np.where(np.isnan(values), 0.0, values - self.mean) / self.scale
        return out


@dataclass(frozen=True, eq=False)
class Training:
    """Ratings to learn from, in an order that does not depend on how they came.

    Rows are sorted by content, users without a rating are left out: what is learnt, random choices
    included, is the same whatever the order of cinemagraphs and users, and an unrated user changes
    nothing.

    names : of the D features.    values : float64 (N, D).
    ratings : float64 (N, U), NaN = not rated, no empty column.
    order : int64 (N,), the caller's row of each of ours.
    """

    names: tuple[str, ...]
    values: Array
    ratings: Array
    order: NDArray[np.int64]

    @cached_property
    def scaler(self) -> Scaler:
        """Fitted to the values."""
        return Scaler.fit(self.values)

    @cached_property
    def scaled(self) -> Array:
        """The values, standardised: float64 (N, D), finite."""
        return self.scaler(self.values)

    @classmethod
    def check(cls, features: Features, ratings: Array) -> Training:
        """Raises RankError when they do not fit together or nothing is rated."""
        ratings = check_ratings(ratings)
        if len(ratings) != len(features):
            raise RankError(
                f"train: expected ratings of {len(features)} cinemagraphs, received "
                f"{len(ratings)} rows"
            )
        if np.isinf(features.values).any():
            raise RankError("train: expected finite features or NaN, received an infinite one")
        if np.isnan(ratings).all():
            raise RankError(
                "train: expected at least one rating, received none; rate some results "
                "with 'cinekit rate', or use ranker=prior"
            )
        multiset = np.sort(np.nan_to_num(ratings, nan=0.0), axis=1)
        order = _sorted_rows(np.concatenate([features.values, multiset], axis=1))
        ratings = ratings[order]
        ratings = ratings[:, ~np.isnan(ratings).all(axis=0)]
        users = _sorted_rows(ratings.T)
        ratings = np.ascontiguousarray(ratings[:, users])
        return cls(features.names, features.values[order], ratings, order)


def _sorted_rows(keys: Array) -> NDArray[np.int64]:
    """Order of the rows by their first column, then the second ...; NaN comes first."""
    keys = np.where(np.isnan(keys), -np.inf, keys)
    return np.lexsort(keys.T[::-1]).astype(np.int64)


def join(values: Array, latents: Array) -> Array:
    """[v; u] for every row: (M, D) and one user's (d,) or a user per row (M, d) -> (M, D + d)."""
    own = np.broadcast_to(latents, (len(values), latents.shape[-1]))
    return np.concatenate([values, own], axis=1)


@dataclass(frozen=True, eq=False)
class FittedRanker(ABC):
    """A ranker that has learnt: scores cinemagraphs for a user.

    Subclasses are dataclasses of arrays, plain values, and dataclasses of these.

    names : the features it was trained on.
    order : int64 (N,), the trainer's row of each of the model's own (see :class:`Training`).
    """

    personal: ClassVar[bool] = True
    """Whether scores depend on who asks. The others must not be presented as personal."""

    names: tuple[str, ...]
    order: NDArray[np.int64]

    @abstractmethod
    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """Predicted ratings, float64 (M,).

        values : float64 (M, D).    user : in the model's own row order.
        rows : int64 (M,), the model's row that a cinemagraph is, -1 for one it has never seen.
        """

    def latent_of(self, user: UserRatings) -> Array | None:
        """Latent (d,) of a user in the model's own row order; None when there is no such thing."""
        return None

    def predict(
        self, features: Features, user: UserRatings, rows: NDArray[np.int64] | None = None
    ) -> Array:
        """Predicted ratings (M,) in [1, 5].

        rows : int64 (M,), which training row each cinemagraph is, -1 (or None) when it is new:
            some rankers know more of a cinemagraph than its features once others have rated it.

        Raises
        ------
        RankError
            When features or the user's ratings are not of the training.
        """
        if features.names != self.names:
            missing = sorted(set(self.names) - set(features.names))
            raise RankError(
                f"ranker: expected the {len(self.names)} features it was trained on, received "
                f"{len(features.names)} (missing: {', '.join(missing[:3]) or 'none'}); "
                "train again with these features"
            )
        if rows is None:
            own = np.full(len(features), -1, np.int64)
        else:
            inverse = np.full(len(self.order) + 1, -1, np.int64)
            inverse[self.order] = np.arange(len(self.order))
            own = inverse[rows]  # -1 finds the last one, which stays -1
        return np.clip(self.score(features.values, self._own(user), own), LOWEST, HIGHEST)

    def latent(self, user: UserRatings) -> Array | None:
        """Where a user is in the space of tastes, float64 (d,); None when there is no such."""
        return self.latent_of(self._own(user))

    def _own(self, user: UserRatings) -> UserRatings:
        if user.known.shape != self.order.shape:
            raise RankError(
                f"ranker: expected {len(self.order)} ratings (NaN where not rated), "
                f"received {user.known.shape}"
            )
        check_ratings(user.known[:, None])
        check_ratings(user.more_ratings[:, None])
        return replace(user, known=user.known[self.order])
