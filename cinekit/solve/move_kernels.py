"""Kernels of a move: what it could gain, its capacities, what it gained (numba).

``spans``, ``inside`` and ``free`` are those of :class:`cinekit.energy.area.Area`. vertical and
horizontal : float32 (4, h - 1, w) and (4, h, w - 1), E00, E01, E10, E11 of the edges inside.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel

_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_TIGHT = np.float32(1e-4)


@kernel
def potentials(labels, proposal, new, current, vertical, horizontal, size, gain, price):  # type: ignore[no-untyped-def]
    """What taking the proposal could gain at most in every block, and what it costs at least.

    Pair costs being >= 0, a pixel gains at most its fall in unary cost and all that its edges cost
    now. labels : int32 (h, w). proposal : of that shape, or (1, 1) for one label. new, current :
    float32 (h, w), unary costs; an infinite one gains nothing. vertical, horizontal : E00, float32
    (h - 1, w) and (h, w - 1). gain, price : float32 (ceil(h / size), ceil(w / size)), zeros; price
    becomes the rise of the unary costs, -1 where no pixel would change.
    """
    h, w = labels.shape
    single = proposal.size == 1
    changing = np.zeros(gain.shape, np.int32)
    for i in range(h):
        for k in range(gain.shape[1]):
            most = rise = _ZERO
            count = 0
            for j in range(k * size, min(k * size + size, w)):
                label = proposal[0, 0] if single else proposal[i, j]
                if labels[i, j] == label:
                    continue
                count += 1
                fall = current[i, j] - new[i, j]
                rise += max(-fall, _ZERO)
                if i > 0:
                    fall += vertical[i - 1, j]
                if i + 1 < h:
                    fall += vertical[i, j]
                if j > 0:
                    fall += horizontal[i, j - 1]
                if j + 1 < w:
                    fall += horizontal[i, j]
                most += max(fall, _ZERO)
            gain[i // size, k] += most
            price[i // size, k] += rise
            changing[i // size, k] += count
    for i in range(gain.shape[0]):
        for k in range(gain.shape[1]):
            if changing[i, k] == 0:
                price[i, k] = -1


@kernel(inline=True)
def _split(free1, free2, fixed1, fixed2, e00, e01, e10, e11):  # type: ignore[no-untyped-def]
    """An edge's capacity, what it adds to the terminals of its ends, and whether it is truncated.

    An end that is not free counts as the value it is held at, which makes the edge a unary cost.
    """
    room = here = there = _ZERO
    wrong = 0
    if free1 and free2:
        if e01 + e10 < e00 + e11:
            # Rounding makes many a tight term negative: only real violations count.
            wrong = int(e00 + e11 - e01 - e10 > _TIGHT * (e00 + e11))
            e00 = e01 + e10 - e11
        room = _HALF * max(e01 + e10 - e00 - e11, _ZERO)
        here = e10 - e00 - room
        there = e11 - e10 + room
    elif free1:
        here = e11 - e01 if fixed2 else e10 - e00
    elif free2:
        there = e11 - e10 if fixed1 else e01 - e00
    return room, here, there, wrong


@kernel
def capacities(  # type: ignore[no-untyped-def]
    spans, inside, free, fixed, new, current, vertical, horizontal, terminal, down, up, right, left
):
    """The cut that decides a move, see :func:`cinekit.solve.moves.cut_capacities`.

    fixed : bool (h, w), those of the pixels inside that are not free which take the proposal.

    Writes the capacities of the spans, and zeros on the edges that leave them. Returns how many
    terms were truncated.
    """
    h, w = new.shape
    truncated = 0
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            terminal[i, j] = new[i, j] - current[i, j]
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            if i > 0 and not inside[i - 1, j]:
                down[i - 1, j] = up[i - 1, j] = _ZERO
            if i + 1 < h and inside[i + 1, j]:
                room, here, there, wrong = _split(
                    free[i, j], free[i + 1, j], fixed[i, j], fixed[i + 1, j],
                    vertical[0, i, j], vertical[1, i, j], vertical[2, i, j], vertical[3, i, j],
                )  # fmt: skip
                truncated += wrong
                terminal[i, j] += here
                terminal[i + 1, j] += there
                down[i, j] = up[i, j] = room
            elif i + 1 < h:
                down[i, j] = up[i, j] = _ZERO
            if j + 1 < end:
                room, here, there, wrong = _split(
                    free[i, j], free[i, j + 1], fixed[i, j], fixed[i, j + 1],
                    horizontal[0, i, j], horizontal[1, i, j], horizontal[2, i, j],
                    horizontal[3, i, j],
                )  # fmt: skip
                truncated += wrong
                terminal[i, j] += here
                terminal[i, j + 1] += there
                right[i, j] = left[i, j] = room
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            if not free[i, j]:
                terminal[i, j] = _ZERO
            elif np.isinf(new[i, j]):
                # Forbidden: dearer than all that its edges could save, which keeps x = 0 exactly.
                room = np.float32(1)
                if i > 0:
                    room += down[i - 1, j]
                if i + 1 < h:
                    room += down[i, j]
                if j > 0:
                    room += right[i, j - 1]
                if j + 1 < w:
                    room += right[i, j]
                terminal[i, j] = room
    return truncated


@kernel
def energy_change(spans, inside, taken, new, current, vertical, horizontal):  # type: ignore[no-untyped-def]
    """True energy of the edges and pixels inside, after the move minus before, float64.

    taken : bool (h, w). Where all of them are free this is all that changes.
    """
    h = new.shape[0]
    change = 0.0
    for k in range(spans.shape[0]):
        i, first, end = spans[k]
        for j in range(first, end):
            if taken[i, j]:
                change += new[i, j] - current[i, j]
            if i + 1 < h and inside[i + 1, j]:
                which = taken[i, j] * 2 + taken[i + 1, j]
                change += vertical[which, i, j] - vertical[0, i, j]
            if j + 1 < end:
                which = taken[i, j] * 2 + taken[i, j + 1]
                change += horizontal[which, i, j] - horizontal[0, i, j]
    return change
