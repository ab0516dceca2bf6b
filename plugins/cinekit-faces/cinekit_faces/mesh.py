"""The 468 landmarks of a face, and the parts of a face as polygons of them.

Y. Kartynnik et al.: *Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs*, 2019.
"left" and "right" are those of the person shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit_faces.detect import GROWTH, Box, Square
from cinekit_faces.runtime import Network

SIDE = 192
LANDMARKS = 468
OUTPUTS = (LANDMARKS * 3, 1)
"""Values: x, y, z of every landmark; the logit of there being a face."""

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
RIGHT_BROW = (107, 66, 105, 63, 70, 46, 53, 52, 65, 55)
LEFT_BROW = (336, 296, 334, 293, 300, 276, 283, 282, 295, 285)
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LIPS_OUTSIDE = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
)
LIPS_INSIDE = (
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324),
    *(308, 415, 310, 311, 312, 13, 82, 81, 80, 191),
)
EYE_CORNERS = (33, 263)


def find_landmarks(
    network: Network, frame: NDArray[np.uint8], box: Box, confidence: float
) -> NDArray[np.float64] | None:
    """float64 (468, 2), x and y in pixels of the frame; None where there is no face after all.

    Looked for twice: in the square around the box, and in the one around what was found there,
    which is upright and centred better.
    """
    first = _in_square(network, frame, box.region(), confidence)
    if first is None:
        return None
    return _in_square(network, frame, around(first), confidence)


def around(points: NDArray[np.float64]) -> Square:
    """The upright square around the landmarks of a face."""
    right, left = points[EYE_CORNERS[0]], points[EYE_CORNERS[1]]
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    c, s = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[c, -s], [s, c]])  # into the face's own axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = np.array([[c, -s], [s, c]]) @ ((low + high) / 2)
    return Square(float(x), float(y), GROWTH * float((high - low).max()), angle)


def _in_square(
    network: Network, frame: NDArray[np.uint8], square: Square, confidence: float
) -> NDArray[np.float64] | None:
    picture = square.cut(frame, SIDE).astype(np.float32) / np.float32(255)
    values, logit = network.run(picture)
    if 1 / (1 + np.exp(-float(np.clip(logit[0], -100, 100)))) < confidence:
        return None
    # The network counts from the corner of the picture, the matrix from the centre of a pixel.
    xy = values.reshape(LANDMARKS, 3)[:, :2].astype(np.float64) - 0.5
    matrix = square.to_frame(SIDE)
    found: NDArray[np.float64] = xy @ matrix[:, :2].T + matrix[:, 2]
    return found
