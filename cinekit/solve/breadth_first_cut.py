"""Maximum flow on an implicit 4-connected grid by incremental breadth-first search.

A. Goldberg, S. Hed, H. Kaplan, R. Tarjan, R. Werneck. *Maximum Flows by Incremental Breadth-First
Search.* ESA 2011; with excesses as in A. Goldberg, S. Hed, H. Kaplan, P. Kohli, R. Tarjan,
R. Werneck. *Faster and More Dynamic Maximum Flow by Incremental Breadth-First Search.* ESA 2015.
Written from the papers, for one forest: only the sink side searches, as an excess that it cannot
reach has nowhere to go. Trees of exact breadth-first layers grow from the deficits, the roots, a
layer at a time. The excesses that a new layer reaches flow down the trees, from the highest label
to the roots, every edge passing on what it bears. Pixels that this cuts off, orphans, keep their
label if another parent allows it; the others are detached, with what hangs on them, and take the
lowest label that the rest of the forest offers, or leave it.

A pixel's label is 1 plus its distance to the nearest deficit, and never falls while flow is found.
So the search ends whatever float32 rounds: a push empties a pixel or fills an edge, exactly, and
the edge stays full until labels rise. All lists are walked in a fixed order.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel
from cinekit.solve.grid_records import EXCESS, LABEL, NEXT, ORPHAN, PARENT, ROOT, fill_records
from cinekit.solve.local_pulls import pull_nearby

# Labels of detached pixels without an offer. The latter are in the list of the following layer
# and must not get there twice.
_DETACHED, _IN_LAYER = -(2**30), -(2**30) - 1


@kernel
def breadth_first_cut(excess, down, up, right, left, spans, state, node, layers):  # type: ignore[no-untyped-def]
    """Maximum flow; leaves the forest, all pixels that still reach a deficit, in node.

    excess : float32 (h, w), capacity of the terminal: > 0 from the source, < 0 to the sink. Fastest
        where the latter are few, as :func:`cinekit.solve.straight_pushes.push_straight` leaves
        them. down, up, right, left, spans : as there.
    state : float32 ((h + 2) * (w + 2), RECORD), see :mod:`cinekit.solve.grid_records`; node : its
        view as int32. layers : int32 (3, that many). Scratch; of the former, the spans are written.
    """
    width = excess.shape[1] + 2
    step = np.array([1, -1, width, -width], np.int64)
    layer, following, risen = layers[0], layers[1], layers[2]
    n, n_excesses = fill_records(excess, down, up, right, left, spans, state, node, layer)
    flow = 0.0
    if n < n_excesses:  # otherwise few deficits have an excess nearby
        flow, n = pull_nearby(layer, n, state, node, step)
    for k in range(n):
        node[layer[k], LABEL] = 1
        node[layer[k], PARENT] = ROOT
    # First pixel of a list a label: pixels to push from, and orphans. They grow with the labels.
    heads = np.zeros((2, 64), np.int32)
    label = 1
    while n > 0:
        if label + 2 >= heads.shape[1]:
            longer = np.zeros((2, 2 * heads.shape[1]), np.int32)
            longer[:, : heads.shape[1]] = heads
            heads = longer
        reached, m = _grow(layer, n, label, state, node, step, heads[0], following)
        while reached:
            absorbed, lowest = _push(label + 1, state, node, step, heads)
            flow += absorbed
            reached, m = _adopt(lowest, label + 1, state, node, step, heads, following, m, risen)
        layer, following, n = following, layer, m
        label += 1
    return flow


@kernel
def _grow(layer, n, label, state, node, step, heads, following):  # type: ignore[no-untyped-def]
    """Let a layer take its free neighbours; whether one has an excess, and how many they are."""
    m = 0
    reached = False
    for k in range(n):
        p = layer[k]
        if node[p, LABEL] != label:
            continue  # it left the forest or rose since
        for d in range(4):
            q = p + step[d]
            if state[q, d ^ 1] > 0 and node[q, LABEL] == 0:
                node[q, LABEL] = label + 1
                node[q, PARENT] = d ^ 1
                following[m] = q
                m += 1
                if state[q, EXCESS] > 0:
                    node[q, NEXT] = heads[label + 1]
                    heads[label + 1] = q
                    reached = True
    return reached, m


@kernel
def _push(highest, state, node, step, heads):  # type: ignore[no-untyped-def]
    """Let all excesses flow down the trees; what the deficits absorbed, the lowest orphan's label.

    Every pixel passes on all it has received at once, as those above it have gone before.
    """
    flow = 0.0
    lowest = highest + 1
    for label in range(highest, 0, -1):
        p = heads[0, label]
        heads[0, label] = 0
        while p != 0:
            after = node[p, NEXT]
            d = node[p, PARENT]
            if d != ROOT:
                q = p + step[d]
                pushed = min(state[p, EXCESS], state[p, d])
                state[p, EXCESS] -= pushed
                state[p, d] -= pushed
                state[q, d ^ 1] += pushed
                before = state[q, EXCESS]
                state[q, EXCESS] = before + pushed
                if before < 0:
                    flow += min(pushed, -before)
                # Waiting from now on: a root that is filled, any other pixel that was empty. A root
                # that was filled before waits already.
                if before < 0 <= state[q, EXCESS] or (before == 0 and node[q, PARENT] != ROOT):
                    node[q, NEXT] = heads[0, label - 1]
                    heads[0, label - 1] = q
            if d == ROOT or state[p, d] <= 0:
                node[p, PARENT] = ORPHAN
                node[p, NEXT] = heads[1, label]
                heads[1, label] = p
                lowest = label
            p = after
    return flow, lowest


@kernel
def _adopt(lowest, highest, state, node, step, heads, following, m, risen):  # type: ignore[no-untyped-def]
    """Find parents for all orphans or set them free; whether one has an excess to push, and m.

    m : how many pixels are in the following layer, whose label is the highest. risen : scratch, the
    pixels that got a new label, in the order of these.
    """
    reached, detached = _keep_labels(lowest, highest, state, node, step, heads)
    homeless = _ask_forest(detached, highest, state, node, step, heads)
    n = 0
    begin = 0
    for label in range(lowest, highest + 1):
        p = heads[1, label]
        heads[1, label] = 0
        while p != 0:
            if node[p, LABEL] == -label:  # else a neighbour offered less since
                node[p, LABEL] = label
                risen[n] = p
                n += 1
                if label == highest:
                    following[m] = p
                    m += 1
            p = node[p, NEXT]
        end = n
        if label < highest:
            for k in range(begin, end):
                p = risen[k]
                for d in range(4):
                    q = p + step[d]
                    was = node[q, LABEL]
                    if was < -label - 1 and state[q, d ^ 1] > 0:
                        node[q, LABEL] = label + 1
                        node[q, PARENT] = d ^ 1
                        risen[n] = q
                        n += 1
                        if label + 1 == highest and was != _IN_LAYER:
                            following[m] = q
                            m += 1
        begin = end
    while homeless != 0:
        if node[homeless, LABEL] < 0:
            node[homeless, LABEL] = 0
        homeless = node[homeless, NEXT]
    for k in range(n):
        p = risen[k]
        if state[p, EXCESS] > 0:
            label = node[p, LABEL]
            node[p, NEXT] = heads[0, label]
            heads[0, label] = p
            reached = True
    return reached, m


@kernel
def _keep_labels(lowest, highest, state, node, step, heads):  # type: ignore[no-untyped-def]
    """Give orphans a parent that leaves them their label; whether one of these has an excess, and
    the list of the others, detached with all below them that have no other parent either.
    """
    reached = False
    detached = 0
    for label in range(lowest, highest + 1):
        p = heads[1, label]
        heads[1, label] = 0
        while p != 0:
            after = node[p, NEXT]
            best = -1
            if label > 1:
                for d in range(4):
                    if state[p, d] > 0 and node[p + step[d], LABEL] == label - 1:
                        best = d
                        break
            if best >= 0:
                node[p, PARENT] = best
                if state[p, EXCESS] > 0:
                    node[p, NEXT] = heads[0, label]
                    heads[0, label] = p
                    reached = True
            else:
                node[p, LABEL] = _IN_LAYER if label == highest else _DETACHED
                node[p, NEXT] = detached
                detached = p
                for d in range(4):
                    q = p + step[d]
                    # Those outside the forest may still name p.
                    if node[q, LABEL] == label + 1 and node[q, PARENT] == d ^ 1:
                        node[q, PARENT] = ORPHAN
                        node[q, NEXT] = heads[1, label + 1]
                        heads[1, label + 1] = q
            p = after
    return reached, detached


@kernel
def _ask_forest(detached, highest, state, node, step, heads):  # type: ignore[no-untyped-def]
    """Sort the detached pixels by the label that the forest offers them, which they bear negative
    until it is sure that it is the lowest. Returns the list of those without an offer.
    """
    homeless = 0
    p = detached
    while p != 0:
        after = node[p, NEXT]
        nearest = highest
        for d in range(4):
            if state[p, d] > 0:
                offered = node[p + step[d], LABEL]
                if 0 < offered < nearest:
                    nearest = offered
                    node[p, PARENT] = d
        if nearest < highest:
            node[p, LABEL] = -nearest - 1
            node[p, NEXT] = heads[1, nearest + 1]
            heads[1, nearest + 1] = p
        else:
            node[p, NEXT] = homeless
            homeless = p
        p = after
    return homeless
