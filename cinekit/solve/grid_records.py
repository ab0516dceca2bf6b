"""Records of a cut on an implicit 4-connected grid: residual capacities and search state.

The graph is never built: a pixel's neighbours are at fixed offsets of a grid padded by one ring, so
no index arrays exist. One record a pixel, not one array a field: the fields are used together, a
record fills half a cache line, and every array argument costs a kernel call two atomic reference
counts.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel

_ZERO = np.float32(0)
# Columns of float32: residual capacities in the four directions (right, left, down, up; the
# opposite of d is d ^ 1), the excess, < 0 a deficit ...
EXCESS = 4
# ... and of int32, the same bits: the label (0 outside the forest), the direction of the parent,
# and the next pixel of the same list. Before there is a forest the parent's place holds a distance.
LABEL, PARENT, NEXT = 5, 6, 7
DISTANCE = PARENT
RECORD = 8
ROOT, ORPHAN = 4, 5
"""What a pixel without a parent has in its place."""


@kernel
def fill_records(excess, down, up, right, left, spans, state, node, deficits):  # type: ignore[no-untyped-def]
    """Fill the records of the spans; how many pixels have a deficit and how many an excess.

    excess, down, up, right, left, spans : as for
        :func:`cinekit.solve.straight_pushes.push_straight`. deficits : int32, the former pixels in
        reading order.
    """
    width = excess.shape[1] + 2
    n = n_excesses = 0
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            p = (i + 1) * width + j + 1
            state[p, 0] = right[i, j] if j + 1 < end else _ZERO
            state[p, 1] = left[i, j - 1] if j > first else _ZERO
            state[p, 2] = down[i, j] if i < down.shape[0] else _ZERO
            state[p, 3] = up[i - 1, j] if i > 0 else _ZERO
            state[p, EXCESS] = excess[i, j]
            node[p, LABEL] = 0
            node[p, NEXT] = 0
            node[p, DISTANCE] = excess[i, j] <= 0
            n_excesses += excess[i, j] > 0
            if excess[i, j] < 0:
                deficits[n] = p
                n += 1
    return n, n_excesses


@kernel
def mark_forest(node, spans, segments):  # type: ignore[no-untyped-def]
    """segments[i, j] = the pixel of the spans has a label: bool (h, w)."""
    width = segments.shape[1] + 2
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            segments[i, j] = node[(i + 1) * width + j + 1, LABEL] > 0
