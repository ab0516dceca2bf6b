"""Connected parts of a mask, and when one is too small to count.

Everywhere "small" is a share of the frame, so that it means the same at every size of a copy.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""bool (H, W)."""


def drop_small(mask: Mask, share: float) -> Mask:
    """A mask without its 8-connected parts below a share of the frame."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= share * mask.size
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def fill_small(mask: Mask, share: float) -> Mask:
    """A mask with its holes below a share of the frame filled."""
    return ~drop_small(~mask, share)


def parts_with(mask: Mask, core: Mask) -> Mask:
    """The 8-connected parts of a mask that hold pixels of its core."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept: Mask = np.isin(labels, np.unique(labels[core & mask])) & mask
    return kept
