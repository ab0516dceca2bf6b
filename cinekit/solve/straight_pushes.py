"""What flows along straight lines: a first flow that leaves little to search for.

In a move on a clip most pixels have a small excess or deficit, and its match lies a few pixels away
in the same row or column. Four passes, right, left, down and up, settle those exactly in linear
time; the trees of :mod:`cinekit.solve.boykov_kolmogorov` are left with the one pixel in fifty whose
deficit they could not fill.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ZERO = np.float32(0)


@njit(cache=True, nogil=True)
def push_straight(excess, down, up, right, left):  # type: ignore[no-untyped-def]
    """Push every excess along its row and column into the deficits that it reaches, in place.

    excess : float32 (h, w), < 0 a deficit. down, up, right, left : residual capacities, float32,
        see :func:`cinekit.solve.grid_cut.grid_cut`.

    Returns the flow, in float64: by how much the deficits shrank.
    """
    before = _deficit(excess)
    wanted = np.empty(excess.shape, np.float32)
    for i in range(excess.shape[0]):
        _along_row(excess[i], right[i], left[i], wanted[i])
        _along_row(excess[i, ::-1], left[i, ::-1], right[i, ::-1], wanted[i])
    carried = np.empty(excess.shape[1], np.float32)
    _along_columns(excess, down, up, wanted, carried)
    _along_columns(excess[::-1], up[::-1], down[::-1], wanted, carried)
    return before - _deficit(excess)


@njit(cache=True, nogil=True)
def _deficit(excess):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(excess.shape[0]):
        for j in range(excess.shape[1]):
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
def _along_columns(excess, ahead, behind, wanted, carried):  # type: ignore[no-untyped-def]
    """All columns at once, row by row: the same as :func:`_along_row` on each."""
    h, w = excess.shape
    for j in range(w):
        wanted[h - 1, j] = max(-excess[h - 1, j], _ZERO)
        carried[j] = _ZERO
    for i in range(h - 2, -1, -1):
        for j in range(w):
            wanted[i, j] = max(-excess[i, j], _ZERO) + min(ahead[i, j], wanted[i + 1, j])
    for i in range(h - 1):
        for j in range(w):
            here = excess[i, j] + carried[j]
            carried[j] = min(max(here, _ZERO), min(ahead[i, j], wanted[i + 1, j]))
            excess[i, j] = here - carried[j]
            ahead[i, j] -= carried[j]
            behind[i, j] += carried[j]
    for j in range(w):
        excess[h - 1, j] += carried[j]
