"""Message passing: TRW-S (Kolmogorov, *Convergent Tree-Reweighted Message Passing*, PAMI 2006).

Pair costs are a line metric, ``|warp[a] - warp[b]|`` with a rising warp, of which a message takes
one pass up and one pass down the labels, O(L) instead of O(L^2) (Felzenszwalb, Huttenlocher,
*Efficient Belief Propagation for Early Vision*, IJCV 2006).

Arrays, float32: unary (h, w, L), vertical warps (h - 1, w, L), horizontal warps (h, w - 1, L),
messages (h, w, 4, L), into a pixel from its right, left, lower and upper neighbour. Unaries may be
inf: no message ever is, as long as every pixel has an allowed label, so inf never meets -inf.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel

Float = NDArray[np.float32]
Costs = tuple[Float, Float, Float]
"""unary, vertical, horizontal."""

RIGHT, LEFT, BELOW, ABOVE = 0, 1, 2, 3


def no_messages(shape: tuple[int, int], n_labels: int) -> Float:
    """What message passing begins with: float32 (h, w, 4, L)."""
    return np.zeros((*shape, 4, n_labels), np.float32)


def pass_messages(
    costs: Costs, messages: Float, iterations: int, tolerance: float
) -> tuple[float, int]:
    """Messages in place: lower bound, iterations done.

    Stops when the bound gains less than ``tolerance`` of itself in an iteration. Unaries must be
    finite somewhere at every pixel.
    """
    bound, done = -np.inf, 0
    for _ in range(iterations):
        before, bound = bound, float(trws_iteration(*costs, messages))
        done += 1
        if bound - before <= tolerance * abs(bound):
            break
    return bound, done


def decoded(costs: Costs, messages: Float) -> NDArray[np.int32]:
    """The labels that messages speak for: int32 (h, w)."""
    labels = np.zeros(costs[0].shape[:2], np.int32)
    decode(*costs, messages, labels)
    return labels


def finer_messages(messages: Float, shape: tuple[int, int]) -> Float:
    """Where message passing goes on from, on a grid twice as fine: float32 (h, w, 4, L).

    An edge between blocks stands for two, so each bears half. Any messages are valid ones.
    """
    fine = (messages * np.float32(0.5)).repeat(2, axis=0).repeat(2, axis=1)
    fine = np.ascontiguousarray(fine[: shape[0], : shape[1]])
    fine[:, -1, RIGHT] = fine[:, 0, LEFT] = fine[-1, :, BELOW] = fine[0, :, ABOVE] = 0  # no sender
    return fine


@kernel
def trws_iteration(unary, vertical, horizontal, messages):  # type: ignore[no-untyped-def]
    """One forward and one backward pass; the lower bound.

    Pixels in raster order; a pixel's share of itself per edge is 1 / max(edges ahead, behind).
    """
    h, w, n = unary.shape
    total = np.empty(n, np.float32)
    cost = np.empty(n, np.float32)
    for i in range(h):
        for j in range(w):
            share = _belief(unary, messages, i, j, total)
            if j + 1 < w:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, RIGHT, a]
                send(cost, horizontal[i, j], messages[i, j + 1, LEFT])
            if i + 1 < h:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, BELOW, a]
                send(cost, vertical[i, j], messages[i + 1, j, ABOVE])
    bound = 0.0
    for i in range(h - 1, -1, -1):
        for j in range(w - 1, -1, -1):
            share = _belief(unary, messages, i, j, total)
            smallest = total.min()
            bound += smallest
            for a in range(n):
                total[a] -= smallest
            if j > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, LEFT, a]
                bound += send(cost, horizontal[i, j - 1], messages[i, j - 1, RIGHT])
            if i > 0:
                for a in range(n):
                    cost[a] = share * total[a] - messages[i, j, ABOVE, a]
                bound += send(cost, vertical[i - 1, j], messages[i - 1, j, BELOW])
    return bound


@kernel
def _belief(unary, messages, i, j, total):  # type: ignore[no-untyped-def]
    """total = unary + all messages; returns the pixel's share per edge."""
    h, w, n = unary.shape
    for a in range(n):
        total[a] = (
            unary[i, j, a]
            + messages[i, j, 0, a]
            + messages[i, j, 1, a]
            + messages[i, j, 2, a]
            + messages[i, j, 3, a]
        )
    ahead = (j + 1 < w) + (i + 1 < h)
    behind = (j > 0) + (i > 0)
    return np.float32(1) / np.float32(max(ahead, behind, 1))


@kernel
def send(cost, warp, out):  # type: ignore[no-untyped-def]
    """out[b] = min_a cost[a] + |warp[a] - warp[b]|, less its minimum, which is returned."""
    n = cost.shape[0]
    lowest = cost[0] - warp[0]
    out[0] = lowest
    for a in range(1, n):
        lowest = min(lowest, cost[a] - warp[a])
        out[a] = lowest
    lowest = cost[n - 1] + warp[n - 1]
    smallest = np.float32(np.inf)
    for a in range(n - 1, -1, -1):
        lowest = min(lowest, cost[a] + warp[a])
        value = min(out[a] + warp[a], lowest - warp[a])
        out[a] = value
        smallest = min(smallest, value)
    for a in range(n):
        out[a] -= smallest
    return smallest


@kernel
def decode(unary, vertical, horizontal, messages, labels):  # type: ignore[no-untyped-def]
    """Labels from messages, pixel by pixel, given the labels already chosen above and left."""
    h, w, n = unary.shape
    cost = np.empty(n, np.float32)
    for i in range(h):
        for j in range(w):
            for a in range(n):
                cost[a] = unary[i, j, a] + messages[i, j, RIGHT, a] + messages[i, j, BELOW, a]
            if j > 0:
                warp = horizontal[i, j - 1]
                for a in range(n):
                    cost[a] += abs(warp[a] - warp[labels[i, j - 1]])
            if i > 0:
                warp = vertical[i - 1, j]
                for a in range(n):
                    cost[a] += abs(warp[a] - warp[labels[i - 1, j]])
            labels[i, j] = cost.argmin()
