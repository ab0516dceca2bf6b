"""The regression of the joint ranker ([O] Eq. 10) and its closed-form fit.

    f(u, v) = offset + v_weights . v + u_weights . u + u^T cross v

A rating's row of the design matrix is ``[1; u] (x) [1; v]``. Every user has one u, so the normal
matrix is a sum of Kronecker products, ``sum_j z_j z_j^T (x) G_j`` with ``z_j = [1; u_j]`` and
``G_j`` the Gram matrix of ``[1; v]`` over what j rated: G never changes while u does, and the rows
of the design, (ratings) x (d + 1)(D + 1), are never formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.rank.gauss_newton import Quadratic

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted f. cross is float64 (d, D), all zero without interaction."""

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

    def table(self, u: Array, v: Array) -> Array:
        """f of every pair: u (U, d), v (N, D) -> (N, U)."""
        c, h = self.in_u(v)
        out: Array = c[:, None] + h @ u.T
        return out

    @property
    def penalty(self) -> float:
        """|theta|^2 without the offset."""
        parts = (self.v_weights, self.u_weights, self.cross)
        return float(sum((part**2).sum() for part in parts))


def regression_quadratic(regression: Regression, v: Array, y: Array, weight: float) -> Quadratic:
    """weight * sum_i (y_i - f(u, v_i))^2 as a function of u."""
    c, h = regression.in_u(v)
    rest = y - c
    return Quadratic(weight * h.T @ h, weight * h.T @ rest, weight * float(rest @ rest))


class RegressionFitter:
    """Ridge regressions on the same features and ratings, as the users' latents change.

    v : float64 (N, D).   ratings : float64 (N, U), NaN = not rated.   ridge : weight of |theta|^2.
    """

    def __init__(self, v: Array, ratings: Array, ridge: float, interaction: bool) -> None:
        self.ridge, self.interaction = ridge, interaction
        known = ~np.isnan(ratings)
        w = np.concatenate([np.ones((len(v), 1)), v], axis=1)  # (N, 1 + D)
        self._moments = np.where(known, ratings, 0.0).T @ w  # (U, 1 + D)
        self._grams = np.empty((ratings.shape[1], w.shape[1], w.shape[1]))
        for gram, rated in zip(self._grams, known.T, strict=True):
            gram[:] = w[rated].T @ w[rated]

    def fit(self, u: Array) -> Regression:
        """The minimiser for latents u (U, d)."""
        users, d = u.shape
        wide = self._moments.shape[1]
        z = np.concatenate([np.ones((users, 1)), u], axis=1)  # (U, 1 + d)
        outer = (z[:, :, None] * z[:, None, :]).reshape(users, -1)
        normal = (outer.T @ self._grams.reshape(users, -1)).reshape(d + 1, d + 1, wide, wide)
        normal = normal.transpose(0, 2, 1, 3).reshape((d + 1) * wide, (d + 1) * wide)
        right = (z.T @ self._moments).reshape(-1)
        keep = np.ones((d + 1, wide), bool)
        keep[1:, 1:] = self.interaction
        chosen = np.flatnonzero(keep)
        penalty = np.full(len(chosen), self.ridge)
        penalty[0] = 0.0
        theta = np.zeros((d + 1) * wide)
        theta[chosen] = np.linalg.solve(
            normal[np.ix_(chosen, chosen)] + np.diag(penalty), right[chosen]
        )
        table = theta.reshape(d + 1, wide)
        return Regression(float(table[0, 0]), table[0, 1:], table[1:, 0], table[1:, 1:])
