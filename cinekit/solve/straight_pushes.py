"""What flows along straight lines: a first flow that leaves little to search for.

In a move on a clip most pixels have a small excess or deficit, and its match lies a few pixels away
in the same row or column. Four passes, right, left, down and up, settle those exactly in linear
time; the search of :mod:`cinekit.solve.breadth_first_cut` is left with the one pixel in fifty whose
deficit they could not fill.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ZERO = np.float32(0)


@njit(cache=True, nogil=True)
def push_straight(excess, down, up, right, left, spans, wanted):  # type: ignore[no-untyped-def]
    """Push every excess along its row and column into the deficits that it reaches, in place.

    excess : float32 (h, w), < 0 a deficit. down, up, right, left : residual capacities, float32,
        see :func:`cinekit.solve.grid_cut.grid_cut`. spans : int32 (n, 3), the pixels in play, see
        :class:`cinekit.energy.area.Area`; down and up are 0 where they leave them.
    wanted : float32 (h, w), scratch without NaN.

    Returns the flow, in float64: by how much the deficits shrank.
    """
    before = _deficit(excess, spans)
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        e, ahead, behind = excess[i, a:b], right[i, a : b - 1], left[i, a : b - 1]
        _along_row(e, ahead, behind, wanted[i, a:b])
        _along_row(e[::-1], behind[::-1], ahead[::-1], wanted[i, a:b])
    carried = np.zeros(excess.shape[1], np.float32)
    _along_columns(excess, down, up, spans, wanted, carried)
    flipped = spans[::-1].copy()
    flipped[:, 0] = excess.shape[0] - 1 - flipped[:, 0]
    carried[:] = _ZERO
    _along_columns(excess[::-1], up[::-1], down[::-1], flipped, wanted, carried)
    return before - _deficit(excess, spans)


@njit(cache=True, nogil=True)
def has_deficit(excess, spans):  # type: ignore[no-untyped-def]
    """Whether a pixel of the spans still has an excess below 0."""
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        for j in range(a, b):
            if excess[i, j] < 0:
                return True
    return False


@njit(cache=True, nogil=True)
def _deficit(excess, spans):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        for j in range(a, b):
            total += max(-excess[i, j], _ZERO)
    return total


@njit(cache=True, nogil=True)
def _along_row(excess, ahead, behind, wanted):  # type: ignore[no-untyped-def]
    """One row, to its end. wanted[j] : what pixel j and those behind it can take, scratch."""
    n = excess.shape[0]
    wanted[n - 1] = max(-excess[n - 1], _ZERO)
    for j in range(n - 2, -1, -1):
        wanted[j] = max(-excess[j], _ZERO) + min(ahead[j], wanted[j + 1])
    carried = _ZERO
    for j in range(n - 1):
        here = excess[j] + carried
        carried = min(max(here, _ZERO), min(ahead[j], wanted[j + 1]))
        excess[j] = here - carried
        ahead[j] -= carried
        behind[j] += carried
    excess[n - 1] += carried


@njit(cache=True, nogil=True)
def _along_columns(excess, ahead, behind, spans, wanted, carried):  # type: ignore[no-untyped-def]
    """All columns at once, row by row: the same as :func:`_along_row` on each.

    carried : float32 (w,), zeros. Where a column leaves the spans its capacity is 0, so nothing is
    carried out of them and nothing is wanted from outside.
    """
    last = excess.shape[0] - 1
    for k in range(spans.shape[0] - 1, -1, -1):
        i, a, b = spans[k]
        for j in range(a, b):
            wanted[i, j] = max(-excess[i, j], _ZERO)
        if i < last:
            for j in range(a, b):
                wanted[i, j] += min(ahead[i, j], wanted[i + 1, j])
    for k in range(spans.shape[0]):
        i, a, b = spans[k]
        if i == last:
            for j in range(a, b):
                excess[i, j] += carried[j]
            continue
        for j in range(a, b):
            here = excess[i, j] + carried[j]
            carried[j] = min(max(here, _ZERO), min(ahead[i, j], wanted[i + 1, j]))
            excess[i, j] = here - carried[j]
            ahead[i, j] -= carried[j]
            behind[i, j] += carried[j]
