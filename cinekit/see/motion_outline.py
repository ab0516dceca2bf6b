"""From groups on the small working copy to outlines at half the resolution of the clip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.eye import HOLE
from cinekit.see.folding import quantise, resample
from cinekit.see.motion_features import Map
from cinekit.see.parts import drop_small, fill_small

BORDER = 1.5
"""Standard deviation of a soft border, in cells of the response."""


def tidy(moving: NDArray[np.bool_], speck: float) -> NDArray[np.bool_]:
    """Close gaps, fill holes, drop parts below ``speck`` (a share of the frame): bool (h, w)."""
    radius = max(1, round(max(moving.shape) / 120))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    padded = np.pad(moving.astype(np.uint8), radius, mode="edge")
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[radius:-radius, radius:-radius] > 0
    return drop_small(fill_small(closed, HOLE, 4), speck, 4)


def smooth_labels(labels: NDArray[np.int32], n: int, sigma: float) -> NDArray[np.int32]:
    """Rounded borders between groups: each pixel takes what prevails about it.

    labels : int32 (h, w), -1 for the background, which keeps its pixels.
    """
    if n < 2:
        return labels
    vote = np.stack(
        [cv2.GaussianBlur((labels == i).astype(np.float32), (0, 0), sigma) for i in range(n)]
    )
    return np.where(labels >= 0, vote.argmax(axis=0), -1).astype(np.int32)


def respond(labels: NDArray[np.int32], n: int, moving: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Soft probabilities of the background and n groups: uint8 (h, w, 1 + n), cells sum to 255.

    labels : int32 on the small copy, -1 where nothing moves; their borders are carried to the finer
        grid of ``moving`` (bool (h, w)), which says there what moves at all.
    """
    fine = (moving.shape[0], moving.shape[1])
    # Outside the groups, a fine moving cell belongs to the nearest group, if that is near.
    distance, (row, column) = ndimage.distance_transform_edt(labels < 0, return_indices=True)
    nearest = np.where(distance <= 3, labels[row, column], -1)
    share = np.stack([(nearest == i).astype(np.float32) for i in range(n)], axis=-1)
    share = resample(share, fine)
    share[~moving] = 0
    hard = np.where(share.max(axis=-1) > 0, share.argmax(axis=-1), -1)
    layers = [drop_small(hard == i, 0.0005, 4).astype(np.float32) for i in range(n)]
    soft = np.stack([_blur(layer) for layer in layers], axis=-1)
    rest = np.maximum(1 - soft.sum(axis=-1, keepdims=True), 0)
    return quantise(np.concatenate([rest, soft], axis=-1).astype(np.float32))


def _blur(layer: Map) -> Map:
    out: Map = np.asarray(
        cv2.GaussianBlur(layer, (0, 0), BORDER, borderType=cv2.BORDER_REPLICATE), np.float32
    )
    return out
