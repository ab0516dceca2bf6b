"""Where the pieces of :mod:`cinekit.mend.whole` begin and end, on a small picture."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.eye import PATCH

_CLOSED = 9
"""Small pixels: gaps inside a thing that are closed."""

_APART = 5
"""Small pixels: parts nearer than this are one piece, for a thing passes from one to the other."""

_WIDER = (0, 4, 9)
"""Small pixels: by so much a piece may grow, to a border that fits better."""

_ALONG = (12, 30, 240)
"""Small pixels: by so much a piece may grow along the thing that crosses its border, the last as
far as the thing reaches; a network's petals end inside the flower."""


def reduced(mask: NDArray[np.bool_], small: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask on the small picture: pixels that it covers by half."""
    size = small[1], small[0]
    covered = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    return np.asarray(covered) >= 128


def parts_of(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The connected parts of a mask, gaps closed and holes filled: bool (h, w) each."""
    # Closing may not draw a thing to the edge of the frame, nor leave it there.
    padded = np.pad(mask.astype(np.uint8), _CLOSED, mode="edge")
    closed = np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(_CLOSED)))
    filled = ndimage.binary_fill_holes(closed[_CLOSED:-_CLOSED, _CLOSED:-_CLOSED])
    together, count = ndimage.label(cv2.dilate(filled.astype(np.uint8), _disc(_APART)))
    parts = [filled & (together == i + 1) for i in range(count)]
    return [part for part in parts if part.mean() >= PATCH]


def wider(piece: NDArray[np.bool_], things: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """The piece, grown to all sides, and along the things that cross its border."""
    for by in _WIDER:
        yield cv2.dilate(piece.astype(np.uint8), _disc(2 * by + 1)) > 0
    grown = piece
    for by in _ALONG:
        before = grown
        grown = ndimage.binary_dilation(piece, iterations=by, mask=piece | things)
        if (grown & ~before).mean() < PATCH:
            continue
        # All around the thing, where it ends.
        wide = cv2.dilate(grown.astype(np.uint8), _disc(2 * _WIDER[1] + 1)) > 0
        yield np.asarray(ndimage.binary_fill_holes(wide))


def rim_of(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels on either side of the piece's border; the edge of the frame is none."""
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    mask = piece.astype(np.uint8)
    outer = cv2.dilate(mask, cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    inner = cv2.erode(mask, cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    rim: NDArray[np.bool_] = outer > inner
    return rim


def _disc(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
