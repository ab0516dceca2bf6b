"""Pulling flow from nearby: deficits wander towards the excesses around them.

A. Goldberg, R. Tarjan. *A New Approach to the Maximum-Flow Problem.* J. ACM 1988: push-relabel,
with the direction of the flow reversed, as deficits are few and excesses are everywhere. A pixel
pulls what it lacks from a neighbour that is one nearer to an excess, which may then lack it itself.
Distances are lower bounds and only rise, so a pixel further than _FAR from any excess is soon known
to be: that is left to :mod:`cinekit.solve.breadth_first_cut`, as are deficits that do not shrink in
number, a sign that no excess reaches them and they only spread.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cinekit.solve.grid_records import DISTANCE, EXCESS, NEXT

_ZERO = np.float32(0)
_FAR = 16
# Pulling ends when deficits have multiplied so much, or risen so often each: those that find what
# they lack do neither, those that cannot find it multiply until they fill their part of the grid.
_GROWTH = 1.05
_RISES = 64


@njit(cache=True, nogil=True)
def pull_nearby(deficits, n, state, node, step):  # type: ignore[no-untyped-def]
    """Fill deficits from excesses nearby; the flow in float64, and how many pixels have one left.

    deficits : int32, the n pixels that have one, overwritten by those that have one left. state,
        node : records, see :mod:`cinekit.solve.grid_records`; the distances are 0 where there is an
        excess, else 1, and NEXT is 0. step : int64 (4,), offsets of the neighbours.
    """
    flow = 0.0
    if n == 0:
        return flow, 0
    # First in, first out; the last pixel of the list points to itself.
    for k in range(n - 1):
        node[deficits[k], NEXT] = deficits[k + 1]
    p, last = deficits[0], deficits[n - 1]
    node[last, NEXT] = last
    left, most, rises = n, _GROWTH * n, _RISES * n
    n = 0
    while p != 0:
        distance = node[p, DISTANCE]
        lacking = -state[p, EXCESS]
        while lacking > 0 and distance <= _FAR and left <= most and rises > 0:
            nearest = _FAR
            for d in range(4):
                q = p + step[d]
                room = state[q, d ^ 1]
                if room <= 0:
                    continue
                if node[q, DISTANCE] >= distance:
                    nearest = min(nearest, node[q, DISTANCE])
                    continue
                pulled = min(lacking, room)
                state[q, d ^ 1] -= pulled
                state[p, d] += pulled
                before = state[q, EXCESS]
                state[q, EXCESS] = before - pulled
                if before > 0:
                    flow += min(before, pulled)
                if before < pulled and node[q, NEXT] == 0:
                    node[last, NEXT] = q
                    node[q, NEXT] = q
                    last = q
                    left += 1
                lacking -= pulled
                if lacking <= 0:
                    break
            else:
                distance = nearest + 1
                rises -= 1
        node[p, DISTANCE] = distance
        state[p, EXCESS] = -lacking
        if lacking > 0:
            deficits[n] = p
            n += 1
        else:
            left -= 1
        after = node[p, NEXT]
        node[p, NEXT] = 0
        p = 0 if after == p else after
    return flow, n
