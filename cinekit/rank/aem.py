"""AEm: an auto-encoder whose missing inputs are variables too.

M. A. Carreira-Perpiñán, Z. Lu: *Manifold Learning and Missing Data Recovery through Unsupervised
Regression*, ICDM 2011; used by [O] 4.3 to complete ratings and to describe users.

Every user j is a vector ``y_j`` of N ratings, part of them missing, and has a latent ``u_j`` of
``d`` numbers. Two mappings join them, ``M_hl: y -> u`` and ``M_lh: u -> y``, and all unknowns are
found together:

    min  sum_j |u_j - M_hl(y_j)|^2 + |y_j - M_lh(u_j)|^2  +  ridge * (|W_hl|^2 + |W_lh|^2)
    over U, the missing entries of Y, and both mappings.

Alternation: the mappings are ridge regressions (closed form); given them every user is on its own,
Gauss-Newton over ``(u_j, missing y_j)``. Each half can only lower the objective, so it never rises.
Starting point: bias model for the missing entries, then PCA.

Ratings are (N, U) as everywhere; inside, users are rows. Ratings are centred on the item means of
the completed start, which leaves the mappings' biases little to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Natural, NotNegative, Positive
from cinekit.errors import RankError
from cinekit.rank.gauss_newton import Quadratic, UserProblem, find_user
from cinekit.rank.mappings import Mapping, fit_linear, fit_rbf, refit
from cinekit.rank.ratings import check_ratings, fill_with_biases

Array = NDArray[np.float64]


class MappingKind(StrEnum):
    """The family of both mappings."""

    LINEAR = "linear"
    RBF = "rbf"


@dataclass(frozen=True, kw_only=True)
class AemOptions(Checked):
    """How AEm is fitted.

    latent : d, clipped to what the number of users and items allows.
    ridge : weight of |W|^2 of both mappings, >= 0; the ratings' own units squared.
    centres : most RBF centres; the rest of the rows are only regressed on.
    iterations : most alternations; it stops when the objective falls by less than ``tolerance``
        of itself.
    seed : of the choice of RBF centres.
    """

    mapping: MappingKind = MappingKind.LINEAR
    latent: Count = 6
    ridge: Positive = 1.0
    centres: Count = 50
    iterations: Count = 60
    tolerance: NotNegative = 1e-5
    seed: Natural = 0


@dataclass(frozen=True, eq=False)
class Aem:
    """A fitted auto-encoder.

    centre : float64 (N,), subtracted from ratings before they enter ``hl``, added after ``lh``.
    latents : float64 (U, d), what :meth:`project` finds for the users that it was fitted on.
    completed : float64 (N, U), the known ratings and the found ones, on the rating scale but not
        clipped to it.
    prior : how the latents are spread, which steadies the projection of users with few ratings.
    history : the objective after the start and after every alternation; never rises.
    """

    hl: Mapping
    lh: Mapping
    centre: Array
    latents: Array
    completed: Array
    prior: Quadratic
    history: tuple[float, ...]

    def project(self, ratings: Array, steps: int = 50) -> Array:
        """A new user: latent (d,) from ratings (N,) with NaN; the mean user for none at all.

        The mappings stay as they are.
        """
        ratings = np.asarray(ratings, np.float64)
        if ratings.shape != self.centre.shape:
            raise RankError(
                f"project: expected {len(self.centre)} ratings (NaN where not rated), "
                f"received {ratings.shape}"
            )
        u: Array = self.latents.mean(axis=0)
        if np.isnan(ratings).all():
            return u
        return find_user(self.lh, ratings - self.centre, 1.0, self.prior, u, steps)

    def complete(self, ratings: Array) -> Array:
        """Predicted ratings (N,) of every training cinemagraph, the rated ones included."""
        out: Array = self.centre + self.lh(self.project(ratings)[None])[0]
        return out


def fit_aem(ratings: Array, options: AemOptions | None = None) -> Aem:
    """Fit to ratings (N, U), NaN = not rated.

    Raises
    ------
    RankError
        When the matrix is not a rating matrix or has no user or item.
    """
    options = options or AemOptions()
    ratings = check_ratings(ratings)
    if ratings.size == 0:
        raise RankError(f"aem: expected at least one item and one user, received {ratings.shape}")
    missing = np.isnan(ratings).T  # (U, N)
    filled = fill_with_biases(ratings)
    centre = filled.mean(axis=1)
    y = (filled - centre[:, None]).T  # (U, N)
    u = principal_components(y, options.latent)
    hl, lh = start_mappings(u, y, options)
    history = [objective(u, y, hl, lh, options.ridge)]
    for _ in range(options.iterations):
        problem = UserProblem(hl, lh)
        for j in range(len(u)):
            u[j], y[j], _ = problem.minimise(u[j], y[j], missing[j], Quadratic.none(u.shape[1]), 3)
        hl, lh = refit(hl, y, u, options.ridge), refit(lh, u, y, options.ridge)
        history.append(objective(u, y, hl, lh, options.ridge))
        if history[-2] - history[-1] <= options.tolerance * abs(history[-2]):
            break
    completed = np.where(np.isnan(ratings), y.T + centre[:, None], ratings)
    noise = float(((y - lh(u))[~missing] ** 2).mean()) if not missing.all() else 1.0
    model = Aem(hl, lh, centre, u, completed, Quadratic.prior(u, noise), tuple(history))
    # As users will be found later on: what learns from latents has to learn from these.
    return replace(model, latents=np.stack([model.project(told) for told in ratings.T]))


def principal_components(y: Array, d: int) -> Array:
    """Scores of the first d principal components of the rows, float64 (U, d)."""
    left, scale, _ = np.linalg.svd(y - y.mean(axis=0), full_matrices=False)
    d = min(d, len(scale))
    scores: Array = left[:, :d] * scale[:d]
    return scores


def start_mappings(u: Array, y: Array, options: AemOptions) -> tuple[Mapping, Mapping]:
    """Both mappings fitted to a first guess of latents (U, d) and ratings (U, N)."""
    if options.mapping is MappingKind.LINEAR:
        return fit_linear(y, u, options.ridge), fit_linear(u, y, options.ridge)
    rng = np.random.default_rng(options.seed)
    hl = fit_rbf(y, u, options.ridge, options.centres, rng)
    return hl, fit_rbf(u, y, options.ridge, options.centres, rng)


def objective(u: Array, y: Array, hl: Mapping, lh: Mapping, ridge: float) -> float:
    """L_recon, [O] Eq. 9: the objective of the module's docstring."""
    fit = ((u - hl(y)) ** 2).sum() + ((y - lh(u)) ** 2).sum()
    return float(fit) + ridge * (hl.penalty + lh.penalty)
