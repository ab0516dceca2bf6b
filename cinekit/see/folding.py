"""From a network's probabilities to a quantised response over categories ([O] 3.1)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.see.vocabulary import Vocabulary


def fold(probabilities: NDArray[np.float32], vocabulary: Vocabulary) -> NDArray[np.float32]:
    """Sum the classes of every category: float32 (..., n) to float32 (..., C).

    ``F(c, x) = sum_{n folds into c} P(n, x)``; the total of a cell is kept.
    """
    folded: NDArray[np.float32] = np.asarray(probabilities, np.float32) @ vocabulary.matrix
    return folded


def quantise(response: NDArray[np.float32]) -> NDArray[np.uint8]:
    """float32 (..., C), non-negative, to uint8 (..., C) whose cells sum to exactly 255.

    Every share is rounded; what the roundings leave over or lack goes to the largest, where it is
    the smallest relative error. A cell without any mass, or with a NaN, becomes uniform.
    """
    n = response.shape[-1]
    flat = np.maximum(response.reshape(-1, n), 0)
    total = flat.sum(axis=-1, keepdims=True)
    empty = ~(np.isfinite(total) & (total > 0))[:, 0]
    if empty.any():
        flat[empty] = 1
        total[empty] = n
    out: NDArray[np.uint8] = np.rint(flat * (255 / total)).astype(np.uint8)
    largest = out.argmax(axis=-1)[:, None]
    lack = 255 - out.sum(axis=-1, keepdims=True, dtype=np.int32)
    filled = np.take_along_axis(out, largest, axis=-1).astype(np.int32) + lack
    np.put_along_axis(out, largest, filled.astype(np.uint8), axis=-1)
    return out.reshape(response.shape)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the last axis, float32, without overflow."""
    shifted: NDArray[np.float32] = logits - logits.max(axis=-1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=-1, keepdims=True)
    return shifted


def resample(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """float32 (h, w, n) on another grid of the same frame, cell centres mapped to cell centres.

    Bilinear where the grid grows; area averages where it shrinks, so that no cell is skipped.
    """
    h, w, n = image.shape
    if (h, w) == size:
        return image
    if size[0] >= h and size[1] >= w:
        grown = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown, np.float32).reshape(*size, n)
    if not (size[0] <= h and size[1] <= w):  # one axis at a time
        return resample(resample(image, (min(h, size[0]), min(w, size[1]))), size)
    out = np.zeros((*size, n), np.float32)
    for c in range(n):
        plane = image[..., c]
        if plane.any():
            shrunk = cv2.resize(
                np.ascontiguousarray(plane), (size[1], size[0]), interpolation=cv2.INTER_AREA
            )
            out[..., c] = shrunk
    return out


def upsample(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """float32 (h, w) on the (H, W) grid of the clip, bilinear (cell centres to cell centres)."""
    source = np.ascontiguousarray(image, np.float32)
    grown = cv2.resize(source, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
