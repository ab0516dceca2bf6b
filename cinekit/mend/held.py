"""A texture without the things that pass through it: their places are held still.

Grass loops, the rooster's feet in it do not, and his body above it stands still: wherever the
border runs, it cuts his legs. What is left of the texture when his places are held still loops as
before, with no new seams inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.labels import STILL, LabelMap
from cinekit.see.moving import drop_small

_MOST = 0.5
"""Share of what loops: where things pass over more of it than this, they are what moves there."""

_SMALLEST = 0.002
"""Share of the frame: smaller parts that are left are held still as well."""


def hold_still(labels: LabelMap, things: NDArray[np.bool_]) -> LabelMap | None:
    """The labels with the places of things held still, or None when that is of no use.

    things : bool (H, W), every place that a thing passes over.
    """
    left = drop_small(labels.looping & ~things, _SMALLEST)
    held = labels.looping & ~left
    if not held.any() or held.sum() > _MOST * labels.looping.sum():
        return None
    return labels.where(held, STILL, labels.first_frame)
