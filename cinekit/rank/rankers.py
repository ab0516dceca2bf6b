"""The rankers of [O] Fig. 8 that are not jointly trained: baselines and forests.

Names as in the paper: Rand, CR, G-RF, I-RF, S-RF(MC), S-RF(AEm).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Natural
from cinekit.rank.aem import Aem, AemOptions, MappingKind, fit_aem
from cinekit.rank.base import (
    Array,
    Features,
    FittedRanker,
    Scaler,
    Training,
    UserRatings,
    join,
)
from cinekit.rank.forest import Forest, fit_forest
from cinekit.rank.soft_impute import Completion, soft_impute
from cinekit.rank.threads import one_thread

NEUTRAL = 3.0
"""The middle of the scale: what CR says of everything."""


@dataclass(frozen=True, eq=False)
class FittedConstant(FittedRanker):
    """Says 3 to everything (CR)."""

    personal: ClassVar[bool] = False

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """3, M times."""
        return np.full(len(values), NEUTRAL)


@dataclass(frozen=True, kw_only=True)
class ConstantRanker:
    """CR of [O] Fig. 8: rates everything 3; ties make it chance."""

    fitted: ClassVar[type[FittedRanker]] = FittedConstant

    def fit(self, features: Features, ratings: Array) -> FittedConstant:
        """Learns nothing."""
        return FittedConstant(features.names, Training.check(features, ratings).order)


@dataclass(frozen=True, eq=False)
class FittedRandom(FittedRanker):
    """Random ratings from 1 to 5, the same for the same cinemagraph."""

    personal: ClassVar[bool] = False
    seed: int

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """Uniform in [1, 5] by a hash of the features: order and company change nothing."""
        rows = np.ascontiguousarray(np.nan_to_num(values)).view(np.uint64)
        return np.array([np.random.default_rng([self.seed, *row]).uniform(1, 5) for row in rows])


@dataclass(frozen=True, kw_only=True)
class RandomRanker(Checked):
    """Rand of [O] Fig. 8."""

    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedRandom

    def fit(self, features: Features, ratings: Array) -> FittedRandom:
        """Learns nothing."""
        order = Training.check(features, ratings).order
        return FittedRandom(features.names, order, self.seed)


@dataclass(frozen=True, eq=False)
class FittedGlobalForest(FittedRanker):
    """One forest for everybody."""

    personal: ClassVar[bool] = False
    scaler: Scaler
    forest: Forest

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """The forest's mean, whoever asks."""
        return self.forest.predict(self.scaler(values))


@dataclass(frozen=True, kw_only=True)
class GlobalForestRanker(Checked):
    """G-RF of [O] Fig. 8: one random forest on the features, all users' ratings pooled."""

    trees: Count = 10
    min_leaf: Count = 5
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedGlobalForest

    def fit(self, features: Features, ratings: Array) -> FittedGlobalForest:
        """Features (N, D), ratings (N, U) with NaN."""
        training = Training.check(features, ratings)
        item, user = np.nonzero(~np.isnan(training.ratings))
        x, y = training.scaled[item], training.ratings[item, user]
        forest = fit_forest(x, y, trees=self.trees, min_leaf=self.min_leaf, seed=self.seed)
        return FittedGlobalForest(training.names, training.order, training.scaler, forest)


@dataclass(frozen=True, eq=False)
class FittedIndividualForest(FittedRanker):
    """A forest per user, grown when the user asks; users without ratings get the mean rating."""

    scaler: Scaler
    training: Array
    mean: float
    trees: int
    min_leaf: int
    seed: int

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """Learns from this user's ratings alone."""
        x, y = user.rated(self.training)
        if not len(y):
            return np.full(len(values), self.mean)
        forest = fit_forest(
            self.scaler(x), y, trees=self.trees, min_leaf=min(self.min_leaf, len(y)), seed=self.seed
        )
        return forest.predict(self.scaler(values))


@dataclass(frozen=True, kw_only=True)
class IndividualForestRanker(Checked):
    """I-RF of [O] Fig. 8: a random forest per user."""

    trees: Count = 10
    min_leaf: Count = 3
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedIndividualForest

    def fit(self, features: Features, ratings: Array) -> FittedIndividualForest:
        """Keeps the features; forests are grown per user."""
        training = Training.check(features, ratings)
        return FittedIndividualForest(
            training.names,
            training.order,
            training.scaler,
            training.values,
            float(np.nanmean(training.ratings)),
            self.trees,
            self.min_leaf,
            self.seed,
        )


class UserFeature(StrEnum):
    """Where S-RF's user feature comes from."""

    AEM = "aem"
    MC = "mc"


def fit_tastes(
    by: UserFeature,
    ratings: Array,
    *,
    mapping: MappingKind,
    latent: int,
    seed: int,
    side: Array | None = None,
) -> Aem | Completion:
    """Who likes what, from ratings (N, U): an AEm, or a completion beside features (N, D)."""
    if by is UserFeature.AEM:
        return fit_aem(ratings, AemOptions(mapping=mapping, latent=latent, seed=seed))
    return soft_impute(ratings, side, seed=seed)


@dataclass(frozen=True, eq=False)
class ProjectsUsers(FittedRanker):
    """Finds users by their tastes."""

    tastes: Aem | Completion
    scaler: Scaler

    def latent_of(self, user: UserRatings) -> Array:
        """u (d,) of a user, by projection."""
        return self.tastes.project(user.known)


@dataclass(frozen=True, eq=False)
class FittedSharedForest(ProjectsUsers):
    """One forest on [v; u]."""

    forest: Forest

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """The forest on the features joined with the user's latent."""
        return self.forest.predict(join(self.scaler(values), self.latent_of(user)))


@dataclass(frozen=True, kw_only=True)
class SharedForestRanker(Checked):
    """S-RF of [O] 4.3: a forest of 10 trees on [v; u], u by AEm or by matrix completion."""

    user_feature: UserFeature = UserFeature.AEM
    mapping: MappingKind = MappingKind.RBF
    latent: Count = 6
    trees: Count = 10
    min_leaf: Count = 3
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedSharedForest

    @one_thread()
    def fit(self, features: Features, ratings: Array) -> FittedSharedForest:
        """Features (N, D), ratings (N, U) with NaN."""
        training = Training.check(features, ratings)
        tastes = fit_tastes(
            self.user_feature,
            training.ratings,
            mapping=self.mapping,
            latent=self.latent,
            seed=self.seed,
        )
        item, user = np.nonzero(~np.isnan(training.ratings))
        x, y = join(training.scaled[item], tastes.latents[user]), training.ratings[item, user]
        forest = fit_forest(x, y, trees=self.trees, min_leaf=self.min_leaf, seed=self.seed)
        return FittedSharedForest(training.names, training.order, tastes, training.scaler, forest)
