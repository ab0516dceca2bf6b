"""What a ranker is, what it is told of a user, and how a fitted one is kept.

Axes: N cinemagraphs of the training set, D features, U users, M cinemagraphs to be scored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.protocols import Component
from cinekit.rank.ratings import HIGHEST, LOWEST

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


class FittedRanker(ABC):
    """A ranker that has learnt: scores cinemagraphs for a user.

    Subclasses are dataclasses of arrays, plain values, and dataclasses of these.
    """

    personal: ClassVar[bool] = True
    """Whether scores depend on who asks. The others must not be presented as personal."""

    names: tuple[str, ...]
    """Features it was trained on."""

    @abstractmethod
    def score(self, values: Array, user: UserRatings) -> Array:
        """Predicted ratings, float64 (M,), of cinemagraphs with features (M, D)."""

    def predict(self, features: Features, user: UserRatings) -> Array:
        """``score`` clipped to the scale, after a check that the features are the trained ones."""
        if features.names != self.names:
            missing = sorted(set(self.names) - set(features.names))
            raise RankError(
                f"ranker: expected the {len(self.names)} features it was trained on, received "
                f"{len(features.names)} (missing: {', '.join(missing[:3]) or 'none'}); "
                "train again with these features"
            )
        return np.clip(self.score(features.values, user), LOWEST, HIGHEST)


@runtime_checkable
class Ranker(Component, Protocol):
    """Learns from everybody's ratings. A component: its fields are its options."""

    fitted: ClassVar[type[FittedRanker]]
    """What ``fit`` returns, so that a saved model can be read back."""

    def fit(self, features: Features, ratings: Array) -> FittedRanker:
        """Features of N cinemagraphs and ratings (N, U), 1 to 5, NaN = not rated.

        Raises
        ------
        RankError
            When they do not fit together or there is no rating at all.
        """
        ...
