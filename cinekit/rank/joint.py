"""The joint ranker of [O] 4.3, Eq. 8 to 10: user latents and the regression, trained together.

    min  a * L_reg(U, theta) + b * L_recon(U, Y_missing, mappings) + ridge_theta |theta|^2  (Eq. 8)

    L_reg   = sum over known (i, j) of (y_ij - f(u_j, v_i))^2                    (Eq. 10)
    L_recon = the AEm objective (:mod:`cinekit.rank.aem`)                        (Eq. 9)

``balance: paper`` takes a = 1, b = 1 / (N U) as printed, which all but switches the reconstruction
off; ``normalised`` divides each loss by the number of its terms.

Printed, ``f = theta^T [u; v; 1]``: a user moves all scores by the same ``theta_u^T u``, so that
everybody gets the same order. ``interaction`` (the default) adds u (x) v to the regressor,
``f = theta^T [u; v; u (x) v; 1]``, which is the least that lets taste change an order; switch it
off for the equation as printed.

Alternation: theta by ridge regression, mappings by ridge regression, then per user Gauss-Newton
over (u, missing y), to which L_reg adds a quadratic in u. Each part only lowers the objective.

A cinemagraph that others have rated has a reconstructed rating too, M_lh(u)_i, which knows what no
feature says of it. Its score is ``(1 - blend) f(u, v) + blend M_lh(u)_i``; a new one's is f(u, v).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Natural, NotNegative, Positive, Share
from cinekit.rank.aem import (
    AemOptions,
    MappingKind,
    objective,
    principal_components,
    start_mappings,
)
from cinekit.rank.base import Array, Features, FittedRanker, Scaler, Training, UserRatings
from cinekit.rank.gauss_newton import Quadratic, UserProblem, find_user
from cinekit.rank.mappings import Mapping, refit
from cinekit.rank.ratings import fill_with_biases, validation_mask
from cinekit.rank.regression import Regression, RegressionFitter, regression_quadratic
from cinekit.rank.threads import one_thread


class Balance(StrEnum):
    """How the two losses are weighted."""

    PAPER = "paper"
    NORMALISED = "normalised"


@dataclass(frozen=True, eq=False)
class FittedJoint(FittedRanker):
    """The trained joint model; users are found by projection.

    regression_weight, reconstruction_weight : a and b of the objective.
    training : scaled features (N, D).    mean_latent : (d,), who a user without ratings is.
    prior : how the training's users are spread; ours, not of [O]: without it a user with fewer
        ratings than d would be fitted to their noise.
    blend : share of the reconstruction in the score of a cinemagraph that others have rated.
    history : the objective after every alternation; never rises.
    """

    scaler: Scaler
    training: Array
    regression: Regression
    hl: Mapping
    lh: Mapping
    centre: Array
    mean_latent: Array
    prior: Quadratic
    regression_weight: float
    reconstruction_weight: float
    blend: float
    history: tuple[float, ...]

    def latent_of(self, user: UserRatings, steps: int = 50) -> Array:
        """u (d,) of a user, from every rating known so far; mappings and theta stay as they are."""
        if not user.count:
            return self.mean_latent
        known = ~np.isnan(user.known)
        v, y = self.training[known], user.known[known]
        if user.more_features is not None:
            v = np.concatenate([v, self.scaler(user.more_features)])
            y = np.concatenate([y, user.more_ratings])
        extra = regression_quadratic(self.regression, v, y, self.regression_weight)
        extra = extra + self.prior * self.regression_weight
        ratings = user.known - self.centre
        weight = self.reconstruction_weight
        return find_user(self.lh, ratings, weight, extra, self.mean_latent, steps)

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """f(u, v), Eq. 10; blended with the reconstructed rating where there is one."""
        u = self.latent_of(user)
        scores = self.regression(u, self.scaler(values))
        seen = rows >= 0
        rebuilt = (self.centre + self.lh(u[None])[0])[rows[seen]]
        scores[seen] += self.blend * (rebuilt - scores[seen])
        return scores


@dataclass(frozen=True, kw_only=True)
class JointRanker(Checked):
    """Joint AEm of [O]: see the module's docstring.

    ridge : of the mappings.    ridge_theta : of the regression, relative to its weight a.
    blend : share of the reconstructed rating in the score of a cinemagraph of the training, in
        [0, 1]. None: the share with the least squared error on a tenth of the ratings, held out
        from a first fit.
    """

    mapping: MappingKind = MappingKind.RBF
    balance: Balance = Balance.NORMALISED
    interaction: bool = True
    latent: Count = 6
    ridge: Positive = 1.0
    ridge_theta: Positive = 30.0
    centres: Count = 50
    iterations: Count = 15
    tolerance: NotNegative = 1e-4
    blend: Share | None = None
    seed: Natural = 0
    fitted: ClassVar[type[FittedRanker]] = FittedJoint

    @one_thread()
    def fit(self, features: Features, ratings: Array) -> FittedJoint:
        """Features (N, D), ratings (N, U) with NaN."""
        training = Training.check(features, ratings)
        blend = self.blend
        if blend is None:
            test = validation_mask(training.ratings, self.seed)
            first = np.where(test, np.nan, training.ratings)
            if test.any() and not np.isnan(first).all():
                solved = self._solve(training, first)
                blend = solved.best_blend(training.ratings, test)
            else:  # too few ratings to hold any out: the equation as it stands
                blend = 0.0
        return replace(self._solve(training, training.ratings).model, blend=blend)

    def _solve(self, training: Training, ratings: Array) -> _Solved:
        """The alternation of the module's docstring."""
        known = ~np.isnan(ratings)
        v = training.scaled
        a, b = self._weights(int(known.sum()), ratings.size)
        filled = fill_with_biases(ratings)
        centre = filled.mean(axis=1)
        y = (filled - centre[:, None]).T
        u = principal_components(y, self.latent)
        hl, lh = start_mappings(u, y, self._aem_options())
        fitter = RegressionFitter(v, ratings, self.ridge_theta, self.interaction)
        history: list[float] = []
        for _ in range(self.iterations):
            theta = fitter.fit(u)
            problem = UserProblem(hl, lh, b)
            for j, rated in enumerate(known.T):
                extra = regression_quadratic(theta, v[rated], ratings[rated, j], a)
                u[j], y[j], _ = problem.minimise(u[j], y[j], ~rated, extra, 3)
            hl, lh = refit(hl, y, u, self.ridge), refit(lh, u, y, self.ridge)
            error = float(np.nansum((ratings - theta.table(u, v)) ** 2))
            history.append(
                a * (error + self.ridge_theta * theta.penalty)
                + b * objective(u, y, hl, lh, self.ridge)
            )
            if len(history) > 1 and history[-2] - history[-1] <= self.tolerance * history[-2]:
                break
        model = FittedJoint(
            names=training.names,
            order=training.order,
            scaler=training.scaler,
            training=v,
            regression=theta,
            hl=hl,
            lh=lh,
            centre=centre,
            mean_latent=u.mean(axis=0),
            prior=Quadratic.prior(u, error / max(1, int(known.sum()))),
            regression_weight=a,
            reconstruction_weight=b,
            blend=0.0,
            history=tuple(history),
        )
        return _Solved(model, u)

    def _aem_options(self) -> AemOptions:
        return AemOptions(
            mapping=self.mapping,
            latent=self.latent,
            ridge=self.ridge,
            centres=self.centres,
            seed=self.seed,
        )

    def _weights(self, n_known: int, n_all: int) -> tuple[float, float]:
        if self.balance is Balance.PAPER:
            return 1.0, 1.0 / n_all
        return 1.0 / n_known, 1.0 / n_all


@dataclass(frozen=True, eq=False)
class _Solved:
    model: FittedJoint
    latents: Array

    def best_blend(self, ratings: Array, test: NDArray[np.bool_]) -> float:
        """The share of the reconstruction that predicts the entries in ``test`` best."""
        model = self.model
        f = model.regression.table(self.latents, model.training)[test]
        rebuilt = (model.centre + model.lh(self.latents)).T[test]
        apart = rebuilt - f
        if not apart @ apart > 0:
            return 0.0
        return float(np.clip((ratings[test] - f) @ apart / (apart @ apart), 0.0, 1.0))
