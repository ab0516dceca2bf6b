"""Squares of a frame that show faces the way a face parser was trained, and back to the frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit_faces.detect import Box, Square

EYES, MOUTH = (0, 1), 3
"""Points of a box: the person's right eye and left eye, and the mouth."""


def aligned(box: Box) -> Square:
    """The square that CelebA-HQ cuts around a face; CelebAMask-HQ labels those pictures.

    With e0, e1 the eyes, left one of the picture first, and m the mouth: ``x' = e1 - e0``,
    ``y' = (e0 + e1) / 2 - m``, centre ``(e0 + e1) / 2 - 0.1 y'``, side
    ``max(4 |x'|, 3.6 |y'|)``, its x axis along ``x' - rotate90(y')``
    (T. Karras et al.: *Progressive Growing of GANs*, ICLR 2018, appendix C).
    """
    e0, e1 = box.points[list(EYES)]
    middle = (e0 + e1) / 2
    across, up = e1 - e0, middle - box.points[MOUTH]
    x, y = middle - 0.1 * up
    direction = across + (-up[1], up[0])
    side = max(4 * np.hypot(*across), 3.6 * np.hypot(*up), 1.0)
    return Square(float(x), float(y), float(side), float(np.arctan2(direction[1], direction[0])))


def cells_across(square: Square, size: tuple[int, int], grid: tuple[int, int]) -> int:
    """How many cells of the grid lie along a side of a square, at least 1.

    size : (H, W) of the frame; grid : (h, w) of the response.
    """
    return max(1, round(square.side * max(grid) / max(size)))


def on_grid(
    answers: Sequence[NDArray[np.float32]],
    squares: Sequence[Square],
    size: tuple[int, int],
    grid: tuple[int, int],
    n_classes: int,
) -> NDArray[np.float32]:
    """What is seen in some squares, on the grid of the frame: float32 (h, w, n), sum 1.

    A cell that several squares show is read from the one whose middle it is nearest to, seen from
    there in sides of that square; beyond all of them there is class 0, the background.

    answers : probabilities over the classes, float32 (m, m, n), one per square, with about as many
        cells as the grid has there.
    """
    out = np.zeros((*grid, n_classes), np.float32)
    out[..., 0] = 1
    y, x = np.mgrid[: grid[0], : grid[1]]
    scale = np.array([size[1] / grid[1], size[0] / grid[0]])
    pixels = (np.stack([x, y], axis=-1) + 0.5) * scale - 0.5  # (h, w, 2)
    nearest = np.full(grid, 0.5)
    for answer, square in zip(answers, squares, strict=True):
        side = answer.shape[0]
        inverse = cv2.invertAffineTransform(square.to_frame(side))
        inside = pixels @ inverse[:, :2].T + inverse[:, 2]  # (h, w, 2), pixels of the answer
        distance = np.abs((inside + 0.5) / side - 0.5).max(axis=-1)
        mine = distance < nearest
        out[mine] = _bilinear(answer, inside[mine])
        nearest[mine] = distance[mine]
    return out


def _bilinear(image: NDArray[np.float32], where: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 (k, n) at k points x, y of a float32 (h, w, n) image; its border goes on."""
    last = np.array([image.shape[1], image.shape[0]]) - 1
    where = np.clip(where, 0, last)
    low = np.minimum(where.astype(np.intp), np.maximum(last - 1, 0))
    high = np.minimum(low + 1, last)
    (fx, fy) = (where - low).astype(np.float32).T[..., None]
    upper = (1 - fx) * image[low[:, 1], low[:, 0]] + fx * image[low[:, 1], high[:, 0]]
    lower = (1 - fx) * image[high[:, 1], low[:, 0]] + fx * image[high[:, 1], high[:, 0]]
    mixed: NDArray[np.float32] = (1 - fy) * upper + fy * lower
    return mixed
