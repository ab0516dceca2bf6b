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

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.gauss_newton import Quadratic
from cinekit.rank.population import learn_population, posterior
from cinekit.rank.ratings import DAMPING, biases, check_ratings, validation_mask

Array = NDArray[np.float64]
RANKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
WEIGHTS = (0.0, 0.3, 1.0, 2.0)
"""Of the features beside the ratings; both are about one unit large."""
PATIENCE = 2
"""Points of a path, or ranks, without a new best before the search goes no further."""


@dataclass(frozen=True, eq=False)
class Completion:
    """A completed rating matrix.

    completed : float64 (N, U); known ratings kept.
    latents : float64 (U, d), what :meth:`project` finds for the users of the training; d may be 0
        when nothing but the biases predicts.
    items : float64 (N, d), L of the factorisation Z = L R^T.
    offsets : float64 (N,), mean plus item bias, to which ``items @ latent + user bias`` is added.
    prior : over a user's bias and latent, (d + 1,): see :mod:`cinekit.rank.population`.
    """

    completed: Array
    latents: Array
    items: Array
    offsets: Array
    prior: Quadratic

    def user(self, ratings: Array) -> tuple[Array, float]:
        """Latent (d,) and bias of a user from ratings (N,) with NaN; the mean user for none."""
        found, _ = posterior(with_ones(self.items), ratings - self.offsets, self.prior)
        return found[1:], float(found[0])

    def project(self, ratings: Array) -> Array:
        """Latent (d,) of a new user."""
        return self.user(ratings)[0]

    def complete(self, ratings: Array) -> Array:
        """Predicted ratings (N,) of every training cinemagraph, the rated ones included."""
        latent, bias = self.user(ratings)
        out: Array = self.offsets + bias + self.items @ latent
        return out


def soft_impute(
    ratings: Array,
    features: Array | None = None,
    *,
    path: int = 16,
    iterations: int = 100,
    held_out: float = 0.1,
    seed: int = 0,
) -> Completion:
    """Complete ratings (N, U), NaN = not rated.

    features : float64 (N, D), standardised and finite: side information. They are further columns
        of the matrix, known everywhere and weighted, so that factors of cinemagraphs explain both
        (collective matrix factorisation: Singh and Gordon, KDD 2008).

    Biases are not of low nuclear norm: they are fitted along with it, damped. The weight of the
    features, threshold and rank are chosen on ``held_out`` of the known ratings, then everything
    is fitted to all.
    """
    ratings = check_ratings(ratings)
    if ratings.size == 0:
        raise RankError(f"soft_impute: expected items and users, received {ratings.shape}")
    side = np.zeros((len(ratings), 0)) if features is None else features
    test = validation_mask(ratings, seed, held_out)
    search = _Search(ratings, test, side, path)
    weight = max(WEIGHTS if side.shape[1] else (0.0,), key=search.try_weight)
    search.try_ranks(weight)
    weight, shrink, rank = search.chosen
    problem = _Problem(ratings, weight * side)
    state = problem.start()
    for threshold in [t for t in problem.path(path) if t > shrink] + [shrink]:
        state = problem.solve(state, threshold, rank, iterations, 1e-5)
    left, scale, _ = state.parts
    items, offsets = left * np.sqrt(scale), problem.mean + state.item
    # The nuclear norm is min (|L|^2 + |R|^2) / 2 over L R^T = Z, reached by splitting each singular
    # value evenly: with L frozen, users are ridge regressions of weight ``shrink``. Start there.
    ridge = np.diag(np.append(DAMPING, np.full(items.shape[1], shrink)))
    start = Quadratic(ridge, np.zeros(len(ridge)))
    basis, rest = with_ones(items), ratings - offsets[:, None]
    prior = learn_population(basis, rest, start, search.noise)
    latents = np.stack([posterior(basis, told, prior)[0][1:] for told in rest.T])
    completed = np.where(problem.known, ratings, problem.predicted(state))
    return Completion(completed, latents, items, offsets, prior)


def with_ones(items: Array) -> Array:
    """[1, L]: what a user's [bias, latent] is multiplied with."""
    return np.concatenate([np.ones((len(items), 1)), items], axis=1)


@dataclass(frozen=True, eq=False)
class _State:
    low_rank: Array  # (N, U + D)
    parts: tuple[Array, Array, Array]
    item: Array
    user: Array


