"""Message passing where pair costs are explicit tables: the coarse start of a general problem.

Arrays, float32: unary (h, w, L), vertical (h - 1, w, L, L), horizontal (h, w - 1, L, L), messages
(h, w, 4, L) as in :mod:`cinekit.solve.line_metric`. Costs may be inf in the unaries only, and every
pixel must have a finite one.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel
from cinekit.solve.line_metric import ABOVE, BELOW, LEFT, RIGHT, _belief

# No NaN arises and the sign of zero does not matter: these two flags let a minimum vectorise.
_FAST = {"nnan", "nsz"}


@kernel(fastmath=_FAST)
def send_down_table(cost, table, out):  # type: ignore[no-untyped-def]
    """out[b] = min_a cost[a] + table[a, b], less its minimum, which is returned."""
    n = cost.shape[0]
    for b in range(n):
        out[b] = np.float32(np.inf)
    for a in range(n):
        here = cost[a]
        for b in range(n):
            out[b] = min(out[b], here + table[a, b])
    return _normalise(out)


@kernel(fastmath=_FAST)
def send_up_table(cost, table, out):  # type: ignore[no-untyped-def]
    """out[a] = min_b cost[b] + table[a, b], less its minimum, which is returned."""
    n = cost.shape[0]
    for a in range(n):
        smallest = np.float32(np.inf)
        for b in range(n):
            smallest = min(smallest, cost[b] + table[a, b])
        out[a] = smallest
    return _normalise(out)


@kernel(fastmath=_FAST)
def _normalise(out):  # type: ignore[no-untyped-def]
    smallest = out[0]
    for b in range(1, out.shape[0]):
        smallest = min(smallest, out[b])
    for b in range(out.shape[0]):
        out[b] -= smallest
    return smallest


@kernel
def trws_iteration(unary, vertical, horizontal, messages):  # type: ignore[no-untyped-def]
    """One forward and one backward pass of TRW-S; the lower bound."""
    h, w, n = unary.shape
    total = np.empty(n, np.float32)
    cost = np.empty(n, np.float32)
    for i in range(h):
        for j in range(w):
            share = _belief(unary, messages, i, j, total)
            if j + 1 < w:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, RIGHT, a]
                send_down_table(cost, horizontal[i, j], messages[i, j + 1, LEFT])
            if i + 1 < h:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, BELOW, a]
                send_down_table(cost, vertical[i, j], messages[i + 1, j, ABOVE])
    bound = 0.0
    for i in range(h - 1, -1, -1):
        for j in range(w - 1, -1, -1):
            share = _belief(unary, messages, i, j, total)
            bound += _normalise(total)
            if j > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, LEFT, a]
                bound += send_up_table(cost, horizontal[i, j - 1], messages[i, j - 1, RIGHT])
            if i > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, ABOVE, a]
                bound += send_up_table(cost, vertical[i - 1, j], messages[i - 1, j, BELOW])
    return bound


@kernel
def decode(unary, vertical, horizontal, messages, labels):  # type: ignore[no-untyped-def]
    """Labels from messages, pixel by pixel, given the labels already chosen above and left."""
    h, w, n = unary.shape
    for i in range(h):
        for j in range(w):
            lowest = np.float32(np.inf)
            best = 0
            for a in range(n):
                value = unary[i, j, a] + messages[i, j, RIGHT, a] + messages[i, j, BELOW, a]
                if j > 0:
                    value += horizontal[i, j - 1, labels[i, j - 1], a]
                if i > 0:
                    value += vertical[i - 1, j, labels[i - 1, j], a]
                if value < lowest:
                    lowest = value
                    best = a
            labels[i, j] = best
