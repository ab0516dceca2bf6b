"""Ranking: fit and projection at the published study's size, features of a large loop.

python -m pytest benchmarks/bench_rank.py --benchmark-only
"""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.rank import UserRatings, simulate_study, soft_impute
from cinekit.rank.joint import JointRanker

STUDY = simulate_study(0)


@pytest.mark.parametrize("mapping", ["linear", "rbf"])
def test_fit_of_joint(benchmark, mapping):
    """459 x 59 with 150 features; includes the first fit that chooses the blend. Goal: 30 s."""
    ranker = JointRanker(mapping=mapping)
    benchmark.pedantic(ranker.fit, (STUDY.features, STUDY.ratings), rounds=1)
    assert benchmark.stats.stats.max < 30


@pytest.mark.parametrize("mapping", ["linear", "rbf"])
@pytest.mark.parametrize("count", [5, 300])
def test_projection_of_a_new_user(benchmark, mapping, count):
    """Goal: 50 ms."""
    fitted = JointRanker(mapping=mapping, iterations=5).fit(STUDY.features, STUDY.ratings[:, 1:])
    told = np.full(len(STUDY.ratings), np.nan)
    rows = np.flatnonzero(~np.isnan(STUDY.ratings[:, 0]))[:count]
    told[rows] = STUDY.ratings[rows, 0]
    benchmark(fitted.latent, UserRatings(told))
    assert benchmark.stats.stats.median < 0.05


def test_soft_impute(benchmark):
    """Search of weight, threshold and rank included."""
    values = STUDY.features.values
    side = (values - values.mean(0)) / values.std(0)
    benchmark.pedantic(soft_impute, (STUDY.ratings, side), rounds=1)