class _Problem:
    """Biases and a low-rank part under a threshold, minimised in turns."""

    def __init__(self, ratings: Array, side: Array) -> None:
        self.ratings, self.side = ratings, side
        self.known = ~np.isnan(ratings)
        self.mean = biases(ratings)[0]

    def start(self) -> _State:
        n, width = len(self.ratings), self.ratings.shape[1] + self.side.shape[1]
        empty = (np.zeros((n, 0)), np.zeros(0), np.zeros((width, 0)))
        _, item, user = biases(self.ratings)
        return _State(np.zeros((n, width)), empty, item, user)

    def path(self, points: int) -> list[float]:
        """Thresholds from the one that leaves nothing down to a hundredth of it."""
        top = max(float(np.linalg.norm(self._filled(self.start()), 2)), 1e-9)
        return [float(value) for value in np.geomspace(top, top / 100, points)]

    def predicted(self, state: _State) -> Array:
        base = self.mean + state.item[:, None] + state.user
        out: Array = base + state.low_rank[:, : self.ratings.shape[1]]
        return out

    def solve(
        self, state: _State, shrink: float, rank: int, iterations: int, tolerance: float
    ) -> _State:
        for _ in range(iterations):
            state = self._biased(state)
            parts = _shrunk(self._filled(state), shrink, rank)
            left, scale, right = parts
            new = (left * scale) @ right.T
            change = float(((new - state.low_rank) ** 2).sum())
            state = replace(state, low_rank=new, parts=parts)
            if change <= tolerance * max(1e-12, float((new**2).sum())):
                break
        return state

    def _filled(self, state: _State) -> Array:
        users = self.ratings.shape[1]
        base = self.mean + state.item[:, None] + state.user
        rest = np.where(self.known, self.ratings - base, state.low_rank[:, :users])
        return np.concatenate([rest, self.side], axis=1)

    def _biased(self, state: _State) -> _State:
        rest = self.ratings - self.mean - state.low_rank[:, : self.ratings.shape[1]]
        rest = np.where(self.known, rest, 0.0)
        n_item, n_user = self.known.sum(1) + DAMPING, self.known.sum(0) + DAMPING
        item = (rest - np.where(self.known, state.user, 0.0)).sum(1) / n_item
        user = (rest - np.where(self.known, item[:, None], 0.0)).sum(0) / n_user
        return replace(state, item=item, user=user)


class _Search:
    """Remembers the best of everything tried on the held-out ratings."""

    def __init__(self, ratings: Array, test: NDArray[np.bool_], side: Array, points: int) -> None:
        self.full, self.test, self.side, self.points = ratings, test, side, points
        self.train = np.where(test, np.nan, ratings)
        # Nothing but the biases is the first candidate: any low rank has to be better than that.
        problem = _Problem(self.train, side[:, :0])
        self.error = self._error(problem, problem.start())
        self.chosen = (0.0, problem.path(2)[0], 0)

    @property
    def noise(self) -> float:
        """Mean squared error of the best on the held-out ratings; 1 when there were none."""
        count = int(self.test.sum())
        return max(self.error / count, 1e-6) if count else 1.0

    def try_weight(self, weight: float) -> float:
        """Minus the least error with the features weighted like this, whatever the rank."""
        return -self._try(weight, min(self.full.shape))

    def try_ranks(self, weight: float) -> None:
        """Ranks from 1 up, until they stop paying."""
        least, without = np.inf, 0
        for rank in [r for r in RANKS if r < min(self.full.shape)]:
            error = self._try(weight, rank)
            without = 0 if error < least else without + 1
            least = min(least, error)
            if without >= PATIENCE:
                break

    def _try(self, weight: float, rank: int) -> float:
        problem = _Problem(self.train, weight * self.side)
        state, least, rises = problem.start(), np.inf, 0
        for threshold in problem.path(self.points):
            state = problem.solve(state, threshold, rank, 30, 1e-4)
            error = self._error(problem, state)
            if error < self.error:
                self.error, self.chosen = error, (weight, threshold, rank)
            rises = rises + 1 if error >= least else 0
            least = min(least, error)
            if rises >= PATIENCE:
                break
        return least

    def _error(self, problem: _Problem, state: _State) -> float:
        return float(np.square((self.full - problem.predicted(state))[self.test]).sum())


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
