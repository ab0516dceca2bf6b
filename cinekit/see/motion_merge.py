"""Moving pixels become superpixels, and superpixels are merged into the things that move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.see.motion_features import APPEARANCE, Map, MotionFeatures, naturalness

Labels = NDArray[np.int32]

SPACING = 6
"""Distance of superpixel centres on the working copy, pixels."""
ROUNDS = 4
"""Rounds of k-means; the superpixels hardly move after three."""

KIND = 2.5
"""What being texture and thing adds to a squared distance."""
OTHER_KIND = 0.6
"""Groups that differ by so much in naturalness merge by likeness alone, not because one is small or
because they are many: water does not join a passer-by."""
CONFLICT = 0.9
"""What moving against each other adds to a squared distance."""
ACROSS = 2.0
"""To get down to the number of regions asked for, neighbours so many times as different merge."""


def superpixels(vectors: Map, moving: NDArray[np.bool_], spacing: int = SPACING) -> Labels:
    """Compact groups of similar moving pixels (SLIC): int32 (h, w), -1 where nothing moves.

    Each pixel chooses among the nine centres of its own and the surrounding grid cells, after
    R. Achanta et al., SLIC superpixels, PAMI 2012 (doi:10.1109/TPAMI.2012.120).
    """
    h, w, _ = vectors.shape
    rows, columns = -(-h // spacing), -(-w // spacing)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    full = np.concatenate([vectors, np.stack([y, x], -1) / np.float32(spacing)], axis=-1)
    cell_y, cell_x = (y // spacing).astype(np.int32), (x // spacing).astype(np.int32)
    labels = np.where(moving, cell_y * columns + cell_x, -1).astype(np.int32)
    inside = np.flatnonzero(moving)
    flat = full.reshape(h * w, -1)[inside]
    home_y, home_x = cell_y.ravel()[inside], cell_x.ravel()[inside]
    chosen = labels.ravel()[inside]
    for _ in range(ROUNDS):
        centres, count = group_means(flat, chosen, rows * columns)
        best = np.full(len(inside), np.inf, np.float32)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near_y, near_x = home_y + dy, home_x + dx
                valid = (near_y >= 0) & (near_y < rows) & (near_x >= 0) & (near_x < columns)
                index = np.where(valid, near_y * columns + near_x, 0)
                distance = ((flat - centres[index]) ** 2).sum(axis=1)
                closer = valid & (count[index] > 0) & (distance < best)
                best[closer] = distance[closer]
                chosen[closer] = index[closer]
    out = np.full(h * w, -1, np.int32)
    out[inside] = chosen
    return _connected(out.reshape(h, w))


def group_means(rows: Map, groups: Labels, n: int) -> tuple[Map, NDArray[np.float64]]:
    """Mean of the rows (m, D) of each of n groups, and how many rows it has."""
    count = np.bincount(groups, minlength=n).astype(np.float64)
    sums = np.stack([np.bincount(groups, column, n) for column in rows.T], axis=1)
    return (sums / np.maximum(count, 1)[:, None]).astype(np.float32), count


def _connected(labels: Labels) -> Labels:
    """Number the connected pieces of every label 0, 1, ...; -1 stays."""
    h, w = labels.shape
    # On a grid twice as fine, the cells between two pixels say whether they hang together.
    fine = np.zeros((2 * h - 1, 2 * w - 1), bool)
    fine[::2, ::2] = labels >= 0
    fine[1::2, ::2] = (labels[1:] == labels[:-1]) & (labels[1:] >= 0)
    fine[::2, 1::2] = (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] >= 0)
    pieces, _ = ndimage.label(fine)
    out: Labels = (pieces[::2, ::2] - 1).astype(np.int32)
    return out


@dataclass(eq=False)
class _Graph:
    """Groups of pixels while they merge; a group that was swallowed keeps its row, unused.

    vector (n, D) mean description; momentum (n, P, 2) summed; natural (n,); size (n,) in pixels;
    weight (n,) summed variance; outline (n,) in pixel edges; borders: the neighbours of each group
    and the edges in common.
    """

    vector: NDArray[np.float64]
    momentum: NDArray[np.float64]
    natural: NDArray[np.float64]
    size: NDArray[np.float64]
    weight: NDArray[np.float64]
    outline: NDArray[np.float64]
    borders: list[dict[int, int]]

    def things(self, a: int, b: int) -> float:
        """Whether both are things rather than textures, in [0, 1]."""
        return float((1 - self.natural[a]) * (1 - self.natural[b]))

    def conflict(self, a: int, b: int) -> float:
        """How little two groups move together: 0 as one, up to 2.4 always against each other.

        Moving at the same time in other directions counts in full, moving at other times a little:
        the parts of a swept path move one after the other.
        """
        one, two = self.momentum[a], self.momentum[b]  # (P, 2)
        length = float(np.sqrt((one**2).sum() * (two**2).sum()))
        if length <= 0:
            return 0.0
        meet = float((np.hypot(*one.T) * np.hypot(*two.T)).sum()) / length
        agree = float((one * two).sum()) / length
        return (meet - agree) + 0.4 * (1 - max(agree, 0.0))

    def distance(self, a: int, b: int) -> float:
        """How different two neighbours are; 1 is a clear difference.

        Two textures differ by colour, strength and pace. Two things differ by colour and by moving
        in other directions at the same time; and a part that lies within another is rather its own
        (the heart of a flower), one that hangs on by a stem is rather not.
        """
        square = (self.vector[a] - self.vector[b]) ** 2
        things = self.things(a, b)
        apart = (1 - 0.5 * things) * square[:APPEARANCE].sum()
        apart += (1 - things) * square[APPEARANCE:].sum()
        apart += KIND * (self.natural[a] - self.natural[b]) ** 2
        apart += CONFLICT * things * self.conflict(a, b)
        enclosed = self.borders[a][b] / min(self.outline[a], self.outline[b])
        return float(np.sqrt(apart) * (1 + things * (0.45 - min(enclosed, 1.0))))

    def cost(self, a: int, b: int) -> float:
        """Order of merging, after Ward: crumbs join first, large groups are compared last."""
        harmonic = self.size[a] * self.size[b] / (self.size[a] + self.size[b])
        return self.distance(a, b) ** 2 * float(np.sqrt(harmonic))

    def merge(self, a: int, b: int) -> None:
        """Let a swallow b."""
        total = self.weight[a] + self.weight[b]
        share = self.weight[b] / total
        self.vector[a] += share * (self.vector[b] - self.vector[a])
        self.natural[a] += share * (self.natural[b] - self.natural[a])
        self.momentum[a] += self.momentum[b]
        self.weight[a] = total
        self.size[a] += self.size[b]
        self.outline[a] += self.outline[b] - 2 * self.borders[a][b]
        for other, length in self.borders[b].items():
            del self.borders[other][b]
            if other != a:
                self.borders[a][other] = self.borders[a].get(other, 0) + length
                self.borders[other][a] = self.borders[a][other]
        self.borders[b] = {}


def _graph(labels: Labels, features: MotionFeatures, vectors: Map) -> _Graph:
    inside = labels >= 0
    group = labels[inside]
    n = int(labels.max()) + 1
    size = np.bincount(group, minlength=n).astype(np.float64)
    # Where much moves counts more: the rim between two things must not make them alike.
    power = features.deviation[inside] ** 2
    weight = np.asarray(np.bincount(group, power, n), np.float64)
    vector, _ = group_means(vectors[inside] * power[:, None], group, n)
    natural, _ = group_means((naturalness(features)[inside] * power)[:, None], group, n)
    mean = (weight / size)[:, None]
    moved = np.moveaxis(features.momentum, 0, 2)[inside]  # (m, P, 2)
    momentum, _ = group_means(moved.reshape(len(group), -1), group, n)
    borders, outline = _borders(labels, n)
    return _Graph(
        vector / mean,
        momentum.astype(np.float64).reshape(n, -1, 2) * size[:, None, None],
        (natural / mean)[:, 0],
        size,
        weight,
        outline,
        borders,
    )


def _borders(labels: Labels, n: int) -> tuple[list[dict[int, int]], NDArray[np.float64]]:
    """Pixel edges that each group shares with each neighbour, and its whole outline."""
    padded = np.pad(labels, 1, constant_values=-1)
    outline = np.zeros(n)
    pairs = []
    for a, b in ((padded[1:], padded[:-1]), (padded[:, 1:], padded[:, :-1])):
        cut = a != b
        for side in (a[cut], b[cut]):
            outline += np.bincount(side[side >= 0], minlength=n)
        both = cut & (a >= 0) & (b >= 0)
        pairs.append(np.stack([a[both], b[both]], axis=1))
    unique, count = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0, return_counts=True)
    out: list[dict[int, int]] = [{} for _ in range(n)]
    for (one, two), length in zip(unique.tolist(), count.tolist(), strict=True):
        out[one][two] = out[two][one] = length
    return out, outline


def merge_similar(
    labels: Labels,
    features: MotionFeatures,
    vectors: Map,
    threshold: float,
    tiny: float,
    small: float,
    most: int,
) -> Labels:
    """Merge neighbours, most similar first, until all neighbours are clearly different.

    Parameters
    ----------
    labels : int32 (h, w), superpixels, -1 where nothing moves.
    threshold : neighbours less different than this merge, whatever their size.
    tiny : groups below this many pixels merge with a neighbour however different.
    small : groups below this many pixels merge with one of their kind that is up to ACROSS times
        as different, and parts of things with any other: a flower has many colours.
    most : while more groups than that are not small, neighbours of a kind up to ACROSS times as
        different merge.

    Returns
    -------
    int32 (h, w), numbered 0, 1, ....
    """
    labels = _dense(labels)
    graph = _graph(labels, features, vectors)
    parent = np.arange(len(graph.size))
    _merge(graph, parent, threshold, 1.0, tiny, small, -1)
    _merge(graph, parent, threshold, ACROSS, tiny, small, most)
    return _dense(np.where(labels >= 0, parent[np.maximum(labels, 0)], -1))


def _dense(labels: NDArray[np.integer]) -> Labels:
    """Numbers without gaps, 0, 1, ...; -1 stays."""
    out = np.full(labels.shape, -1, np.int32)
    _, out[labels >= 0] = np.unique(labels[labels >= 0], return_inverse=True)
    return out


def _merge(
    graph: _Graph,
    parent: NDArray[np.intp],
    threshold: float,
    stretch: float,
    tiny: float,
    small: float,
    most: int,
) -> None:
    """Merge in the order of cost, in place, until no pair may or ``most`` large groups are left.

    ``stretch`` multiplies the threshold between groups of one kind. Crumbs are not counted, or a
    dozen of them would force large things together.
    """

    def cost(a: int, b: int) -> float:
        size = min(graph.size[a], graph.size[b])
        limit = threshold
        if size < tiny:
            limit = np.inf
        elif abs(graph.natural[a] - graph.natural[b]) < OTHER_KIND:
            limit *= stretch
            if size < small:
                limit = np.inf if graph.things(a, b) > 0.5 else ACROSS * threshold
        return graph.cost(a, b) if graph.distance(a, b) <= limit else np.inf

    costs = {(a, b): cost(a, b) for a, near in enumerate(graph.borders) for b in near if a < b}
    while costs and np.count_nonzero(graph.size[np.unique(parent)] >= small) > most:
        a, b = min(costs, key=lambda pair: (costs[pair], pair))
        if costs[a, b] == np.inf:
            break
        graph.merge(a, b)
        parent[parent == b] = a
        for pair in [pair for pair in costs if a in pair or b in pair]:
            del costs[pair]
        for other in graph.borders[a]:
            costs[min(a, other), max(a, other)] = cost(a, other)
