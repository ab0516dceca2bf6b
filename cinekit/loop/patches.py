"""Connected patches of one label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def connected_patches(
    period: NDArray[np.int32], start: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Number the 4-connected patches of equal (p, s).

    Returns
    -------
    patch : int32 (H, W), the number of each pixel's patch.
    period, start : int32 (P,), the label of each patch.
    """
    height, width = period.shape
    pixel = np.arange(height * width, dtype=np.int32).reshape(height, width)
    right = (period[:, 1:] == period[:, :-1]) & (start[:, 1:] == start[:, :-1])
    down = (period[1:] == period[:-1]) & (start[1:] == start[:-1])
    one = np.concatenate([pixel[:, :-1][right], pixel[:-1][down]])
    two = np.concatenate([pixel[:, 1:][right], pixel[1:][down]])
    graph = coo_array((np.ones(len(one), np.int8), (one, two)), shape=(pixel.size, pixel.size))
    count, patch = connected_components(graph, directed=False)
    first = np.zeros(count, np.int64)
    first[patch[::-1]] = pixel.ravel()[::-1]
    return (
        patch.reshape(height, width).astype(np.int32),
        period.ravel()[first].astype(np.int32),
        start.ravel()[first].astype(np.int32),
    )
