"""``nearest``: a cinemagraph is liked as much as those that are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

import cinekit

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FittedNearest(cinekit.FittedRanker):
    """What is kept of the training: N cinemagraphs that somebody rated.

    values : float64 (N, D), standardised. mean : float64 (N,), of everybody's ratings.
    """

    personal: ClassVar[bool] = False  # nobody's own ratings are asked for

    names: tuple[str, ...]
    order: NDArray[np.int64]
    scaler: cinekit.Scaler
    values: Array
    mean: Array
    k: int

    def score(self, values: Array, user: cinekit.UserRatings, rows: NDArray[np.int64]) -> Array:
        """Predicted ratings, float64 (M,)."""
        apart = np.linalg.norm(self.scaler(values)[:, None] - self.values[None], axis=2)  # (M, N)
        nearest = np.argsort(apart, axis=1, kind="stable")[:, : self.k]
        liked: Array = self.mean[nearest].mean(axis=1)
        return liked


@dataclass(frozen=True, kw_only=True)
class NearestRanker(cinekit.Checked):
    """The mean rating of the k cinemagraphs whose features are the nearest.

    Parameters
    ----------
    k : how many are asked, >= 1.
    """

    fitted: ClassVar[type[cinekit.FittedRanker]] = FittedNearest

    k: cinekit.Count = 5

    def fit(self, features: cinekit.Features, ratings: Array) -> FittedNearest:
        """Features of N cinemagraphs and ratings (N, U), NaN where not rated."""
        training = cinekit.Training.check(features, ratings)
        scaler = cinekit.Scaler.fit(training.values)
        rated = ~np.isnan(training.ratings).all(axis=1)
        mean = np.nanmean(training.ratings[rated], axis=1)
        values = scaler(training.values)[rated]
        return FittedNearest(
            features.names, training.order, scaler, values, mean, min(self.k, len(mean))
        )
