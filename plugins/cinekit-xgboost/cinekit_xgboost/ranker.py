"""Boosted trees on [v; u] (method section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import cinekit
from cinekit import (
    Aem,
    AemOptions,
    Checked,
    Count,
    Features,
    FittedRanker,
    MappingKind,
    Natural,
    Positive,
    Scaler,
    Training,
    UserRatings,
    fit_aem,
)

Array = NDArray[np.float64]


class Objective(StrEnum):
    """What the trees minimise."""

    REGRESSION = "regression"
    RANKING = "ranking"


def _xgboost() -> Any:
    return cinekit.require("xgboost", "cinekit-xgboost", "ranker 'xgboost'")


@dataclass(frozen=True, eq=False)
class FittedXgboost(FittedRanker):
    """trees : xgboost's json, uint8. shift, scale : from the trees' scores to ratings."""

    scaler: Scaler
    aem: Aem
    trees: NDArray[np.uint8]
    shift: float
    scale: float

    def latent_of(self, user: UserRatings) -> Array:
        """u (d,) of a user, by projection."""
        return self.aem.project(user.known)

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """The trees on [v; u]."""
        xgboost = _xgboost()
        booster = xgboost.Booster(model_file=bytearray(self.trees.tobytes()))
        latent = np.broadcast_to(self.latent_of(user), (len(values), self.aem.latents.shape[1]))
        joined = np.hstack([self.scaler(values), latent])
        raw = booster.predict(xgboost.DMatrix(joined)).astype(np.float64)
        out: Array = self.shift + self.scale * raw
        return out


@dataclass(frozen=True, kw_only=True)
class XgboostRanker(Checked):
    """Gradient-boosted trees on the features joined with the user's AEm latent."""

    objective: Objective = Objective.REGRESSION
    rounds: Count = 100
    depth: Count = 4
    rate: Positive = 0.1
    mapping: MappingKind = MappingKind.LINEAR
    latent: Count = 6
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedXgboost

    def unavailable(self) -> str | None:
        """Why this ranker cannot run here, or None."""
        return cinekit.lacking("xgboost", "cinekit-xgboost")

    def fit(self, features: Features, ratings: Array) -> FittedXgboost:
        """Features (N, D), ratings (N, U) with NaN."""
        xgboost = _xgboost()
        training = Training.check(features, ratings)
        options = AemOptions(mapping=self.mapping, latent=self.latent, seed=self.seed)
        aem = fit_aem(training.ratings, options)
        # Transposed: the rows of one user stand together, which ranking asks for.
        user, item = np.nonzero(~np.isnan(training.ratings.T))
        told = training.ratings[item, user]
        joined = np.hstack([training.scaled[item], aem.latents[user]])
        data = xgboost.DMatrix(joined, label=told)
        ranking = self.objective is Objective.RANKING
        if ranking:
            data.set_group(np.bincount(user))
        parameters = {
            "objective": "rank:pairwise" if ranking else "reg:squarederror",
            "max_depth": self.depth,
            "eta": self.rate,
            "seed": self.seed,
            "nthread": 1,
        }
        booster = xgboost.train(parameters, data, num_boost_round=self.rounds)
        shift, scale = 0.0, 1.0
        if ranking:
            raw = booster.predict(data)
            scale = float(told.std() / max(raw.std(), 1e-9))
            shift = float(told.mean() - scale * raw.mean())
        trees = np.frombuffer(bytes(booster.save_raw("json")), np.uint8)
        kept = (features.names, training.order, training.scaler)
        return FittedXgboost(*kept, aem, trees, shift, scale)
