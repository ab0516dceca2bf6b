"""Landmarks to soft masks of face parts on the grid of the response."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit_faces import mesh

CLASSES = (*("background", "skin", "r_brow", "l_brow", "r_eye", "l_eye", "u_lip", "mouth"),)
"""Names of CelebAMask; "u_lip" stands for both lips."""

PARTS = (
    ("skin", mesh.OVAL, False),
    ("r_brow", mesh.RIGHT_BROW, False),
    ("l_brow", mesh.LEFT_BROW, False),
    ("r_eye", mesh.RIGHT_EYE, True),
    ("l_eye", mesh.LEFT_EYE, True),
    ("u_lip", mesh.LIPS_OUTSIDE, True),
    ("mouth", mesh.LIPS_INSIDE, False),
)
"""Class, polygon, whether it grows; later ones lie on earlier ones."""

FRACTION = 4
"""Bits of a coordinate behind the point, for OpenCV's drawing."""

SOFT = 0.6
"""Standard deviation of the border, cells."""


def face_probabilities(
    faces: Sequence[NDArray[np.float64]],
    size: tuple[int, int],
    grid: tuple[int, int],
    grow: float,
) -> NDArray[np.float32]:
    """float32 (h, w, 8) over :data:`CLASSES`, sum 1.

    faces : landmarks of each, float64 (468, 2) in pixels of a frame of ``size`` (H, W).
    """
    out = np.zeros((*grid, len(CLASSES)), np.float32)
    out[..., 0] = 1
    scale = np.array([grid[1] / size[1], grid[0] / size[0]])
    for landmarks in faces:
        cells = (landmarks + 0.5) * scale - 0.5
        for name, polygon, grows in PARTS:
            points = cells[list(polygon)]
            margin = grow * float(np.ptp(points[:, 0])) if grows else 0.0
            inside = draw(points, grid, margin)[..., None]
            out *= 1 - inside
            out[..., CLASSES.index(name)] += inside[..., 0]
    return out


def draw(
    points: NDArray[np.float64], grid: tuple[int, int], margin: float = 0.0
) -> NDArray[np.float32]:
    """A polygon grown by a margin, with soft borders: float32 (h, w) in [0, 1].

    points : float64 (n, 2), x and y in cells, centres at whole numbers.
    """
    canvas = np.zeros(grid, np.uint8)
    corners = np.rint(np.clip(points, -1e4, 1e4) * 2**FRACTION).astype(np.int32)[None]
    cv2.fillPoly(canvas, corners, 255, cv2.LINE_AA, FRACTION)
    if margin >= 0.5:
        # A thick outline is the polygon grown by half the thickness, closed eyes included.
        cv2.polylines(canvas, corners, True, 255, max(1, round(2 * margin)), cv2.LINE_AA, FRACTION)
    soft = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), SOFT)
    return np.clip(np.asarray(soft, np.float32), 0, 1)
