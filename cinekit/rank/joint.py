"""The joint ranker of [O] 4.3, Eq. 8 to 10: user latents and the regression, trained together.

    min  a * L_reg(U, theta) + b * L_recon(U, Y_missing, mappings) + ridge_theta |theta|^2

    L_reg   = sum over known (i, j) of (y_ij - f(u_j, v_i))^2                    (Eq. 9, 10)
    L_recon = the AEm objective (:mod:`cinekit.rank.aem`)                        (Eq. 8)

``balance: paper`` takes a = 1, b = 1 / (N U) as printed, which all but switches the reconstruction
off; ``normalised`` divides each loss by the number of its terms.

Printed, ``f = theta^T [u; v; 1]``: a user moves all scores by the same ``theta_u^T u``, so that
everybody gets the same order. ``interaction`` (the default) adds u (x) v to the regressor,
``f = theta^T [u; v; u (x) v; 1]``, which is the least that lets taste change an order; switch it
off for the equation as printed.

Alternation: theta by ridge regression, mappings by ridge regression, then per user Gauss-Newton
over (u, missing y), to which L_reg adds a quadratic in u. Each part only lowers the objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.aem import (
    AemOptions,
    MappingKind,
    objective,
    principal_components,
    start_mappings,
)
from cinekit.rank.base import Array, Features, FittedRanker, Scaler, UserRatings
from cinekit.rank.gauss_newton import Quadratic, UserProblem
from cinekit.rank.mappings import Mapping, refit
from cinekit.rank.rankers import check_training
from cinekit.rank.ratings import fill_with_biases


class Balance(StrEnum):
    """How the two losses are weighted."""

    PAPER = "paper"
    NORMALISED = "normalised"


@dataclass(frozen=True, eq=False)
class Regression:
    """f(u, v) = offset + v_weights . v + u_weights . u + u^T cross v.

    cross is float64 (d, D), all zero without interaction.
    """

    offset: float
    v_weights: Array
    u_weights: Array
    cross: Array

    def in_u(self, v: Array) -> tuple[Array, Array]:
        """f(., v_i) = c_i + h_i . u for every row of v (n, D): c (n,) and h (n, d)."""
        return self.offset + v @ self.v_weights, self.u_weights + v @ self.cross.T

    def __call__(self, u: Array, v: Array) -> Array:
        """float64 (d,), (n, D) -> (n,)."""
        c, h = self.in_u(v)
        out: Array = c + h @ u
        return out

    @property
    def penalty(self) -> float:
        """|theta|^2 without the offset."""
        parts = (self.v_weights, self.u_weights, self.cross)
        return float(sum((part**2).sum() for part in parts))


def fit_regression(u: Array, v: Array, y: Array, ridge: float, interaction: bool) -> Regression:
    """Ridge regression on rows u (n, d), v (n, D) and ratings y (n,)."""
    n, d, wide = len(y), u.shape[1], v.shape[1]
    columns = [np.ones((n, 1)), v, u]
    if interaction:
        columns.append((u[:, :, None] * v[:, None, :]).reshape(n, d * wide))
    design = np.concatenate(columns, axis=1)
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    theta = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ y)
    cross = theta[1 + wide + d :].reshape(d, wide) if interaction else np.zeros((d, wide))
    return Regression(float(theta[0]), theta[1 : 1 + wide], theta[1 + wide : 1 + wide + d], cross)


@dataclass(frozen=True, eq=False)
class FittedJoint(FittedRanker):
    """The trained joint model; users are found by projection.

    regression_weight, reconstruction_weight : a and b of the objective.
    training : scaled features (N, D).    mean_latent : (d,), who a user without ratings is.
    """

    names: tuple[str, ...]
    scaler: Scaler
    training: Array
    regression: Regression
    hl: Mapping
    lh: Mapping
    centre: Array
    mean_latent: Array
    regression_weight: float
    reconstruction_weight: float
    history: tuple[float, ...]

    def latent(self, user: UserRatings, steps: int = 50) -> Array:
        """u (d,) of a user, from every rating known so far; mappings and theta stay as they are."""
        if not user.count:
            return self.mean_latent
        known = ~np.isnan(user.known)
        v, y = self.training[known], user.known[known]
        if user.more_features is not None:
            v = np.concatenate([v, self.scaler(user.more_features)])
            y = np.concatenate([y, user.more_ratings])
        extra = regression_quadratic(self.regression, v, y, self.regression_weight)
        start = self.lh(self.mean_latent[None])[0]
        ratings = np.where(known, user.known - self.centre, start)
        problem = UserProblem(self.hl, self.lh, self.reconstruction_weight)
        u, _, _ = problem.minimise(self.mean_latent, ratings, ~known, extra, steps)
        return u

    def score(self, values: Array, user: UserRatings) -> Array:
        """f(u, v), Eq. 10."""
        return self.regression(self.latent(user), self.scaler(values))


def regression_quadratic(regression: Regression, v: Array, y: Array, weight: float) -> Quadratic:
    """weight * sum_i (y_i - f(u, v_i))^2 as a function of u."""
    c, h = regression.in_u(v)
    rest = y - c
    return Quadratic(weight * h.T @ h, weight * h.T @ rest, weight * float(rest @ rest))


@dataclass(frozen=True, kw_only=True)
class JointRanker:
    """Joint AEm of [O]: see the module's docstring.

    ridge : of the mappings.    ridge_theta : of the regression, relative to its weight a.
    """

    mapping: MappingKind = MappingKind.RBF
    balance: Balance = Balance.NORMALISED
    interaction: bool = True
    latent: int = 6
    ridge: float = 1.0
    ridge_theta: float = 30.0
    centres: int = 50
    iterations: int = 15
    tolerance: float = 1e-4
    seed: int = 0
    fitted: ClassVar[type[FittedRanker]] = FittedJoint

    def __post_init__(self) -> None:
        if not self.ridge_theta > 0:
            raise RankError(f"joint: expected ridge_theta > 0, received {self.ridge_theta}")

    def fit(self, features: Features, ratings: Array) -> FittedJoint:
        """Features (N, D), ratings (N, U) with NaN."""
        ratings = check_training(features, ratings)
        known = ~np.isnan(ratings)
        scaler = Scaler.fit(features.values)
        v = scaler(features.values)
        item, user = np.nonzero(known)
        target = ratings[item, user]
        a, b = self._weights(known.sum(), ratings.size)

        filled = fill_with_biases(ratings)
        centre = filled.mean(axis=1)
        y = (filled - centre[:, None]).T
        u = principal_components(y, self.latent)
        aem = AemOptions(
            mapping=self.mapping,
            latent=self.latent,
            ridge=self.ridge,
            centres=self.centres,
            seed=self.seed,
        )
        hl, lh = start_mappings(u, y, aem)
        history: list[float] = []
        for _ in range(self.iterations):
            theta = fit_regression(u[user], v[item], target, self.ridge_theta, self.interaction)
            problem = UserProblem(hl, lh, b)
            for j in range(len(u)):
                rows = known[:, j]
                extra = regression_quadratic(theta, v[rows], ratings[rows, j], a)
                u[j], y[j], _ = problem.minimise(u[j], y[j], ~rows, extra, 3)
            hl, lh = refit(hl, y, u, self.ridge), refit(lh, u, y, self.ridge)
            residual = target - _predict(theta, u, v, item, user)
            history.append(
                a * (float(residual @ residual) + self.ridge_theta * theta.penalty)
                + b * objective(u, y, hl, lh, self.ridge)
            )
            if len(history) > 1 and history[-2] - history[-1] <= self.tolerance * history[-2]:
                break
        return FittedJoint(
            features.names, scaler, v, theta, hl, lh, centre, u.mean(axis=0), a, b, tuple(history)
        )

    def _weights(self, n_known: int, n_all: int) -> tuple[float, float]:
        if self.balance is Balance.PAPER:
            return 1.0, 1.0 / n_all
        return 1.0 / n_known, 1.0 / n_all


def _predict(
    theta: Regression, u: Array, v: Array, item: NDArray[np.intp], user: NDArray[np.intp]
) -> Array:
    c, h = theta.in_u(v)
    out: Array = c[item] + (h[item] * u[user]).sum(axis=1)
    return out
