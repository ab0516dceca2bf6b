"""From stored pixels to the upright, square-pixel, even-sized picture that a clip holds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEARLY_FITS = 0.99
"""A picture that is this close to the box is cropped, not scaled: 960x544 is 960x540 plus padding
to whole macroblocks, and a resampling by 0.993 would blur every pixel to save four rows."""


@dataclass(frozen=True)
class Orientation:
    """A quarter turn and a mirror: first transpose, then flip rows, then flip columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @staticmethod
    def from_matrix(matrix: NDArray[np.int32]) -> Orientation | None:
        """Read a container's display matrix.

        The first two columns of the 3x3 matrix ``[a b u; c d v; x y w]`` (16.16 fixed point) send
        the stored pixel (x, y) to the displayed ``(a x + c y, b x + d y)``. Returns None for a
        matrix that is no multiple of a quarter turn, with or without mirroring.
        """
        a, b, c, d = (float(matrix[k]) for k in (0, 1, 3, 4))
        scale = max(abs(a), abs(b), abs(c), abs(d))
        if scale == 0:
            return None
        a, b, c, d = (round(v / scale) if abs(v / scale) in (0, 1) else 2 for v in (a, b, c, d))
        if abs(a) == abs(d) == 1 and b == c == 0:
            return Orientation(False, flip_rows=d < 0, flip_columns=a < 0)
        if abs(b) == abs(c) == 1 and a == d == 0:
            return Orientation(True, flip_rows=b < 0, flip_columns=c < 0)
        return None

    @staticmethod
    def from_exif(orientation: int) -> Orientation:
        """Read the orientation of EXIF, 1 to 8 (CIPA DC-008, tag 0x0112); others are upright."""
        return Orientation(
            transpose=orientation in (5, 6, 7, 8),
            flip_rows=orientation in (3, 4, 7, 8),
            flip_columns=orientation in (2, 3, 6, 7),
        )

    def apply(self, image: NDArray[Any]) -> NDArray[Any]:
        """Turn an (H, W, ...) image; a view."""
        if self.transpose:
            image = image.swapaxes(0, 1)
        return image[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    def describe(self) -> str:
        """In words; empty for the upright picture."""
        turns = {
            (False, False, False): "",
            (True, False, True): "turned 90 degrees clockwise",
            (False, True, True): "turned 180 degrees",
            (True, True, False): "turned 90 degrees anticlockwise",
            (False, False, True): "mirrored left to right",
            (False, True, False): "mirrored top to bottom",
        }
        key = (self.transpose, self.flip_rows, self.flip_columns)
        return turns.get(key, "turned and mirrored")


@dataclass(frozen=True)
class Geometry:
    """How one stored frame becomes one frame of the clip.

    scaled : (width, height) of the *stored* picture after scaling to square pixels and to the box.
    orientation : applied after scaling.
    size : (H, W) of the result, both even; cropped from the middle of the turned picture.
    notes : what is done, one line each.
    """

    scaled: tuple[int, int]
    orientation: Orientation
    size: tuple[int, int]
    notes: tuple[str, ...]

    def finish(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn and crop a scaled (height, width, 3) frame; a contiguous copy."""
        turned = self.orientation.apply(image)
        height, width = self.size
        top, left = (turned.shape[0] - height) // 2, (turned.shape[1] - width) // 2
        return np.ascontiguousarray(turned[top : top + height, left : left + width])


def plan(
    stored: tuple[int, int],
    aspect: Fraction,
    orientation: Orientation,
    box: tuple[int, int],
) -> Geometry:
    """Geometry for a stream.

    Parameters
    ----------
    stored : (width, height) of a decoded frame.
    aspect : sample aspect ratio, width over height of one stored sample. The shorter side of the
        sample is stretched, so that no stored detail is thrown away before the box asks for it.
    orientation : from the display matrix.
    box : (width, height) limits of a landscape picture; turned for a portrait one.
    """
    width, height = Fraction(stored[0]), Fraction(stored[1])
    notes = []
    if aspect != 1:
        width, height = (width * aspect, height) if aspect > 1 else (width, height / aspect)
        notes.append(
            f"samples of aspect {aspect.numerator}:{aspect.denominator} made square: "
            f"{stored[0]}x{stored[1]} shows as {round(width)}x{round(height)}"
        )
    shown = (height, width) if orientation.transpose else (width, height)
    if said := orientation.describe():
        notes.append(f"{said}, as the file's display matrix asks")
    limit = box if shown[0] >= shown[1] else box[::-1]
    factor = min(Fraction(1), limit[0] / shown[0], limit[1] / shown[1])
    if factor >= NEARLY_FITS:
        factor = Fraction(1)
    turned = (max(2, round(shown[0] * factor)), max(2, round(shown[1] * factor)))
    if factor < 1:
        notes.append(
            f"scaled down from {round(shown[0])}x{round(shown[1])} to {turned[0]}x{turned[1]} "
            "(area filter)"
        )
    final = tuple(min(side, most) // 2 * 2 for side, most in zip(turned, limit, strict=True))
    if final != turned:
        notes.append(f"cropped from {turned[0]}x{turned[1]} to {final[0]}x{final[1]} (even sides)")
    scaled = turned[::-1] if orientation.transpose else turned
    return Geometry(scaled, orientation, (final[1], final[0]), tuple(notes))
