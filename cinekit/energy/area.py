"""The part of the pixel grid that a move works on: blocks of pixels, and what of them may change.

Most moves could gain in a few places only. Everything about them, pair costs, capacities and cut,
is then computed row by row on the spans of an area instead of on all pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel


@dataclass(frozen=True, eq=False)
class Area:
    """Pixels in play.

    spans : int32 (n, 3), row, first column and end column, in reading order. Two spans of a row do
        not touch.
    inside : bool (h, w), the pixels of the spans.
    free : bool (h, w), those whose neighbours are all inside: only they may change, so every edge
        of a pixel that changes has both ends inside.
    """

    spans: NDArray[np.int32]
    inside: NDArray[np.bool_]
    free: NDArray[np.bool_]

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Area:
        """All pixels of a grid (h, w)."""
        return cls.of_blocks(np.ones((1, 1), np.bool_), max(shape), shape)

    @classmethod
    def of_blocks(cls, blocks: NDArray[np.bool_], size: int, shape: tuple[int, int]) -> Area:
        """The pixels of some blocks of a grid (h, w).

        blocks : bool (ceil(h / size), ceil(w / size)).
        """
        inside, free = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        most = shape[0] * (blocks.shape[1] // 2 + 1)
        spans = np.empty((most, 3), np.int32)
        count = fill_spans(blocks, size, inside, spans)
        mark_free(spans[:count], inside, free)
        return cls(spans[:count], inside, free)


@kernel
def fill_spans(blocks, size, inside, spans):  # type: ignore[no-untyped-def]
    """Fill spans and inside, see :class:`Area`; the number of spans."""
    h, w = inside.shape
    n = 0
    for i in range(h):
        row = blocks[i // size]
        k = 0
        while k < row.shape[0]:
            if not row[k]:
                k += 1
                continue
            first = k * size
            while k < row.shape[0] and row[k]:
                k += 1
            end = min(k * size, w)
            spans[n, 0] = i
            spans[n, 1] = first
            spans[n, 2] = end
            n += 1
            for j in range(first, end):
                inside[i, j] = True
    return n


@kernel
def mark_free(spans, inside, free):  # type: ignore[no-untyped-def]
    """free[i, j] = all neighbours of pixel (i, j) that the grid has are inside."""
    h, w = inside.shape
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            free[i, j] = (i == 0 or inside[i - 1, j]) and (i + 1 == h or inside[i + 1, j])
        if first > 0:
            free[i, first] = False
        if end < w:
            free[i, end - 1] = False
