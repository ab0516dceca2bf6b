"""Matrix completion by soft-thresholded singular values.

R. Mazumder, T. Hastie, R. Tibshirani: *Spectral Regularization Algorithms for Learning Large
Incomplete Matrices*, JMLR 11, 2010. Minimises

    1/2 |known entries of (X - Z)|^2 + shrink * |Z|_*      over Z of rank <= rank

by replacing the missing entries with the current Z, shrinking the singular values, and repeating.
A path of falling ``shrink`` is warm-started for every rank, and the pair is chosen on held-out
entries: the nuclear norm alone keeps dozens of weak directions, because it shrinks strong ones
as much as weak ones; a cap on the rank lets it shrink less. This is "MC" of [O] Fig. 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.ratings import DAMPING, biases, check_ratings, validation_mask

Array = NDArray[np.float64]
RANKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
PATIENCE = 2
"""Points of a path, or ranks, without a new best before the search goes no further."""


@dataclass(frozen=True, eq=False)
class Completion:
    """A completed rating matrix.

    completed : float64 (N, U); known ratings kept.
    latents : float64 (U, d), R of the factorisation Z = L R^T; d may be 0 when nothing but the
        biases predicts.
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

    def user(self, ratings: Array) -> tuple[Array, float]:
        """Latent (d,) and bias of a user from ratings (N,) with NaN; zeros when nothing is rated.

        Ratings cost O(n d^2), whoever else there is.
        """
        known = ~np.isnan(ratings)
        rest = ratings[known] - self.offsets[known]
        bias = float(rest.sum() / (len(rest) + DAMPING))
        basis = self.items[known]
        normal = basis.T @ basis + self.shrink * np.eye(basis.shape[1])
        latent: Array = np.asarray(np.linalg.solve(normal, basis.T @ (rest - bias)), np.float64)
        return latent, bias

    def project(self, ratings: Array) -> Array:
        """Latent (d,) of a new user."""
        return self.user(ratings)[0]

    def complete(self, ratings: Array) -> Array:
        """Predicted ratings (N,) of every training cinemagraph, the rated ones included."""
        latent, bias = self.user(ratings)
        out: Array = self.offsets + bias + self.items @ latent
        return out


def soft_impute(
    ratings: Array, *, path: int = 12, iterations: int = 100, held_out: float = 0.1, seed: int = 0
) -> Completion:
    """Complete ratings (N, U), NaN = not rated.

    Biases are taken out first (they are not of low nuclear norm). Threshold and rank are chosen on
    ``held_out`` of the known entries, then fitted to all.
    """
    ratings = check_ratings(ratings)
    if ratings.size == 0:
        raise RankError(f"soft_impute: expected items and users, received {ratings.shape}")
    known = ~np.isnan(ratings)
    test = validation_mask(ratings, seed, held_out)
    mean, item, user = biases(ratings)
    base = mean + item[:, None] + user
    rest = np.where(known, ratings - base, 0.0)
    shrink, rank = _choose(np.where(test, np.nan, ratings), ratings, test, path, iterations)
    low_rank = np.zeros_like(rest)
    for threshold in [t for t in _path(rest, path) if t > shrink] + [shrink]:
        low_rank, parts = _solve(rest, known, low_rank, threshold, rank, iterations)
    left, scale, right = parts
    completed = np.where(known, ratings, base + low_rank)
    root = np.sqrt(scale)
    return Completion(completed, right * root, left * root, mean + item, shrink)


def _path(rest: Array, path: int) -> list[float]:
    top = max(float(np.linalg.norm(rest, 2)), 1e-9)
    return [float(value) for value in np.geomspace(top, top / 100, path)]


def _choose(
    train: Array, full: Array, test: NDArray[np.bool_], path: int, steps: int
) -> tuple[float, int]:
    """Threshold and rank of the smallest squared error on the entries in ``test``."""
    known = ~np.isnan(train)
    mean, item, user = biases(train)
    base = mean + item[:, None] + user
    rest = np.where(known, train - base, 0.0)
    thresholds = _path(rest, path)
    # Nothing but the biases is the first candidate: any low rank has to be better than that.
    best = float(np.square((full - base)[test]).sum())
    chosen, without = (thresholds[0], 0), 0
    for rank in [r for r in RANKS if r <= min(full.shape)]:
        low_rank, error, rises = np.zeros_like(rest), np.inf, 0
        improved = False
        for threshold in thresholds:
            low_rank, _ = _solve(rest, known, low_rank, threshold, rank, steps)
            new = float(np.square((full - base - low_rank)[test]).sum())
            if new < best:
                best, chosen, improved = new, (threshold, rank), True
            rises = rises + 1 if new >= error else 0
            error = min(new, error)
            if rises >= PATIENCE:
                break
        without = 0 if improved else without + 1
        if without >= PATIENCE:
            break
    return chosen


def _solve(
    rest: Array,
    known: NDArray[np.bool_],
    start: Array,
    shrink: float,
    rank: int,
    iterations: int,
) -> tuple[Array, tuple[Array, Array, Array]]:
    low_rank = start
    parts = (np.zeros((len(rest), 0)), np.zeros(0), np.zeros((rest.shape[1], 0)))
    for _ in range(iterations):
        parts = _shrunk(np.where(known, rest, low_rank), shrink, rank)
        left, scale, right = parts
        new = (left * scale) @ right.T
        change = float(((new - low_rank) ** 2).sum())
        low_rank = new
        if change <= 1e-5 * max(1e-12, float((low_rank**2).sum())):
            break
    return low_rank, parts


def _shrunk(x: Array, shrink: float, rank: int) -> tuple[Array, Array, Array]:
    """Shrunk singular triples of x (N, U), at most ``rank``: (N, r), (r,), (U, r).

    By the eigenvectors of the smaller Gram matrix: only singular values above ``shrink`` are
    kept, so the precision lost in squaring the small ones does not matter.
    """
    wide = x.shape[0] < x.shape[1]
    tall = x.T if wide else x
    values, vectors = np.linalg.eigh(tall.T @ tall)
    scale = np.sqrt(np.maximum(values[::-1][:rank], 0.0))
    keep = int((scale > shrink).sum())
    scale, right = scale[:keep], vectors[:, ::-1][:, :keep]
    left = tall @ right / scale
    return (right, scale - shrink, left) if wide else (left, scale - shrink, right)
