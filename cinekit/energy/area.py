"""The part of the pixel grid that a move works on: blocks of pixels, and what of them may change.

Most moves could gain in a few places only. Everything about them, pair costs, capacities and cut,
is then computed row by row on the spans of an area instead of on all pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def flat(self) -> NDArray[np.int64]:
        """The spans as ranges of pixel numbers, row by row: int64 (m, 2); all pixels are one."""
        if self.inside.all():
            return np.array([[0, self.inside.size]])
        rows = self.spans[:, :1].astype(np.int64) * self.inside.shape[1]
        flat: NDArray[np.int64] = rows + self.spans[:, 1:]
        return flat

    @classmethod
    def around(
        cls, free: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int]
    ) -> Area:
        """Pixels of a box that may change, and their neighbours.

        free : bool (h', w'), the box. corner : its first row and column in the grid ``shape``.
        """
        top, left = corner
        may_change, inside = np.zeros((2, shape[0] + 2, shape[1] + 2), np.bool_)
        may_change[top + 1 : top + 1 + free.shape[0], left + 1 : left + 1 + free.shape[1]] = free
        box = np.s_[top : top + free.shape[0] + 2, left : left + free.shape[1] + 2]
        some, grown = may_change[box], inside[box]
        grown |= some
        grown[1:] |= some[:-1]
        grown[:-1] |= some[1:]
        grown[:, 1:] |= some[:, :-1]
        grown[:, :-1] |= some[:, 1:]
        inside[[0, -1]] = inside[:, [0, -1]] = False
        steps = np.diff(grown.astype(np.int8), axis=1, prepend=0, append=0)
        rows, first = np.nonzero(steps > 0)
        spans = np.stack([rows + top - 1, first + left - 1, np.nonzero(steps < 0)[1] + left - 1], 1)
        inner = np.s_[1:-1, 1:-1]
        return cls(
            np.ascontiguousarray(spans, np.int32),
            np.ascontiguousarray(inside[inner]),
            np.ascontiguousarray(may_change[inner]),
        )

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
