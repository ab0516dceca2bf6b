"""Where faces are: MediaPipe's short-range detector (BlazeFace), its boxes decoded.

V. Bazarevsky et al.: *BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs*, 2019. The
network looks at 128x128 pixels through 896 anchors and gives, relative to each, a box and six
points: right eye, left eye, nose tip, mouth, right and left ear (of the person shown).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit_faces.runtime import Network

SIDE = 128
ANCHORS = 896
OUTPUTS = (ANCHORS * 16, ANCHORS)
"""Values of the regressors and of the classifier."""

OVERLAP = 0.3
"""Boxes whose intersection over union is above this show one face."""

GROWTH = 1.5
"""Side of the region of interest over the longer side of the box."""


@dataclass(frozen=True)
class Square:
    """A square of the frame, turned: centre (x, y), side in pixels, angle in radians.

    The angle turns the square's x axis against the frame's, towards the frame's y axis.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_frame(self, size: int) -> NDArray[np.float64]:
        """float64 (2, 3): pixels of the square drawn at size x size to pixels of the frame.

        Centres of pixels are at whole numbers in both.
        """
        scale = self.side / size
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        turn = np.array([[c, -s], [s, c]])
        middle = np.array([(size - 1) / 2] * 2)
        return np.column_stack([turn, np.array([self.x, self.y]) - turn @ middle])

    def cut(self, frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """The square drawn at size x size; black beyond the frame."""
        scale = self.side / size
        if scale > 2:  # a bilinear sample would skip pixels
            width = max(1, round(frame.shape[1] / scale))
            height = max(1, round(frame.shape[0] / scale))
            small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
            sx, sy = width / frame.shape[1], height / frame.shape[0]
            matrix = np.diag([sx, sy]) @ self.to_frame(size)
            matrix[:, 2] += (np.array([sx, sy]) - 1) / 2
            frame = np.asarray(small, np.uint8)
        else:
            matrix = self.to_frame(size)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(frame, matrix, (size, size), flags=flags), np.uint8)


@dataclass(frozen=True, eq=False)
class Box:
    """A face that the detector found, in pixels of the frame.

    score : in [0, 1]; corners : x0, y0, x1, y1; points : float64 (6, 2), x and y.
    """

    score: float
    corners: NDArray[np.float64]
    points: NDArray[np.float64]

    def region(self) -> Square:
        """The square that the landmarks are looked for in: upright for the face."""
        right, left = self.points[0], self.points[1]
        x0, y0, x1, y1 = self.corners
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        side = GROWTH * max(x1 - x0, y1 - y0)
        return Square((x0 + x1) / 2, (y0 + y1) / 2, side, angle)


def find_faces(
    network: Network, frame: NDArray[np.uint8], confidence: float, scales: int, most: int
) -> list[Box]:
    """The faces of a frame, surest first, each once."""
    boxes = [
        box
        for square in squares(frame.shape[0], frame.shape[1], scales)
        for box in _in_square(network, frame, square, confidence)
    ]
    return suppress(boxes)[:most]


def squares(height: int, width: int, scales: int) -> Iterator[Square]:
    """Where to look: the whole frame, then overlapping squares that show smaller faces larger."""
    longer, shorter = max(height, width), min(height, width)
    yield Square((width - 1) / 2, (height - 1) / 2, longer)
    for scale in range(2, scales + 1):
        side = shorter / 2 ** (scale - 2)
        if side >= longer or side < 32:
            continue
        for y in _centres(height, side):
            for x in _centres(width, side):
                yield Square(x, y, side)


def _centres(length: int, side: float) -> NDArray[np.float64]:
    """Centres of squares that cover a length, each overlapping the next by a third or more."""
    n = 1 if side >= length else int(np.ceil((length - side) / (side * 2 / 3))) + 1
    first, last = side / 2 - 0.5, length - side / 2 - 0.5
    return np.linspace(first, last, n) if n > 1 else np.array([(length - 1) / 2])


def _in_square(
    network: Network, frame: NDArray[np.uint8], square: Square, confidence: float
) -> list[Box]:
    picture = square.cut(frame, SIDE).astype(np.float32) / 127.5 - 1
    regressors, logits = network.run(picture)
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -100, 100)))
    sure = np.flatnonzero(scores >= confidence)
    matrix = square.to_frame(SIDE)
    return [
        decode(regressors.reshape(ANCHORS, 16)[i], anchors()[i], float(scores[i]), matrix)
        for i in sure
    ]


def decode(
    values: NDArray[np.float32],
    anchor: NDArray[np.float64],
    score: float,
    matrix: NDArray[np.float64],
) -> Box:
    """A box from 16 values relative to an anchor: centre, size, six points, in network pixels."""
    # The network counts from the corner of the picture, the matrix from the centre of a pixel.
    pairs = values.reshape(8, 2).astype(np.float64)
    centre = pairs[0] + anchor * SIDE - 0.5
    half = np.abs(pairs[1]) / 2
    points = pairs[2:] + anchor * SIDE - 0.5
    both = np.stack([centre - half, centre + half])
    return Box(score, _apply(matrix, both).ravel(), _apply(matrix, points))


def _apply(matrix: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) through a (2, 3) map."""
    moved: NDArray[np.float64] = xy @ matrix[:, :2].T + matrix[:, 2]
    return moved


@cache
def anchors() -> NDArray[np.float64]:
    """float64 (896, 2): centres of the anchors, x and y in [0, 1].

    Two per cell of a 16x16 grid, then six per cell of an 8x8 grid.
    """
    out = []
    for cells, per_cell in ((16, 2), (8, 6)):
        y, x = np.mgrid[:cells, :cells]
        grid = np.stack([x.ravel() + 0.5, y.ravel() + 0.5], axis=1) / cells
        out.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(out)


def suppress(boxes: list[Box]) -> list[Box]:
    """One box per face: those that overlap are averaged, weighted by their scores."""
    rest = sorted(boxes, key=lambda box: -box.score)
    kept = []
    while rest:
        best = rest[0].corners
        same = [box for box in rest if overlap(best, box.corners) > OVERLAP]
        rest = [box for box in rest[1:] if overlap(best, box.corners) <= OVERLAP]
        if not same:  # a box without an area overlaps nothing, not even itself
            continue
        weights = np.array([box.score for box in same])
        corners = np.average([box.corners for box in same], axis=0, weights=weights)
        points = np.average([box.points for box in same], axis=0, weights=weights)
        kept.append(Box(same[0].score, corners, points))
    return kept


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes."""
    inside = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(inside, 0)))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / both if both > 0 else 0.0
