"""``calm``, twice: how restless a loop is, for rankers, and a judge that minds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import cinekit


def restlessness(frames: NDArray[np.uint8]) -> float:
    """Grey levels that a pixel changes by from frame to frame, on average; the loop closes."""
    after = np.roll(frames, -1, axis=0)
    return float(np.abs(after.astype(np.int16) - frames).mean())


@dataclass(frozen=True, kw_only=True)
class CalmFeatures:
    """One number: ``calm_restlessness``, in grey levels a frame."""

    def extract(
        self, scene: cinekit.Scene, loop: cinekit.Loop, frames: NDArray[np.uint8]
    ) -> Mapping[str, float]:
        """Feature name -> value. frames : uint8 (n, H, W, 3), the loop once."""
        return {"calm_restlessness": restlessness(frames)}


@dataclass(frozen=True, kw_only=True)
class CalmJudge(cinekit.Checked):
    """Nothing is shown to anybody that makes them nervous.

    Parameters
    ----------
    most : grey levels a frame that a loop may change by, on average.
    """

    most: cinekit.Positive = 4.0

    def judge(
        self,
        clip: cinekit.Clip,
        labels: cinekit.LabelMap,
        candidate: cinekit.Candidate,
        regions: cinekit.Regions,
        frames: NDArray[np.uint8],
        first: int = 0,
    ) -> cinekit.Judgement:
        """Good when it is calm enough, else refused."""
        found = restlessness(frames)
        measures = {"restlessness": found}
        if found <= self.most:
            return cinekit.Judgement(cinekit.Verdict.GOOD, (), measures)
        reason = f"it is restless: {found:.1f} grey levels a frame"
        return cinekit.Judgement(cinekit.Verdict.REFUSED, (reason,), measures)
