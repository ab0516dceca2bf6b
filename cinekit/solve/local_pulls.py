"""Pulling flow from nearby: deficits wander towards the excesses around them.

A. Goldberg, R. Tarjan. *A New Approach to the Maximum-Flow Problem.* J. ACM 1988: push-relabel,
with the direction of the flow reversed, as deficits are few and excesses are everywhere. A pixel
pulls what it lacks from a neighbour that is one nearer to an excess, which may then lack it itself.
Distances are lower bounds and only rise. What is further than _FAR from any excess is left to
:mod:`cinekit.solve.breadth_first_cut`, and so is everything once distances rise without an excess
being found, the sign of deficits that nothing can fill.
"""

from __future__ import annotations

from cinekit.energy.jit import kernel
from cinekit.solve.grid_records import DISTANCE, EXCESS, NEXT

_FAR = 16
# How many rises a deficit has to start with, and how many more for every excess that is found.
_RISES, _REWARD = 6, 16
# Ends the list; pixels 0 and 1 are padding, and 0 means "not in the list".
_END = 1


@kernel
def pull_nearby(deficits, n, state, node, step):  # type: ignore[no-untyped-def]
    """Fill deficits from excesses nearby; the flow in float64, and how many pixels have one left.

    deficits : int32, the n pixels that have one, overwritten by those that have one left. state,
        node : records, see :mod:`cinekit.solve.grid_records`; the distances are 0 where there is an
        excess, else 1, and NEXT is 0. step : int64 (4,), offsets of the neighbours.
    """
    flow = 0.0
    rises = _RISES * n
    # Last in, first out: a deficit is followed until it is filled, in memory that is at hand.
    top = _END
    for k in range(n - 1, -1, -1):
        node[deficits[k], NEXT] = top
        top = deficits[k]
    n = 0
    while top != _END:
        p = top
        top = node[p, NEXT]
        node[p, NEXT] = 0
        distance = node[p, DISTANCE]
        lacking = -state[p, EXCESS]
        while lacking > 0 and distance <= _FAR and rises > 0:
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
                    rises += _REWARD
                if before < pulled and node[q, NEXT] == 0:
                    node[q, NEXT] = top
                    top = q
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
    return flow, n
