"""The contract, kept by those of the core whose own tests are not beside a suite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinekit.see import EnsembleSegmenter, NetworkSegmenter, SceneSegmenter
from cinekit.see.motion import MotionSegmenter
from cinekit.testing.segmenter_suite import FrameSegmenterSuite, SegmenterSuite


@dataclass(frozen=True, kw_only=True)
class RampNetwork(NetworkSegmenter):
    """All classes of a vocabulary share every cell; the brighter it is, the later ones get more."""

    vocabulary_name: str = "ade20k_150"

    def classes(self):
        return self.vocabulary_name

    def probabilities(self, frames):
        n = len(self.vocabulary().classes)
        bright = frames[:, ::2, ::2].mean(axis=-1, keepdims=True, dtype=np.float32) / 255
        shares = np.float32(1) + bright * np.linspace(0, 9, n, dtype=np.float32)
        return shares / shares.sum(axis=-1, keepdims=True)


class TestMotion(SegmenterSuite):
    def segmenter(self):
        return MotionSegmenter()


class TestScene(SegmenterSuite):
    def segmenter(self):
        return SceneSegmenter(semantic=RampNetwork(), motion=MotionSegmenter())


class TestEnsemble(FrameSegmenterSuite):
    def segmenter(self):
        voc = RampNetwork(vocabulary_name="voc_21", cells=40)
        return EnsembleSegmenter(members=(RampNetwork(), voc), weights=(1.0, 1.5))


class TestAllCategories(FrameSegmenterSuite):
    """The vocabulary with most categories, at the default size of the response."""

    def segmenter(self):
        return RampNetwork(vocabulary_name="coco_stuff_171")
