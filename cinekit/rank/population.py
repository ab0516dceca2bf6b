"""Who users are before they say anything: a Gaussian over the users of the training.

A user's rating of cinemagraph i is ``basis_i . z`` plus noise, z ~ N(m, S): what a few ratings say
of z is the posterior, whose mean minimises

    sum over the rated i of (rest_i - basis_i . z)^2  +  noise * (z - m)^T S^-1 (z - m)

and predicts with the least squared error that any rule can reach when the model holds. m and S are
learnt by EM from the users of the training (empirical Bayes), the noise from ratings held out of
the fit of the basis. That matters below some ten ratings, where the prior decides; a ridge towards
0, equal in all directions, knows neither who is common nor in which directions users differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.rank.gauss_newton import Quadratic

Array = NDArray[np.float64]
ROUNDS = 3
"""Of EM. More would fit S to the noise in the basis, which was learnt from the same ratings."""


def learn_population(basis: Array, rest: Array, start: Quadratic, noise: float) -> Quadratic:
    """The prior, ``noise * (z - m)^T S^-1 (z - m)``, from what users have said.

    basis : float64 (N, d).    rest : float64 (N, U), ratings without the part that is everybody's;
        NaN = not rated.
    start : the prior to begin with.    noise : variance of a rating around ``basis . z``, > 0.
    """
    prior = start
    for _ in range(ROUNDS if rest.shape[1] else 0):
        found = [posterior(basis, told, prior) for told in rest.T]
        means = np.stack([mean for mean, _ in found])
        spread = noise * np.mean([np.linalg.inv(normal) for _, normal in found], axis=0)
        away = means - means.mean(axis=0)
        covariance = away.T @ away / len(means) + spread
        prior = Quadratic.gaussian(means.mean(axis=0), covariance, noise)
    return prior


def posterior(basis: Array, rest: Array, prior: Quadratic) -> tuple[Array, Array]:
    """Mean z (d,) of one user, and noise times the inverse covariance (d, d).

    rest : float64 (N,), NaN = not rated. Costs O(n d^2) for n ratings, whoever else there is.
    """
    known = ~np.isnan(rest)
    normal = basis[known].T @ basis[known] + prior.curvature
    mean = np.linalg.solve(normal, basis[known].T @ rest[known] + prior.slope)
    return np.asarray(mean, np.float64), normal
