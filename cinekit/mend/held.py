"""A texture without the things that pass through it: their places are held still.

Grass loops, the feet in it do not, and the body above stands still: wherever the border runs, it
cuts the legs. What is left of the texture loops as before, with no new seams inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.eye import PATCH
from cinekit.judge.solid import solid_things
from cinekit.labels import STILL, LabelMap
from cinekit.model import Candidate, Clip, Regions
from cinekit.protocols import Proposal
from cinekit.see.parts import drop_small

_MOST = 0.5
"""Share of what loops: where things pass over more than this, they are what moves there."""


@dataclass(frozen=True, kw_only=True)
class HeldAttempt:
    """Holds a natural candidate's labels still wherever a solid thing passes."""

    def propose(
        self, clip: Clip, regions: Regions, candidate: Candidate, labels: LabelMap, longest: int
    ) -> Proposal | None:
        """None for a candidate that is mostly not natural, or all things, or without any."""
        target = candidate.target
        if 2 * int((target & regions.natural).sum()) <= int(target.sum()):
            return None
        things = clip.view.once(solid_things)
        held = hold_still(labels, things.mask)
        if held is None:
            return None
        return Proposal("held still", held, asked=target & ~things.mask, firm=things.near)


def hold_still(labels: LabelMap, things: NDArray[np.bool_]) -> LabelMap | None:
    """The labels with the places of things held still, or None when that is of no use.

    things : bool (H, W), every place that a thing passes over.
    """
    left = drop_small(labels.looping & ~things, PATCH)
    held = labels.looping & ~left
    if not held.any() or held.sum() > _MOST * labels.looping.sum():
        return None
    return labels.where(held, STILL, labels.first_frame)
