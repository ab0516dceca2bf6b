"""Connected parts of a mask, and when one is too small to count.

Everywhere "small" is a share of the frame, so that it means the same at every size of a copy.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""bool (H, W)."""


def drop_small(mask: Mask, share: float, connectivity: int = 8) -> Mask:
    """A mask without its connected parts below a share of the frame.

    connectivity : 8, or 4 where pixels that only touch at a corner are apart.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=connectivity
    )
    keep = stats[:, cv2.CC_STAT_AREA] >= share * mask.size
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def fill_small(mask: Mask, share: float, connectivity: int = 8) -> Mask:
    """A mask with its holes below a share of the frame filled."""
    return ~drop_small(~mask, share, connectivity)


def parts_with(mask: Mask, core: Mask) -> Mask:
    """The 8-connected parts of a mask that hold pixels of its core."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept: Mask = np.isin(labels, np.unique(labels[core & mask])) & mask
    return kept
