"""Kernels of a move: what it could gain, its capacities, what it gained, and making it (numba).

Pixels are numbered row by row, and so are edges: number k joins pixel k to k + step, the width of
the grid (vertical) or 1. Where a row ends the latter do not exist; their costs are zeros. All
arrays are flat. ``flat``, ``inside`` and ``free`` are those of
:class:`cinekit.energy.area.Area`. vertical, horizontal : float32 (4, edges), E00, E01, E10, E11.
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
    (h - 1, w) and (h, w). gain, price : float32 (ceil(h / size), ceil(w / size)), zeros; price
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


@kernel
def capacities(  # type: ignore[no-untyped-def]
    flat, inside, free, fixed, new, current, vertical, horizontal, terminal, down, up, right, left
):
    """The cut that decides a move, see :func:`cinekit.solve.moves.cut_capacities`.

    fixed : bool (n,), those of the pixels inside that are not free which take the proposal.

    Writes the capacities of the area, and zeros on the edges that leave it. Returns how many terms
    were truncated.
    """
    w = new.shape[0] - down.shape[0]
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            terminal[k] = new[k] - current[k]
    truncated = edge_capacities(flat, w, free, fixed, vertical, terminal, down, up)
    truncated += edge_capacities(flat, 1, free, fixed, horizontal, terminal, right, left)
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if k >= w and not inside[k - w]:
                down[k - w] = up[k - w] = _ZERO
            if not free[k]:
                terminal[k] = _ZERO
            elif np.isinf(new[k]):
                # Forbidden: dearer than all that its edges could save, which keeps x = 0 exactly.
                room = np.float32(1)
                for step, rooms in ((w, down), (1, right)):
                    if k >= step:
                        room += rooms[k - step]
                    if k < rooms.shape[0]:
                        room += rooms[k]
                terminal[k] = room
    return truncated


@kernel
def edge_capacities(flat, step, free, fixed, costs, terminal, forward, backward):  # type: ignore[no-untyped-def]
    """Capacities of edges, and what they add to the terminals of their ends; the terms truncated.

    An end that is not free counts as the value it is held at, which makes the edge a unary cost.
    """
    truncated = 0
    for span in range(flat.shape[0]):
        a = flat[span, 0]
        n = min(flat[span, 1], terminal.shape[0] - step) - a
        if n <= 0:
            continue
        e00, e01, e10, e11 = (
            costs[0, a : a + n],
            costs[1, a : a + n],
            costs[2, a : a + n],
            costs[3, a : a + n],
        )
        free1, free2 = free[a : a + n], free[a + step : a + step + n]
        fixed1, fixed2 = fixed[a : a + n], fixed[a + step : a + step + n]
        here, there = terminal[a : a + n], terminal[a + step : a + step + n]
        room, back = forward[a : a + n], backward[a : a + n]
        # Two passes without a branch, which vector instructions do.
        for k in range(n):
            both = free1[k] & free2[k]
            bracket = (e01[k] - e11[k]) + (e10[k] - e00[k])
            lowered = min(bracket, _ZERO)
            # Rounding makes many a tight term negative: only real violations count.
            truncated += both & (-bracket > _TIGHT * (e00[k] + e11[k]))
            capacity = _HALF * (bracket - lowered) if both else _ZERO
            room[k] = capacity
            back[k] = capacity
            alone = e11[k] - e01[k] if fixed2[k] else e10[k] - e00[k]
            # Lowering E00 makes up for a negative bracket.
            shared = (e10[k] - e00[k]) - lowered - capacity
            here[k] += shared if both else alone if free1[k] else _ZERO
        for k in range(n):
            both = free1[k] & free2[k]
            alone = e11[k] - e10[k] if fixed1[k] else e01[k] - e00[k]
            shared = (e11[k] - e10[k]) + room[k]
            there[k] += shared if both else alone if free2[k] else _ZERO
    return truncated


@kernel
def energy_change(flat, inside, taken, new, current, vertical, horizontal):  # type: ignore[no-untyped-def]
    """True energy of the edges and pixels inside, after the move minus before, float64.

    taken : bool (n,). Where all of them are free this is all that changes.
    """
    n = new.shape[0]
    w = n - vertical.shape[1]
    change = 0.0
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if taken[k]:
                change += new[k] - current[k]
            for step, costs in ((w, vertical), (1, horizontal)):
                if k + step < n and (taken[k] or taken[k + step]) and inside[k + step]:
                    which = taken[k] * 2 + taken[k + step]
                    change += costs[which, k] - costs[0, k]
    return change


@kernel
def accept(flat, taken, proposal, new, labels, current, vertical, horizontal):  # type: ignore[no-untyped-def]
    """Make the move: labels, unary costs and E00 as they are after it.

    taken : bool (n,), only free pixels. proposal : int32 (n,), or (1,) for one label.
    """
    n = new.shape[0]
    w = n - vertical.shape[1]
    single = proposal.size == 1
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if taken[k]:
                labels[k] = proposal[0] if single else proposal[k]
                current[k] = new[k]
            for step, costs in ((w, vertical), (1, horizontal)):
                if k + step < n and (taken[k] or taken[k + step]):
                    costs[0, k] = costs[taken[k] * 2 + taken[k + step], k]
