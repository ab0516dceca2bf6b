"""Groups moving pixels into superpixels, which :mod:`.motion_merge` makes things of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.see.motion_features import Map, MotionFeatures, pooled

Labels = NDArray[np.int32]

SPACING = 6
"""Distance of superpixel centres on the working copy, pixels."""
RIM = 2.5
"""Width of the rim that belongs to what moves beside it, pixels of the working copy."""
ROUNDS = 4
"""Rounds of k-means; the superpixels hardly move after three."""


def naturalness(features: MotionFeatures) -> Map:
    """How much a pixel's motion is that of a texture: 0 a thing moving as a whole, 1 stochastic.

    Texture is what flow does not explain, whose flow disagrees from place to place, and that
    hurries from frame to frame for its strength. The ranges were set between real clips: persons,
    animals, a kettle and flowers stay below residual .45 and above coherence .93; sea, fountain
    and stream lie beyond both, fire beyond one and in pace.
    """
    unexplained = np.clip((features.residual - 0.30) / 0.40, 0, 1)
    disagreeing = np.clip((0.96 - features.coherence) / 0.08, 0, 1)
    hurrying = np.clip((features.pace - 0.6) / 0.6, 0, 1)
    evidence = 0.55 * unexplained + 0.30 * disagreeing + 0.15 * hurrying
    return inherited(evidence.astype(np.float32)[..., None], features)[..., 0]


def inherited(planes: Map, features: MotionFeatures) -> Map:
    """Planes (h, w, D) averaged over the neighbourhood, weighted by variance.

    The faint rim about a thing so takes the look of the thing, not of what it hides.
    """
    weight = features.deviation**2 + np.float32(1e-8)
    mixed = [pooled(plane * weight, RIM) for plane in np.moveaxis(planes, -1, 0)]
    out: Map = np.stack(mixed, axis=-1) / pooled(weight, RIM)[..., None]
    return out


APPEARANCE = 3
"""The first so many entries of a description are colour; the rest tells how strongly and fast."""


def describe(features: MotionFeatures) -> Map:
    """Feature vector per pixel, (h, w, D); a distance of 1 is a clear difference."""
    strength: Map = np.log(np.maximum(features.deviation, np.float32(1e-3)))
    planes: list[Map] = [
        features.colour * np.array([2.0, 5.0, 5.0], np.float32),
        (np.float32(0.35) * strength)[..., None],
        (np.float32(0.8) * features.pace)[..., None],
    ]
    return inherited(np.concatenate(planes, axis=-1).astype(np.float32), features)


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
