"""Matrix completion by soft-thresholded singular values.

R. Mazumder, T. Hastie, R. Tibshirani: *Spectral Regularization Algorithms for Learning Large
Incomplete Matrices*, JMLR 11, 2010. Minimises

    1/2 |known entries of (X - Z)|^2 + shrink * |Z|_*

by replacing the missing entries with the current Z, shrinking the singular values, and repeating;
a path of falling ``shrink`` is warm-started, and the point of the path is chosen on held-out
entries. This is "MC" of [O] Fig. 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.ratings import DAMPING, biases, check_ratings

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Completion:
    """A completed rating matrix.

    completed : float64 (N, U); known ratings kept.
    latents : float64 (U, d), R of the factorisation Z = L R^T.
    items : float64 (N, d), L.
    offsets : float64 (N,), mean plus item bias, to which ``items @ latent + user bias`` is added.
    shrink : the chosen threshold on the singular values.

    The nuclear norm is ``min (|L|^2 + |R|^2) / 2`` over L R^T = Z, reached by splitting each
    singular value evenly; so with L frozen a new user is a ridge regression with weight ``shrink``.
    """

    completed: Array
    latents: Array
    items: Array
    offsets: Array
    shrink: float

    def project(self, ratings: Array) -> Array:
        """Latent (d,) of a new user from ratings (N,) with NaN; zeros when nothing is rated."""
        known = ~np.isnan(ratings)
        rest = ratings[known] - self.offsets[known]
        rest = rest - rest.sum() / (len(rest) + DAMPING)  # the user's own bias
        basis = self.items[known]
        normal = basis.T @ basis + self.shrink * np.eye(basis.shape[1])
        solved: Array = np.linalg.solve(normal, basis.T @ rest)
        return solved


def soft_impute(
    ratings: Array, *, path: int = 12, iterations: int = 200, held_out: float = 0.1, seed: int = 0
) -> Completion:
    """Complete ratings (N, U), NaN = not rated.

    Biases are taken out first (they are not of low nuclear norm); the threshold is the best of a
    geometric path from the largest singular value down to a hundredth of it, on ``held_out`` of the
    known entries.
    """
    ratings = check_ratings(ratings)
    if ratings.size == 0:
        raise RankError(f"soft_impute: expected items and users, received {ratings.shape}")
    rng = np.random.default_rng(seed)
    known = ~np.isnan(ratings)
    test = known & (rng.random(ratings.shape) < held_out)
    shrink = _choose(np.where(test, np.nan, ratings), ratings, test, path, iterations)
    mean, item, user = biases(ratings)
    base = mean + item[:, None] + user
    rest = np.where(known, ratings - base, 0.0)
    low_rank = np.zeros_like(rest)
    for threshold in _path(rest, path):
        if threshold < shrink:
            break
        low_rank, parts = _solve(rest, known, low_rank, threshold, iterations)
    left, scale, right = parts
    completed = np.where(known, ratings, base + low_rank)
    root = np.sqrt(scale)
    return Completion(completed, right.T * root, left * root, mean + item, shrink)


def _path(rest: Array, path: int) -> Array:
    top = float(np.linalg.norm(rest, 2))
    values: Array = np.geomspace(max(top, 1e-9), max(top, 1e-9) / 100, path)
    return values


def _choose(train: Array, full: Array, test: NDArray[np.bool_], path: int, steps: int) -> float:
    known = ~np.isnan(train)
    mean, item, user = biases(train)
    base = mean + item[:, None] + user
    rest = np.where(known, train - base, 0.0)
    low_rank, errors = np.zeros_like(rest), []
    thresholds = _path(rest, path)
    for threshold in thresholds:
        low_rank, _ = _solve(rest, known, low_rank, float(threshold), steps)
        errors.append(np.square((full - base - low_rank)[test]).sum())
    return float(thresholds[int(np.argmin(errors))])


def _solve(
    rest: Array, known: NDArray[np.bool_], start: Array, shrink: float, iterations: int
) -> tuple[Array, tuple[Array, Array, Array]]:
    low_rank = start
    for _ in range(iterations):
        left, scale, right = np.linalg.svd(np.where(known, rest, low_rank), full_matrices=False)
        scale = scale - shrink
        rank = int((scale > 0).sum())
        left, scale, right = left[:, :rank], scale[:rank], right[:rank]
        new = (left * scale) @ right
        change = float(((new - low_rank) ** 2).sum())
        low_rank = new
        if change <= 1e-6 * max(1e-12, float((low_rank**2).sum())):
            break
    return low_rank, (left, scale, right)
