"""Ranking: fit and projection at the published study's size, features of a large loop.

python -m pytest benchmarks/bench_rank.py --benchmark-only
"""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.features import FaceFeatures, StandardFeatures, extract_all
from cinekit.labels import LabelMap
from cinekit.model import (
    Candidate,
    Category,
    Clip,
    Judgement,
    Loop,
    Motion,
    Regions,
    Scene,
    SemanticResponse,
    Stabilisation,
    Verdict,
)
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


def test_features_of_a_loop(benchmark):
    """120 frames of 960x540, no network. Goal: 1 s."""
    size = (120, 540, 960)
    frames = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    frames[:, :, 480:] = frames[0, :, 480:]  # the right half stands still
    moves = np.zeros(size[1:], bool)
    moves[:, :480] = True
    labels = LabelMap(
        np.where(moves, 40, 1).astype(np.int16), np.zeros(size[1:], np.int16), size[0]
    )
    water = Category("water", Motion.NATURAL)
    loop = Loop(
        Candidate("water", ("water",), moves), labels, size[0], Judgement(Verdict.GOOD, (), {}), {}
    )
    scene = Scene(
        clip=Clip(frames, 30.0),
        stabilisation=Stabilisation(False, 0.0, 0.0, 1.0, True),
        response=SemanticResponse(np.full((120, 135, 240, 1), 255, np.uint8), (water,), "made"),
        regions=Regions((), (), moves),
        working=(30, 270, 480),
        every=4,
    )
    extractors = {"standard": StandardFeatures(), "faces": FaceFeatures()}
    benchmark(extract_all, extractors, scene, loop, frames)
    assert benchmark.stats.stats.median < 1
