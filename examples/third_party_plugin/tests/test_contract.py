"""The suites of cinekit, a few lines for each component."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cinekit_example.calm import CalmFeatures, CalmJudge
from cinekit_example.colour import ColourSegmenter
from cinekit_example.icm import IcmSolver
from cinekit_example.nearest import NearestRanker
from cinekit_example.shorter import ShorterAttempt
from cinekit_example.strip import StripWriter
from PIL import Image

from cinekit.testing import (
    AttemptSuite,
    FeatureSuite,
    FrameSegmenterSuite,
    JudgeSuite,
    PackageSuite,
    Played,
    RankerSuite,
    SolverSuite,
    WriterSuite,
)


class TestPackage(PackageSuite):
    distribution = "cinekit-example"


class TestColour(FrameSegmenterSuite):
    def segmenter(self) -> ColourSegmenter:
        return ColourSegmenter()


class TestIcm(SolverSuite):
    exact_on_binary = False
    finds_planted = False

    def solver(self) -> IcmSolver:
        return IcmSolver()


class TestShorter(AttemptSuite):
    def attempt(self) -> ShorterAttempt:
        return ShorterAttempt()


class TestCalmJudge(JudgeSuite):
    def judge(self) -> CalmJudge:
        return CalmJudge()


class TestNearest(RankerSuite):
    def ranker(self) -> NearestRanker:
        return NearestRanker()


class TestCalmFeatures(FeatureSuite):
    def features(self) -> CalmFeatures:
        return CalmFeatures()


class TestStrip(WriterSuite):
    def writer(self) -> StripWriter:
        return StripWriter()

    def read(self, path: Path) -> Played:
        with Image.open(path) as strip:
            frames = np.split(np.asarray(strip), int(strip.text["frames"]), axis=1)
        return Played(np.stack(frames), seconds=None, rate=None, loops=None)
