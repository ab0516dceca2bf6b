"""How well anybody could know a new user of the simulated study: Bayes' rule with the truth.

The predictor knows what no ranker can: how ratings come about, everything that matters of every
cinemagraph, and the distribution that users are drawn from. All that it lacks is the user. Its
order, by the posterior probability of a rating of 4 or more, is the best that there is on average;
no ranker gets more out of k ratings. The posterior is a weighted sample of possible users.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from cinekit.rank.evaluate import CURVE, hold_out, new_users
from cinekit.rank.metrics import average_precision
from cinekit.rank.study import BIAS, NOISE, draw_tastes, simulate_study

POSSIBLE = 20_000
"""Users in the sample; 40,000 change the third decimal."""


def best_curve(seed: int) -> list[float]:
    """mAP after each number of ratings in CURVE, then with the user known: as evaluate.curve."""
    study = simulate_study(seed)
    test = hold_out(study.ratings, 0.2, np.random.default_rng(seed))
    rng, sampler = np.random.default_rng([seed, 3]), np.random.default_rng([seed, 9])
    bias = BIAS * sampler.standard_normal(POSSIBLE)
    opinions = study.items.opinions(*draw_tastes(sampler, POSSIBLE), bias)  # (N, POSSIBLE)
    found = []
    for j in new_users(study.ratings.shape[1], 0.2, seed):
        truth, rows = study.ratings[:, j], np.flatnonzero(test[:, j])
        told = rng.permutation(np.flatnonzero(~np.isnan(truth) & ~test[:, j]))[: max(CURVE)]
        relevant = ndtr((opinions[rows] - 3.5) / NOISE)
        evidence = log_likelihood(opinions[told], truth[told, None])
        scores = [relevant @ posterior(evidence[:count].sum(axis=0)) for count in CURVE]
        scores.append(study.meant[rows, j])
        found.append([average_precision(truth[rows], score, rng) for score in scores])
    return [float(value) for value in np.nanmean(found, axis=0)]


def log_likelihood(opinions: np.ndarray, ratings: np.ndarray) -> np.ndarray:
    """Of ratings 1 to 5, given what is meant: noise, rounding and the ends of the scale."""
    below = np.where(ratings <= 1, -np.inf, ratings - 0.5)
    above = np.where(ratings >= 5, np.inf, ratings + 0.5)
    share = ndtr((above - opinions) / NOISE) - ndtr((below - opinions) / NOISE)
    return np.log(np.maximum(share, 1e-300))


def posterior(evidence: np.ndarray) -> np.ndarray:
    """Weights of the possible users, sum 1."""
    weights = np.exp(evidence - evidence.max())
    return weights / weights.sum()
