"""Ranking by completing the rating matrix: what users of similar taste said of the same thing.

The ranker for catalogues that others have rated; features only help the completion along. A new
cinemagraph is scored by a ridge regression from features to the user's completed ratings: one
matrix, shared by all users, because the regression is linear in what it predicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Natural, Positive
from cinekit.rank.aem import MappingKind
from cinekit.rank.base import Array, Features, FittedRanker, Training, UserRatings
from cinekit.rank.rankers import ProjectsUsers, UserFeature, fit_tastes
from cinekit.rank.threads import one_thread


@dataclass(frozen=True, eq=False)
class FittedCompletion(ProjectsUsers):
    """A completion, by AEm or by soft-impute, and the regression for new cinemagraphs.

    regression : float64 (D + 1, N), completed ratings (N,) -> weights of [v; 1].
    """

    regression: Array

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """The completed rating; for a new cinemagraph, what its features make of the others'."""
        completed = self.tastes.complete(user.known)
        weights = self.regression @ completed
        scores: Array = self.scaler(values) @ weights[:-1] + weights[-1]
        seen = rows >= 0
        scores[seen] = completed[rows[seen]]
        return scores


@dataclass(frozen=True, kw_only=True)
class CompletionRanker(Checked):
    """MC (soft-impute) or AEm as a ranker of its own.

    method : mc or aem.    mapping, latent : of AEm.
    side : whether mc may use the features beside the ratings (its validation decides how much).
    ridge : of the regression for new cinemagraphs, in units of standardised features squared.
    """

    method: UserFeature = UserFeature.MC
    mapping: MappingKind = MappingKind.RBF
    latent: Count = 6
    side: bool = True
    ridge: Positive = 30.0
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedCompletion

    @one_thread()
    def fit(self, features: Features, ratings: Array) -> FittedCompletion:
        """Features (N, D), ratings (N, U) with NaN."""
        training = Training.check(features, ratings)
        x = np.concatenate([training.scaled, np.ones((len(training.order), 1))], axis=1)
        penalty = np.diag(np.append(np.full(x.shape[1] - 1, self.ridge), 0.0))
        regression = np.linalg.solve(x.T @ x + penalty, x.T)
        tastes = fit_tastes(
            self.method,
            training.ratings,
            mapping=self.mapping,
            latent=self.latent,
            seed=self.seed,
            side=training.scaled if self.side else None,
        )
        return FittedCompletion(training.names, training.order, tastes, training.scaler, regression)
