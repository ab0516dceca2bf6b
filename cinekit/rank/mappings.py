"""Regression mappings with closed-form fits and Jacobians: linear and Gaussian RBF.

Both are linear in their weights, ``f(x) = W^T phi(x)`` with phi(x) = [x; 1] (linear) or
phi(x) = [exp(-|x - c_b|^2 / (2 s^2)) for each centre c_b; 1] (RBF), so that the fit is a ridge
regression. The bias is not penalised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mapping:
    """A fitted mapping from D to E dimensions.

    weights : float64 (B + 1, E); the last row is the bias.
    centres : float64 (B, D) of an RBF mapping, None for a linear one (then B = D).
    width : s, the standard deviation of the Gaussians, in units of x; unused by a linear one.
    """

    weights: Array
    centres: Array | None = None
    width: float = 1.0

    def basis(self, x: Array) -> Array:
        """Phi of every row: float64 (n, D) -> (n, B + 1)."""
        inner = x if self.centres is None else gaussian(x, self.centres, self.width)
        return np.concatenate([inner, np.ones((len(x), 1))], axis=1)

    def __call__(self, x: Array) -> Array:
        """float64 (n, D) -> (n, E)."""
        out: Array = self.basis(x) @ self.weights
        return out

    def jacobian(self, x: Array) -> Array:
        """Derivative of the output by the input at one point x (D,): float64 (E, D)."""
        slope = self.weights[:-1]  # (B, E)
        if self.centres is None:
            return slope.T
        bumps = gaussian(x[None], self.centres, self.width)[0]  # (B,)
        # d/dx exp(-|x - c|^2 / 2 s^2) = -(x - c) / s^2 * exp(...)
        inner = -(x - self.centres) * (bumps / self.width**2)[:, None]  # (B, D)
        out: Array = slope.T @ inner
        return out

    @property
    def penalty(self) -> float:
        """|W|^2 without the bias."""
        return float((self.weights[:-1] ** 2).sum())


def gaussian(x: Array, centres: Array, width: float) -> Array:
    """exp(-|x - c|^2 / (2 width^2)): (n, D), (B, D) -> (n, B)."""
    square = (x**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * x @ centres.T
    out: Array = np.exp(-np.maximum(square, 0.0) / (2 * width**2))
    return out


def median_distance(x: Array) -> float:
    """Median distance between two different rows; 1 when all rows are equal."""
    square = (x**2).sum(1)[:, None] + (x**2).sum(1) - 2 * x @ x.T
    distances = np.sqrt(np.maximum(square[np.triu_indices(len(x), 1)], 0.0))
    typical = float(np.median(distances)) if distances.size else 0.0
    return typical if typical > 0 else 1.0


def fit_linear(x: Array, y: Array, ridge: float) -> Mapping:
    """Least squares of y (n, E) on [x; 1] with ``ridge * |W|^2``."""
    empty = Mapping(np.zeros((x.shape[1] + 1, y.shape[1])))
    return refit(empty, x, y, ridge)


def fit_rbf(x: Array, y: Array, ridge: float, n_centres: int, rng: np.random.Generator) -> Mapping:
    """RBF regression: centres are a random subset of the rows, the width their median distance."""
    chosen = rng.permutation(len(x))[: min(n_centres, len(x))]
    centres = x[np.sort(chosen)].copy()
    empty = Mapping(np.zeros((len(centres) + 1, y.shape[1])), centres, median_distance(x))
    return refit(empty, x, y, ridge)


def refit(mapping: Mapping, x: Array, y: Array, ridge: float) -> Mapping:
    """The same basis with weights fitted to new data (centres and width kept).

    Minimises ``|y - Phi W|^2 + ridge * |W without bias|^2`` exactly, so an objective that contains
    this term cannot rise.
    """
    basis = mapping.basis(x)
    penalty = np.full(basis.shape[1], ridge)
    penalty[-1] = 0.0
    normal = basis.T @ basis + np.diag(penalty)
    weights = np.linalg.lstsq(normal, basis.T @ y, rcond=None)[0].astype(np.float64)
    return replace(mapping, weights=weights)
