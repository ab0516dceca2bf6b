"""A line-metric problem on a pyramid of coarser and coarser grids with the same energy.

A coarse unary is the sum of the block's unaries, a coarse warp the sum of the warps that cross
from block to block: for labels that are constant on blocks the coarse energy *is* the fine energy,
since warps all rise, so sums of |warp[a] - warp[b]| are |sum of warps[a] - sum of warps[b]|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel

Float = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class LineGrid:
    """One level: labels last, as the kernels walk them.

    unary : float32 (h, w, L), finite except on the finest level.
    vertical, horizontal : float32 (h - 1, w, L) and (h, w - 1, L), rising along L.
    """

    unary: Float
    vertical: Float
    horizontal: Float

    @classmethod
    def of(cls, unary: Float, vertical: Float, horizontal: Float) -> LineGrid:
        """From unaries as problems have them, labels first: float32 (L, h, w)."""
        return cls(np.ascontiguousarray(np.moveaxis(unary, 0, -1)), vertical, horizontal)

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return int(self.unary.shape[0]), int(self.unary.shape[1])

    @property
    def n_labels(self) -> int:
        """L."""
        return int(self.unary.shape[-1])

    @property
    def costs(self) -> tuple[Float, Float, Float]:
        """unary, vertical and horizontal."""
        return self.unary, self.vertical, self.horizontal

    def best_constant(self) -> Labels:
        """The one label that is cheapest everywhere together: int32 (h, w)."""
        best = self.unary.sum(axis=(0, 1), dtype=np.float64).argmin()
        return np.full(self.shape, best, np.int32)

    def softened(self) -> LineGrid:
        """The same problem with finite unaries: forbidden labels become dear ones.

        Dearer than all that a pixel could save by taking one, so the optimum is the same; and
        blocks can be summed although their pixels allow different labels.
        """
        unary = self.unary
        forbidden = np.isinf(unary)
        if not forbidden.any():
            return self
        dear = np.where(forbidden, 0, unary).max(axis=-1)  # (h, w)
        reach = self.vertical[..., -1] - self.vertical[..., 0]
        dear[:-1] += reach
        dear[1:] += reach
        reach = self.horizontal[..., -1] - self.horizontal[..., 0]
        dear[:, :-1] += reach
        dear[:, 1:] += reach
        # A little more than the saving, so that rounding and ties do not matter.
        dear = dear * np.float32(1.01) + np.float32(1e-6)
        soft = np.where(forbidden, dear[..., None], unary)
        return LineGrid(soft, self.vertical, self.horizontal)

    def coarser(self) -> LineGrid:
        """The problem over 2 x 2 blocks."""
        vertical = self.vertical[1::2]  # rows between blocks: (h' - 1 or h', w, L)
        horizontal = self.horizontal[:, 1::2]
        return LineGrid(
            _pair_sums(_pair_sums(self.unary, 0), 1),
            _pair_sums(vertical, 1),
            _pair_sums(horizontal, 0),
        )

    def energy(self, labels: Labels) -> float:
        """E of a labelling, in float64."""
        return float(line_energy(*self.costs, labels))

    def sweep(self, labels: Labels, reach: int = 1) -> None:
        """Every row, then every column, solved given the others; in place.

        reach : see :func:`sweep_rows`; L for all labels everywhere.
        """
        parts = self.costs
        turned = tuple(values.transpose(1, 0, 2) for values in parts)
        sweep_rows(parts[0], parts[2], parts[1], labels, reach)
        sweep_rows(turned[0], turned[1], turned[2], labels.T, reach)


def _pair_sums(values: Float, axis: int) -> Float:
    """Sums of neighbours two by two along axis 0 or 1; the last one alone if the length is odd."""
    shape = list(values.shape)
    shape[axis] = -(-shape[axis] // 2)
    out = np.zeros(shape, np.float32)
    _add_pairs(values, axis, out)
    return out


@kernel
def _add_pairs(values, axis, out):  # type: ignore[no-untyped-def]
    """numpy's reduceat does the same five times slower."""
    down, right = (2, 1) if axis == 0 else (1, 2)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for a in range(values.shape[2]):
                out[i // down, j // right, a] += values[i, j, a]


def upsample(labels: Labels, shape: tuple[int, int], size: int = 2) -> Labels:
    """Labels of blocks at the pixels of the finer grid: int32 ``shape``."""
    fine = labels.repeat(size, axis=0).repeat(size, axis=1)
    return np.ascontiguousarray(fine[: shape[0], : shape[1]])


@kernel
def sweep_rows(unary, along, across, labels, reach):  # type: ignore[no-untyped-def]
    """Solve every row exactly by dynamic programming, given the other rows; labels in place.

    Even rows first, then odd ones: rows of one parity do not meet. The energy never rises. A pixel
    may take the labels of its 3 x 3 neighbourhood, those between them, and ``reach`` more on both
    sides: where unaries and warps are those of a clip, a reach of 1 ends within 0.0003 of the
    energy that all labels would, in a third of the time.

    along, across : the warps of the edges within rows and between rows. For columns, pass the
        transposed arrays.
    """
    h, w, n = unary.shape
    low, high = np.empty(w, np.int32), np.empty(w, np.int32)
    best = np.empty((w, n), np.int32)
    cost, message = np.empty(n, np.float32), np.empty(n, np.float32)
    for parity in range(2):
        for i in range(parity, h, 2):
            _nearby_labels(labels, i, reach, n, low, high)
            for j in range(w):
                if j > 0:
                    first, last = low[j - 1], high[j - 1]
                    range_argmin(
                        cost, along[i, j - 1], first, last, low[j], high[j], message, best[j]
                    )
                for a in range(low[j], high[j] + 1):
                    cost[a] = unary[i, j, a] + (message[a] if j > 0 else np.float32(0))
                if i > 0:
                    here = across[i - 1, j, labels[i - 1, j]]
                    for a in range(low[j], high[j] + 1):
                        cost[a] += abs(across[i - 1, j, a] - here)
                if i + 1 < h:
                    here = across[i, j, labels[i + 1, j]]
                    for a in range(low[j], high[j] + 1):
                        cost[a] += abs(across[i, j, a] - here)
            label = low[w - 1]
            for a in range(low[w - 1] + 1, high[w - 1] + 1):
                if cost[a] < cost[label]:
                    label = a
            labels[i, w - 1] = label
            for j in range(w - 1, 0, -1):
                label = best[j, label]
                labels[i, j - 1] = label


@kernel
def _nearby_labels(labels, i, reach, n, low, high):  # type: ignore[no-untyped-def]
    """The range of labels that each pixel of row i may take."""
    h, w = labels.shape
    above, below = max(i - 1, 0), min(i + 1, h - 1)
    least_before = least = n
    most_before = most = 0
    for k in range(w + 1):  # one column ahead of the pixel that it completes
        least_after, most_after = n, 0
        if k < w:
            a, b, c = labels[above, k], labels[i, k], labels[below, k]
            least_after, most_after = min(a, b, c), max(a, b, c)
        if k > 0:
            low[k - 1] = max(min(least_before, least, least_after) - reach, 0)
            high[k - 1] = min(max(most_before, most, most_after) + reach, n - 1)
        least_before, least = least, least_after
        most_before, most = most, most_after


@kernel(inline=True)
def range_argmin(cost, warp, first, last, low, high, out, best):  # type: ignore[no-untyped-def]
    """out[b] = min_a cost[a] + |warp[a] - warp[b]| over first <= a <= last, for low <= b <= high.

    best[b] : which a attains it.
    """
    lowest = np.float32(np.inf)
    a = k = first
    for b in range(low, high + 1):
        while a <= min(b, last):
            value = cost[a] - warp[a]
            if value < lowest:
                lowest = value
                k = a
            a += 1
        out[b] = lowest + warp[b]
        best[b] = k
    lowest = np.float32(np.inf)
    a = k = last
    for b in range(high, low - 1, -1):
        while a >= max(b, first):
            value = cost[a] + warp[a]
            if value < lowest:
                lowest = value
                k = a
            a -= 1
        value = lowest - warp[b]
        if value < out[b]:
            out[b] = value
            best[b] = k


@kernel
def line_energy(unary, vertical, horizontal, labels):  # type: ignore[no-untyped-def]
    """E of a labelling, in float64."""
    h, w, _ = unary.shape
    total = 0.0
    for i in range(h):
        for j in range(w):
            a = labels[i, j]
            total += unary[i, j, a]
            if i + 1 < h:
                total += abs(vertical[i, j, a] - vertical[i, j, labels[i + 1, j]])
            if j + 1 < w:
                total += abs(horizontal[i, j, a] - horizontal[i, j, labels[i, j + 1]])
    return total
