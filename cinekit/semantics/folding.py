"""From a network's probabilities to a quantised response over categories ([O] 3.1)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.semantics.vocabulary import Vocabulary


def fold(probabilities: NDArray[np.float32], vocabulary: Vocabulary) -> NDArray[np.float32]:
    """Sum the classes of every category: float32 (..., n) to float32 (..., C).

    ``F(c, x) = sum_{n folds into c} P(n, x)``; the total of a cell is kept.
    """
    folded: NDArray[np.float32] = np.asarray(probabilities, np.float32) @ vocabulary.matrix
    return folded


def quantise(response: NDArray[np.float32]) -> NDArray[np.uint8]:
    """float32 (..., C), non-negative, to uint8 (..., C) whose cells sum to exactly 255.

    Every value is rounded down, and what the cell then lacks goes to the categories that lost
    most, so that rounding never moves a value by a whole step. A cell without any mass (a network
    that answers NaN or zero) becomes uniform.
    """
    clean = np.nan_to_num(np.maximum(response, 0), nan=0.0, posinf=0.0, neginf=0.0)
    total = clean.sum(axis=-1, keepdims=True)
    n = response.shape[-1]
    share = np.where(total > 0, clean / np.where(total > 0, total, 1), 1 / n) * 255
    down = np.floor(share + 1e-4)
    lack = np.rint(255 - down.sum(axis=-1)).astype(np.int64)
    rank = np.argsort(np.argsort(down - share, axis=-1, kind="stable"), axis=-1, kind="stable")
    out: NDArray[np.uint8] = (down + (rank < lack[..., None])).astype(np.uint8)
    return out


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the last axis, float32, without overflow."""
    shifted: NDArray[np.float32] = logits - logits.max(axis=-1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=-1, keepdims=True)
    return shifted


def grid_size(size: tuple[int, int], most: int) -> tuple[int, int]:
    """(h, w) in the proportions of ``size``, neither side above ``most`` nor larger than it was."""
    scale = min(1.0, most / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resample(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """float32 (h, w, n) on another grid of the same frame, cell centres mapped to cell centres.

    Bilinear; area averages along an axis that shrinks, so that no cell is skipped.
    """
    for axis in (0, 1):
        image = _resample_axis(image, size[axis], axis)
    return image


def _resample_axis(image: NDArray[np.float32], n: int, axis: int) -> NDArray[np.float32]:
    m = image.shape[axis]
    if m == n:
        return image
    weights = axis_weights(m, n)  # (n, m)
    moved = np.tensordot(weights, image, axes=(1, axis))  # (n, the other axes)
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis), np.float32)


def axis_weights(m: int, n: int) -> NDArray[np.float32]:
    """float32 (n, m): how n cells of an axis are averages of m cells; rows sum to 1.

    Cell i of n is centred at ``(i + 0.5) * m / n - 0.5``: linear interpolation where the axis
    grows, the overlap of the cells where it shrinks.
    """
    out = np.zeros((n, m), np.float32)
    if n >= m:
        at = np.clip((np.arange(n) + 0.5) * m / n - 0.5, 0, m - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, m - 1)
        np.add.at(out, (np.arange(n), low), 1 - (at - low))
        np.add.at(out, (np.arange(n), high), at - low)
        return out
    edges = np.arange(n + 1) * (m / n)
    cell = np.arange(m)
    overlap = np.minimum(edges[1:, None], cell + 1) - np.maximum(edges[:-1, None], cell)
    out[:] = np.maximum(overlap, 0)
    rows: NDArray[np.float32] = out / out.sum(axis=1, keepdims=True)
    return rows


def upsample(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """float32 (h, w) on the (H, W) grid of the clip, bilinear (cell centres to cell centres)."""
    source = np.ascontiguousarray(image, np.float32)
    grown = cv2.resize(source, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
