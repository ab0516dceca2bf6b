"""What flows along straight lines: a first flow that leaves little to search for.

In a move on a clip most pixels have a small excess or deficit, and its match lies a few pixels away
in the same row or column. Four passes, right, left, down and up, settle those exactly in linear
time; the search of :mod:`cinekit.solve.breadth_first_cut` is left with the one pixel in fifty whose
deficit they could not fill.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel

_ZERO = np.float32(0)
_LANES = 288  # rows that are pushed along side by side
_BLOCK = 32  # pixels of a row that are turned at once, so that what is written stays in the cache


@kernel
def push_straight(excess, down, up, right, left, spans, wanted):  # type: ignore[no-untyped-def]
    """Push every excess along its row and column into the deficits that it reaches, in place.

    excess : float32 (h, w), < 0 a deficit. down, up, right, left : residual capacities, float32,
        see :func:`cinekit.solve.grid_cut.grid_cut`. spans : int32 (n, 3), the pixels in play, see
        :class:`cinekit.energy.area.Area`; down and up are 0 where they leave them.
    wanted : float32 (h, w), scratch without NaN.

    Returns the flow, in float64: by how much the deficits shrank.
    """
    before = _deficit(excess, spans)
    _along_rows(excess, right, left, spans)
    _along_columns(excess, down, up, spans, wanted)
    return before - _deficit(excess, spans)


@kernel
def has_deficit(excess, spans):  # type: ignore[no-untyped-def]
    """Whether a pixel of the spans still has an excess below 0."""
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        for j in range(a, b):
            if excess[i, j] < 0:
                return True
    return False


@kernel(fastmath={"reassoc"})
def _deficit(excess, spans):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        for j in range(a, b):
            total += max(-excess[i, j], _ZERO)
    return total


@kernel
def _along_rows(excess, right, left, spans):  # type: ignore[no-untyped-def]
    """All rows to their right ends, then back: turned into columns, which vector instructions do
    side by side.
    """
    n = 0
    for k in range(spans.shape[0]):
        n = max(n, spans[k, 2] - spans[k, 1])
    lanes = min(_LANES, spans.shape[0])
    turned, wanted = np.zeros((n, lanes), np.float32), np.zeros((n, lanes), np.float32)
    ahead, behind = np.zeros((n, lanes), np.float32), np.zeros((n, lanes), np.float32)
    whole = np.empty((n, 3), np.int32)
    for j in range(n):
        whole[j] = j, 0, lanes
    for first in range(0, spans.shape[0], lanes):
        group = spans[first : first + lanes]
        _turn(excess, group, 0, turned)
        _turn(right, group, 1, ahead)
        _turn(left, group, 1, behind)
        _along_columns(turned, ahead, behind, whole, wanted)
        _turn_back(turned, group, 0, excess)
        _turn_back(ahead, group, 1, right)
        _turn_back(behind, group, 1, left)


@kernel
def _turn(plane, spans, less, turned):  # type: ignore[no-untyped-def]
    """turned[:, k] = span k of a plane, which ends ``less`` earlier there; zeros after its end."""
    turned[:] = _ZERO
    for begin in range(0, turned.shape[0], _BLOCK):
        for k in range(spans.shape[0]):
            i, a, b = spans[k]
            piece = plane[i, a + begin : min(a + begin + _BLOCK, b - less)]
            for j in range(piece.shape[0]):
                turned[begin + j, k] = piece[j]


@kernel
def _turn_back(turned, spans, less, plane):  # type: ignore[no-untyped-def]
    """The inverse of :func:`_turn`."""
    for begin in range(0, turned.shape[0], _BLOCK):
        for k in range(spans.shape[0]):
            i, a, b = spans[k]
            piece = plane[i, a + begin : min(a + begin + _BLOCK, b - less)]
            for j in range(piece.shape[0]):
                piece[j] = turned[begin + j, k]


@kernel
def _along_columns(excess, ahead, behind, spans, wanted):  # type: ignore[no-untyped-def]
    """All columns to their lower ends, then back up, row by row.

    wanted : what the pixels can take and, through them, those beyond; scratch without NaN. Where a
    column leaves the spans its capacity is 0: nothing is wanted from there, or carried there.
    """
    last = excess.shape[0] - 1
    n = spans.shape[0]
    carried = np.zeros(excess.shape[1], np.float32)
    for k in range(n - 1, -1, -1):
        i, a, b = spans[k]
        _want(excess[i, a:b], wanted[i, a:b])
        if i < last:
            _want_beyond(ahead[i, a:b], wanted[i + 1, a:b], wanted[i, a:b])
    for k in range(n):
        i, a, b = spans[k]
        _bring(carried[a:b], excess[i, a:b])
        if i < last:
            edges = ahead[i, a:b], behind[i, a:b]
            _carry(excess[i, a:b], *edges, wanted[i + 1, a:b], carried[a:b])
    carried[:] = _ZERO
    for k in range(n):
        i, a, b = spans[k]
        _want(excess[i, a:b], wanted[i, a:b])
        if i > 0:
            _want_beyond(behind[i - 1, a:b], wanted[i - 1, a:b], wanted[i, a:b])
    for k in range(n - 1, -1, -1):
        i, a, b = spans[k]
        _bring(carried[a:b], excess[i, a:b])
        if i > 0:
            edges = behind[i - 1, a:b], ahead[i - 1, a:b]
            _carry(excess[i, a:b], *edges, wanted[i - 1, a:b], carried[a:b])


@kernel
def _want(excess, wanted):  # type: ignore[no-untyped-def]
    """What pixels can take themselves."""
    for j in range(excess.shape[0]):
        wanted[j] = max(-excess[j], _ZERO)


@kernel
def _want_beyond(ahead, beyond, wanted):  # type: ignore[no-untyped-def]
    """What those beyond can take through them."""
    for j in range(ahead.shape[0]):
        wanted[j] += min(ahead[j], beyond[j])


@kernel
def _bring(carried, excess):  # type: ignore[no-untyped-def]
    for j in range(excess.shape[0]):
        excess[j] += carried[j]


@kernel
def _carry(excess, ahead, behind, beyond, carried):  # type: ignore[no-untyped-def]
    """Pixels pass on what they have as far as it is wanted beyond them: it is carried."""
    for j in range(excess.shape[0]):
        passed = min(max(excess[j], _ZERO), min(ahead[j], beyond[j]))
        carried[j] = passed
        excess[j] -= passed
        ahead[j] -= passed
        behind[j] += passed
