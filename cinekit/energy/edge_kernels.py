"""Pair costs over whole label maps (numba).

A problem's labels are stored as two flat int16 tables, period and start, with a stride per label
and a stride per pixel: ``period[l * period_label + i * period_pixel]``. A table that is the same
for all labels or for all pixels has stride 0 there, so one kernel serves every stage.

Pixels are numbered row by row, ``i = y * w + x``. An edge joins i (the first end) to its lower
neighbour (axis 0, weights (h-1, w)) or right neighbour (axis 1, weights (h, w-1)).
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.distance import from_sums, loop_distance, same_period
from cinekit.energy.jit import kernel


@kernel(inline=True)
def pair_cost(x, squares, sums, i, j, p1, s1, p2, s2):  # type: ignore[no-untyped-def]
    """PsiV and PsiF of one edge, [O] Eq. 4: what both ends see of the two labels."""
    if p1 == p2 and s1 == s2:
        return np.float32(0)
    here = loop_distance(x, squares, sums, i, p1, s1, p2, s2)
    return here + loop_distance(x, squares, sums, j, p1, s1, p2, s2)


@kernel
def edge_costs(x, squares, sums, weights, axis, p1, s1, p2, s2, out):  # type: ignore[no-untyped-def]
    """Cost of every edge along an axis. p1 .. s2 : int16 in the edges' shape, as are out."""
    h, w = weights.shape
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    for y in range(h):
        for k in range(w):
            i = y * width + k
            cost = pair_cost(
                x, squares, sums, i, i + stride, p1[y, k], s1[y, k], p2[y, k], s2[y, k]
            )
            out[y, k] = weights[y, k] * cost


@kernel
def look_up(table, label_stride, pixel_stride, labels, out):  # type: ignore[no-untyped-def]
    """out[i] = the table's entry for label labels[i] at pixel i."""
    for i in range(labels.shape[0]):
        out[i] = table[labels[i] * label_stride + i * pixel_stride]


@kernel
def look_up_spans(table, label_stride, pixel_stride, labels, step, flat, out):  # type: ignore[no-untyped-def]
    """:func:`look_up` on the pixels of an area, see :attr:`cinekit.energy.area.Area.flat`.

    The label of pixel i is labels[i * step]: step 0 is one label for all.
    """
    for k in range(flat.shape[0]):
        for i in range(flat[k, 0], flat[k, 1]):
            out[i] = table[labels[i * step] * label_stride + i * pixel_stride]


@kernel
def own_distances(x, squares, sums, pc, sc, pa, sa, flat, out):  # type: ignore[no-untyped-def]
    """Per pixel of an area, the distance between its current label and its proposed one."""
    for k in range(flat.shape[0]):
        for i in range(flat[k, 0], flat[k, 1]):
            out[i] = loop_distance(x, squares, sums, i, pc[i], sc[i], pa[i], sa[i])


@kernel
def own_from_sums(x, sums, period, s1, s2, flat, out):  # type: ignore[no-untyped-def]
    """:func:`own_distances` where every pixel has one period, that of its sums: ten times faster.

    period, s1, s2 : int16 (n,).
    """
    for k in range(flat.shape[0]):
        for i in range(flat[k, 0], flat[k, 1]):
            p = period[i]
            d = abs(s1[i] - s2[i])
            if d == 0:
                out[i] = 0
            elif p > 1 and d <= p * sums.shape[1]:
                out[i] = from_sums(sums, i, p, s1[i], s2[i])
            else:
                out[i] = same_period(x, i, p, s1[i], s2[i])


@kernel
def move_costs(  # type: ignore[no-untyped-def]
    x, squares, sums, weights, axis, spans, inside, pc, sc, pa, sa, own, keep, guess, out
):
    """The four pair costs in one move of every edge that has both ends inside, in one pass.

    spans, inside : see :class:`cinekit.energy.area.Area`. pc, sc : int16 (n,), current period and
    start. pa, sa : the proposed ones. own : float32 (n,), :func:`own_distances`. Wherever both ends
    of an edge share the current or the proposed label, a term is one of these, so most edges need
    no new distance. keep : out[0] already holds the current costs. guess : planes 1 and 2 may take
    what an end sees between its own two labels for what it sees between one of them and one of the
    neighbour's. The latter are mostly loops of the same period that start at another frame; at
    borders of periods the guess is rough. out : float32 (4, h, w) or one row less, see
    :class:`cinekit.energy.problem.MoveCosts`.
    """
    h, w = weights.shape
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    for span in range(spans.shape[0]):
        y, first, end = spans[span]
        if y == h:
            continue
        for k in range(first, end - axis):
            if axis == 0 and not inside[y + 1, k]:
                continue
            i = y * width + k
            j = i + stride
            weight = weights[y, k]
            same_cur = pc[i] == pc[j] and sc[i] == sc[j]
            same_new = pa[i] == pa[j] and sa[i] == sa[j]
            if not keep:
                if same_cur:
                    out[0, y, k] = 0
                else:
                    out[0, y, k] = weight * pair_cost(
                        x, squares, sums, i, j, pc[i], sc[i], pc[j], sc[j]
                    )
            if same_cur and same_new:
                both = weight * (own[i] + own[j])
                out[1, y, k] = both
                out[2, y, k] = both
                out[3, y, k] = 0
                continue
            cur_new = new_cur = np.float32(0)
            if pc[i] != pa[j] or sc[i] != sa[j]:
                if same_new or (guess and own[i] > 0):
                    cur_new += own[i]
                else:
                    cur_new += loop_distance(x, squares, sums, i, pc[i], sc[i], pa[j], sa[j])
                if same_cur or (guess and own[j] > 0):
                    cur_new += own[j]
                else:
                    cur_new += loop_distance(x, squares, sums, j, pc[i], sc[i], pa[j], sa[j])
            if pa[i] != pc[j] or sa[i] != sc[j]:
                if same_cur or (guess and own[i] > 0):
                    new_cur += own[i]
                else:
                    new_cur += loop_distance(x, squares, sums, i, pa[i], sa[i], pc[j], sc[j])
                if same_new or (guess and own[j] > 0):
                    new_cur += own[j]
                else:
                    new_cur += loop_distance(x, squares, sums, j, pa[i], sa[i], pc[j], sc[j])
            out[1, y, k] = weight * cur_new
            out[2, y, k] = weight * new_cur
            if same_new:
                out[3, y, k] = 0
            else:
                out[3, y, k] = weight * pair_cost(
                    x, squares, sums, i, j, pa[i], sa[i], pa[j], sa[j]
                )


@kernel
def mixed_costs(x, squares, sums, weights, axis, rows, columns, pc, sc, pa, sa, taken, out):  # type: ignore[no-untyped-def]
    """What edges cost of which one end takes the proposal and the other keeps its label.

    rows, columns : int (m,), where these edges are. taken : bool (n,). The others : as in
    :func:`move_costs`, of which this corrects the guesses.
    """
    w = weights.shape[1]
    stride = w if axis == 0 else 1
    width = w if axis == 0 else w + 1
    for m in range(rows.shape[0]):
        y, k = rows[m], columns[m]
        i = y * width + k
        j = i + stride
        if taken[i]:
            cost = pair_cost(x, squares, sums, i, j, pa[i], sa[i], pc[j], sc[j])
            out[2, y, k] = weights[y, k] * cost
        else:
            cost = pair_cost(x, squares, sums, i, j, pc[i], sc[i], pa[j], sa[j])
            out[1, y, k] = weights[y, k] * cost
