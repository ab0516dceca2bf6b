"""The weights of the energy at the resolution of the clip, for the re-solve of label borders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.costs import LoopCosts
from cinekit.energy.stages import label_cost
from cinekit.labels import STILL
from cinekit.model import Candidate

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BorderCosts:
    """The weights of the energy at clip resolution, all float32 and >= 0.

    temporal : (H, W), gamma_t (1 - w): weight of PhiV, [O] Eq. 2 and 3.
    still, moving : (H, W), a1 E_label of a still and of a looping label, [O] Eq. 6.
    down : (H - 1, W), right : (H, W - 1): a2 gamma_s (1 - w), weight of PsiV on the edges.
    """

    temporal: Float
    still: Float
    moving: Float
    down: Float
    right: Float

    def arrays(self) -> tuple[Float, Float, Float, Float, Float]:
        """In the order of the fields."""
        return self.temporal, self.still, self.moving, self.down, self.right


def border_costs(costs: LoopCosts, candidate: Candidate, size: tuple[int, int]) -> BorderCosts:
    """Weights at the size of the clip from those of the working clip.

    Pixel weights are interpolated; an edge takes the weight of the nearest working edge, times the
    ratio of the sizes: a border has ratio times as many edges at clip resolution while an area has
    ratio squared as many pixels, each of which stands for as much less.

    size : (H, W) of the clip. The response is left out (w counts as in [O] Eq. 2 and 4): a border
    has no finer semantics than the working clip, whose gamma_s draws it to the edges of things.
    """
    height, width = size
    h, w = costs.size
    colours = np.float32(1 - costs.options.semantic_weight)
    ratio = np.float32(np.sqrt(height * width / (h * w)))

    def grow(values: Float) -> Float:
        grown = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.maximum(np.asarray(grown, np.float32), 0)

    # The longest period is never forbidden for being short.
    down, right = costs.edge_weights
    return BorderCosts(
        temporal=grow(costs.gamma_t * colours),
        still=grow(label_cost(costs, candidate, STILL)),
        moving=grow(label_cost(costs, candidate, costs.periods[-1])),
        down=down[np.ix_(_nearest(height, h), _cells(width, w))] * colours * ratio,
        right=right[np.ix_(_cells(height, h), _nearest(width, w))] * colours * ratio,
    )


def _cells(fine: int, coarse: int) -> NDArray[np.intp]:
    """The working pixel that covers each pixel."""
    return np.arange(fine) * coarse // fine


def _nearest(fine: int, coarse: int) -> NDArray[np.intp]:
    """The working edge nearest to each of the fine - 1 edges along an axis."""
    middle = (np.arange(fine - 1) + 1) * coarse / fine - 1
    return np.clip(np.rint(middle), 0, max(coarse - 2, 0)).astype(np.intp)
