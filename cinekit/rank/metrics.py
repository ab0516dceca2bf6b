"""How good a ranking is, for one user: average precision, nDCG, Kendall's tau, RMSE.

All take the user's true ratings (n,) and the predicted scores (n,) of the same cinemagraphs.
Ties in the scores are broken at random, so that a ranker that says the same of everything is
exactly at chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RELEVANT = 4.0
"""Ratings from here count as relevant (method, protocol)."""


def order_of(scores: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """Indices from best to worst, ties in random order."""
    return np.lexsort((rng.permutation(len(scores)), -scores))


def average_precision(truth: Array, scores: Array, rng: np.random.Generator) -> float:
    """Mean of the precision at each relevant item; NaN when nothing is relevant."""
    hits = truth[order_of(scores, rng)] >= RELEVANT
    if not hits.any():
        return float("nan")
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def ndcg(truth: Array, scores: Array, rng: np.random.Generator, k: int = 5) -> float:
    """Normalised discounted cumulative gain of the first k, gain ``2^rating - 1``."""
    gain = 2.0**truth - 1.0
    discount = 1.0 / np.log2(np.arange(2, min(k, len(truth)) + 2))
    best = float(np.sort(gain)[::-1][:k] @ discount)
    got = float(gain[order_of(scores, rng)][:k] @ discount)
    return got / best


def kendall_tau(truth: Array, scores: Array) -> float:
    """Tau-b: ties counted; NaN when either side is constant."""
    from scipy.stats import kendalltau

    if np.ptp(truth) == 0 or np.ptp(scores) == 0:
        return float("nan")
    return float(kendalltau(truth, scores).statistic)


def rmse(truth: Array, scores: Array) -> float:
    """Root mean squared error, in rating points."""
    return float(np.sqrt(np.mean((truth - scores) ** 2)))
