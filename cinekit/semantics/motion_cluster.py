"""Groups moving pixels into things: superpixels, then the most similar neighbours merge.

Similar means: what moves has the same colour, moves in the same way (as a texture or as a thing,
as strongly, as fast), and, where things move as a whole, in the same direction at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.semantics.motion_features import Map, MotionFeatures

Labels = NDArray[np.int32]

SPACING = 6
"""Distance of superpixel centres on the working copy, pixels."""
ROUNDS = 4
"""Rounds of k-means; the superpixels hardly move after three."""


def naturalness(features: MotionFeatures) -> Map:
    """How much a pixel's motion is that of a texture: 0 a thing moving as a whole, 1 stochastic.

    Texture is what flow does not explain and whose flow disagrees from place to place. The ranges
    were set between the real clips: persons, animals, a kettle and flowers stay below residual .45
    and above coherence .93, sea, fountain, stream and fire stay beyond.
    """
    unexplained = np.clip((features.residual - 0.30) / 0.40, 0, 1)
    disagreeing = np.clip((0.96 - features.coherence) / 0.08, 0, 1)
    out: Map = (0.65 * unexplained + 0.35 * disagreeing).astype(np.float32)
    return out


APPEARANCE = 3
"""The first so many entries of a description are colour; the rest tells how strongly and fast."""


def describe(features: MotionFeatures) -> Map:
    """Feature vector per pixel, (h, w, D); a distance of 1 is a clear difference."""
    strength = np.log(np.maximum(features.deviation, np.float32(1e-3)))
    planes = [
        features.colour * np.array([2.0, 5.0, 5.0], np.float32),
        (0.35 * strength)[..., None],
        (0.8 * features.pace)[..., None],
    ]
    out: Map = np.concatenate(planes, axis=-1).astype(np.float32)
    return out


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
        centres, count = _means(flat, chosen, rows * columns)
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


def _means(rows: Map, groups: Labels, n: int) -> tuple[Map, NDArray[np.float64]]:
    """Mean of the rows (m, D) of each of n groups, and how many rows it has."""
    count = np.bincount(groups, minlength=n).astype(np.float64)
    sums = np.stack([np.bincount(groups, column, n) for column in rows.T], axis=1)
    return (sums / np.maximum(count, 1)[:, None]).astype(np.float32), count


def _connected(labels: Labels) -> Labels:
    """Number the connected pieces of every label 0, 1, ..., in reading order; -1 stays."""
    out = np.full(labels.shape, -1, np.int32)
    n = 0
    # Equal labels that touch: cut the plane where neighbours differ, by labelling a 2x finer grid.
    h, w = labels.shape
    fine = np.zeros((2 * h - 1, 2 * w - 1), bool)
    fine[::2, ::2] = labels >= 0
    fine[1::2, ::2] = (labels[1:] == labels[:-1]) & (labels[1:] >= 0)
    fine[::2, 1::2] = (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] >= 0)
    pieces, n = ndimage.label(fine)
    out[:] = pieces[::2, ::2] - 1
    del n
    return out


@dataclass(eq=False)
class _Graph:
    """Groups of pixels while they merge: rows of dead groups stay, and are never looked at again.

    vector (n, D), momentum (n, M), size (n,) in pixels, energy (n,) = sum of variance,
    borders: for each live group, its neighbours and the length of the common border.
    """

    vector: NDArray[np.float64]
    momentum: NDArray[np.float64]
    natural: NDArray[np.float64]
    size: NDArray[np.float64]
    borders: list[dict[int, int]]

    def distance(self, a: int, b: int) -> float:
        """How different two groups are; 1 is a clear difference."""
        square = (self.vector[a] - self.vector[b]) ** 2
        things = (1 - self.natural[a]) * (1 - self.natural[b])
        apart = float(square[:APPEARANCE].sum() + (1 - things) * square[APPEARANCE:].sum())
        apart += 4 * float(self.natural[a] - self.natural[b]) ** 2
        one, two = self.momentum[a], self.momentum[b]
        length = float(np.sqrt((one @ one) * (two @ two)))
        agree = float(one @ two) / length if length > 0 else 0.0
        return float(np.sqrt(apart + 0.6 * things * (1 - max(agree, 0.0))))

    def merge(self, a: int, b: int) -> None:
        """Let a swallow b."""
        total = self.size[a] + self.size[b]
        share = self.size[b] / total
        self.vector[a] += share * (self.vector[b] - self.vector[a])
        self.natural[a] += share * (self.natural[b] - self.natural[a])
        self.momentum[a] += self.momentum[b]
        self.size[a] = total
        for other, length in self.borders[b].items():
            del self.borders[other][b]
            if other != a:
                self.borders[a][other] = self.borders[a].get(other, 0) + length
                self.borders[other][a] = self.borders[a][other]
        self.borders[b] = {}


def _borders(labels: Labels, n: int) -> list[dict[int, int]]:
    """Neighbours of each group and the number of pixel edges between them."""
    pairs = []
    for a, b in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        cut = (a != b) & (a >= 0) & (b >= 0)
        pairs.append(np.stack([a[cut], b[cut]], axis=1))
    both = np.sort(np.concatenate(pairs), axis=1)
    unique, count = np.unique(both, axis=0, return_counts=True)
    out: list[dict[int, int]] = [{} for _ in range(n)]
    for (a, b), length in zip(unique.tolist(), count.tolist(), strict=True):
        out[a][b] = out[b][a] = length
    return out


def _graph(labels: Labels, features: MotionFeatures, vectors: Map) -> _Graph:
    inside = labels >= 0
    group = labels[inside]
    n = int(labels.max()) + 1
    vector, size = _means(vectors[inside], group, n)
    natural, _ = _means(naturalness(features)[inside][:, None], group, n)
    moved = np.moveaxis(features.momentum, 0, 2)[inside]  # (m, P, 2)
    momentum, _ = _means(moved.reshape(len(group), -1), group, n)
    return _Graph(
        vector.astype(np.float64),
        momentum.astype(np.float64) * size[:, None],
        natural[:, 0].astype(np.float64),
        size,
        _borders(labels, n),
    )


def merge_similar(
    labels: Labels, features: MotionFeatures, vectors: Map, threshold: float, tiny: float
) -> Labels:
    """Merge neighbours, most similar first, until all neighbours are clearly different.

    Parameters
    ----------
    labels : int32 (h, w), superpixels, -1 where nothing moves.
    threshold : groups less different than this merge, whatever their size.
    tiny : groups below this many pixels merge with a neighbour however different.

    Returns
    -------
    int32 (h, w), numbered 0, 1, ... in reading order.

    The order is Ward's: a pair's cost is its squared distance times the harmonic size, so that
    crumbs join first and large groups are compared last, by their means.
    """
    graph = _graph(labels, features, vectors)
    parent = np.arange(len(graph.size))
    costs = {
        (a, b): _cost(graph, a, b) for a, near in enumerate(graph.borders) for b in near if a < b
    }
    while costs:
        (a, b), _ = min(costs.items(), key=lambda item: (item[1], item[0]))
        if graph.distance(a, b) > threshold and min(graph.size[a], graph.size[b]) >= tiny:
            # Ward's cost of this pair is the lowest; it stays apart unless one of the two changes.
            costs[a, b] = np.inf
            if not np.isfinite(min(costs.values())):
                break
            continue
        graph.merge(a, b)
        parent[parent == b] = a
        for pair in [p for p in costs if a in p or b in p]:
            del costs[pair]
        for other in graph.borders[a]:
            costs[min(a, other), max(a, other)] = _cost(graph, a, other)
    merged = np.where(labels >= 0, parent[np.maximum(labels, 0)], -1)
    _, dense = np.unique(merged[merged >= 0], return_inverse=True)
    out = np.full(labels.shape, -1, np.int32)
    out[merged >= 0] = dense
    return out


def _cost(graph: _Graph, a: int, b: int) -> float:
    harmonic = graph.size[a] * graph.size[b] / (graph.size[a] + graph.size[b])
    return float(graph.distance(a, b) ** 2 * np.sqrt(harmonic))
