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
        a, b = flat[span]
        proposed, kept, difference = new[a:b], current[a:b], terminal[a:b]
        for k in range(b - a):
            difference[k] = proposed[k] - kept[k]
    truncated = edge_capacities(flat, w, free, fixed, vertical, terminal, down, up)
    truncated += edge_capacities(flat, 1, free, fixed, horizontal, terminal, right, left)
    for span in range(flat.shape[0]):
        a, b = flat[span]
        if b - a < new.shape[0]:
            _close_above(inside, max(a - w, 0), b - w, down, up)
        may_change, difference = free[a:b], terminal[a:b]
        forbidden = 0
        for k in range(b - a):
            difference[k] = difference[k] if may_change[k] else _ZERO
            forbidden += difference[k] == np.inf
        if forbidden:
            for k in range(a, b):
                if np.isinf(terminal[k]):
                    terminal[k] = _dear(k, w, down, right)
    return truncated


@kernel
def _close_above(inside, a, b, down, up):  # type: ignore[no-untyped-def]
    """No capacity between pixels a .. b - 1, where they are not inside, and those below them."""
    for k in range(a, b):
        if not inside[k]:
            down[k] = up[k] = _ZERO


@kernel
def _dear(k, w, down, right):  # type: ignore[no-untyped-def]
    """Dearer than all that the edges of a pixel could save, which keeps x = 0 exactly."""
    room = np.float32(1)
    if k >= w:
        room += down[k - w]
    if k < down.shape[0]:
        room += down[k]
    if k > 0:
        room += right[k - 1]
    return room + right[k]


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
    change = 0.0
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if taken[k]:
                change += new[k] - current[k]
    change += _pair_change(flat, new.shape[0] - vertical.shape[1], inside, taken, vertical)
    return change + _pair_change(flat, 1, inside, taken, horizontal)


@kernel
def _pair_change(flat, step, inside, taken, costs):  # type: ignore[no-untyped-def]
    """That of the edges along an axis."""
    change = 0.0
    for span in range(flat.shape[0]):
        a = flat[span, 0]
        n = min(flat[span, 1], taken.shape[0] - step) - a
        first, second, there = taken[a:], taken[a + step :], inside[a + step :]
        costs_here = costs[:, a:]
        for k in range(n):
            if (first[k] | second[k]) & there[k]:
                change += costs_here[2 * first[k] + second[k], k] - costs_here[0, k]
    return change


@kernel
def accept(flat, taken, proposal, new, labels, current, vertical, horizontal):  # type: ignore[no-untyped-def]
    """Make the move: labels, unary costs and E00 as they are after it.

    taken : bool (n,), only free pixels. proposal : int32 (n,), or (1,) for one label.
    """
    single = proposal.size == 1
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if taken[k]:
                labels[k] = proposal[0] if single else proposal[k]
                current[k] = new[k]
    _accept_edges(flat, new.shape[0] - vertical.shape[1], taken, vertical)
    _accept_edges(flat, 1, taken, horizontal)


@kernel
def _accept_edges(flat, step, taken, costs):  # type: ignore[no-untyped-def]
    for span in range(flat.shape[0]):
        a = flat[span, 0]
        n = min(flat[span, 1], taken.shape[0] - step) - a
        first, second, costs_here = taken[a:], taken[a + step :], costs[:, a:]
        for k in range(n):
            if first[k] | second[k]:
                costs_here[0, k] = costs_here[2 * first[k] + second[k], k]
