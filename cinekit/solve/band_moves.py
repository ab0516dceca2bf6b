"""One expansion move inside the band: its capacities, and what it changes.

An expansion move on alpha lets every allowed pixel keep its label (x = 0) or take alpha (x = 1).
"""

from __future__ import annotations

from cinekit.energy.distance import WRAP, colour_phi, colour_psi
from cinekit.energy.jit import kernel


@kernel
def unary_cost(k, y, x, label, period, start, signals, n, temporal, still, moving):  # type: ignore[no-untyped-def]
    """E_temp + a1 E_label of one pixel ([O] Eq. 2, 6); k is its row in signals, n the clip's T."""
    p = period[label]
    if p == 1:
        return float(still[y, x])
    cost, _sides = colour_phi(signals[k], p, start[label], n, WRAP)
    return float(moving[y, x]) + float(temporal[y, x]) * cost / (3.0 * 65025.0)


@kernel
def edge_cost(k, m, weight, a, b, period, start, signals, sums):  # type: ignore[no-untyped-def]
    """a2 E_spa of one edge, [O] Eq. 4: gamma_s / 3 (Psi at one end + Psi at the other)."""
    if a == b or weight == 0.0:
        return 0.0
    total = colour_psi(signals[k], period[a], start[a], period[b], start[b], sums)
    total += colour_psi(signals[m], period[a], start[a], period[b], start[b], sums)
    return float(weight) * total / (3.0 * 65025.0)


@kernel
def capacities(  # type: ignore[no-untyped-def]
    alpha, box, allowed, labels, period, start, row, signals, n, costs, sums, terminal, edges
):
    """Terminals and edge capacities of the move for the pixels of a box.

    box : (top, bottom, left, right). allowed : bool (h, w) of the box. labels, row : int32 (H, W).
    costs : (temporal, still, moving, down, right), see :class:`cinekit.solve.refine.BorderCosts`.
    terminal : float32 (h, w), out. edges : (down, up, right, left) of the box, float32, out, in
        the convention of :func:`cinekit.solve.grid_cut.grid_cut`.

    Returns the number of terms that were not submodular and were truncated (Rother et al. 2005).
    """
    top, bottom, left, right = box
    temporal, still, moving, weight_down, weight_right = costs
    down, _up, rightward, _left = edges
    truncated = 0
    for y in range(top, bottom):
        for x in range(left, right):
            if allowed[y - top, x - left]:
                k = row[y, x]
                here = labels[y, x]
                terminal[y - top, x - left] += unary_cost(
                    k, y, x, alpha, period, start, signals, n, temporal, still, moving
                ) - unary_cost(k, y, x, here, period, start, signals, n, temporal, still, moving)
    height, width = labels.shape
    for y in range(max(top - 1, 0), bottom):
        for x in range(max(left - 1, 0), right):
            first = y >= top and x >= left and allowed[y - top, x - left]
            for axis in range(2):
                v = y + 1 - axis
                u = x + axis
                if v >= height or u >= width:
                    continue
                second = top <= v < bottom and left <= u < right and allowed[v - top, u - left]
                if not (first or second):
                    continue
                a = labels[y, x]
                b = labels[v, u]
                k = row[y, x]
                m = row[v, u]
                weight = weight_down[y, x] if axis == 0 else weight_right[y, x]
                now = edge_cost(k, m, weight, a, b, period, start, signals, sums)
                if first and second:
                    second_moves = edge_cost(k, m, weight, a, alpha, period, start, signals, sums)
                    first_moves = edge_cost(k, m, weight, alpha, b, period, start, signals, sums)
                    forward = second_moves + first_moves - now
                    if forward < 0.0:
                        if forward < -1e-7:
                            truncated += 1
                        now += forward
                        forward = 0.0
                    terminal[y - top, x - left] += first_moves - now
                    terminal[v - top, u - left] -= first_moves
                    if axis == 0:
                        down[y - top, x - left] = forward
                    else:
                        rightward[y - top, x - left] = forward
                elif first:
                    terminal[y - top, x - left] += (
                        edge_cost(k, m, weight, alpha, b, period, start, signals, sums) - now
                    )
                else:
                    terminal[v - top, u - left] += (
                        edge_cost(k, m, weight, a, alpha, period, start, signals, sums) - now
                    )
    return truncated


@kernel
def energy_of(labels, active, box, period, start, row, signals, n, costs, sums):  # type: ignore[no-untyped-def]
    """Unary cost of the active pixels and pair cost of the edges that touch one: two float64.

    active : bool (H, W), False outside the box (top, bottom, left, right).
    """
    temporal, still, moving, weight_down, weight_right = costs
    height, width = labels.shape
    top, bottom, left, right = box
    unary = 0.0
    pair = 0.0
    for y in range(max(top - 1, 0), bottom):
        for x in range(max(left - 1, 0), right):
            here = active[y, x]
            if here:
                unary += unary_cost(
                    row[y, x], y, x, labels[y, x], period, start, signals, n, temporal, still,
                    moving,
                )  # fmt: skip
            if y + 1 < height and (here or active[y + 1, x]):
                pair += edge_cost(
                    row[y, x], row[y + 1, x], weight_down[y, x], labels[y, x], labels[y + 1, x],
                    period, start, signals, sums,
                )  # fmt: skip
            if x + 1 < width and (here or active[y, x + 1]):
                pair += edge_cost(
                    row[y, x], row[y, x + 1], weight_right[y, x], labels[y, x], labels[y, x + 1],
                    period, start, signals, sums,
                )  # fmt: skip
    return unary, pair


@kernel
def gather(frames, shows, rows, columns, signals):  # type: ignore[no-untyped-def]
    """Copy the signals of single pixels: uint8 (N, T + E, 3) from uint8 (T, H, W, 3).

    shows : int32 (T + E,), the frame that each index of a label shows.
    """
    for t in range(shows.shape[0]):
        for k in range(rows.shape[0]):
            for c in range(3):
                signals[k, t, c] = frames[shows[t], rows[k], columns[k], c]
