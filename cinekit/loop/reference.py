"""Rendering in plain loops: slow, readable, and what the kernels are tested against."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from cinekit.errors import RenderError
from cinekit.labels import LabelMap, neighbours
from cinekit.loop.crossfade import OVERSHOOT
from cinekit.loop.multigrid import Level
from cinekit.loop.poisson import SCREENING
from cinekit.model import Clip


def compose(
    frames: NDArray[np.uint8],
    index: NDArray[np.int32],
    second: NDArray[np.int32],
    weight: NDArray[np.float32],
    main: NDArray[np.int32],
    other: NDArray[np.int32],
    share: NDArray[np.float32],
    mean: NDArray[np.float32],
    correlation: NDArray[np.float32],
    hide: NDArray[np.float32],
) -> NDArray[np.float64]:
    """:func:`cinekit.loop.crossfade.compose` before rounding: float64 (H, W, 3) in [0, 255]."""
    out = np.zeros((*index.shape, 3))
    for y, x in np.ndindex(*index.shape):
        here, across = int(index[y, x]), int(second[y, x])

        def mix(label: int, y: int = y, x: int = x) -> NDArray[np.float64]:
            beta = float(share[label]) * float(hide[y, x])
            one = frames[main[label], y, x].astype(np.float64)
            two = frames[other[label], y, x].astype(np.float64)
            blended: NDArray[np.float64] = (1 - beta) * one + beta * two
            return blended

        beta = float(share[here]) * float(hide[y, x])
        kept = (1 - beta) ** 2 + beta**2 + 2 * beta * (1 - beta) * float(correlation[y, x])
        value = mean[y, x] + (mix(here) - mean[y, x]) / math.sqrt(kept)
        if beta > 0:
            shown = np.stack([frames[main[here], y, x], frames[other[here], y, x], mean[y, x]])
            value = np.clip(value, shown.min(axis=0) - OVERSHOOT, shown.max(axis=0) + OVERSHOOT)
        w = float(weight[y, x])
        out[y, x] = np.clip((1 - w) * value + w * mix(across), 0, 255)
    return out


def loop_statistics(
    frames: NDArray[np.uint8],
    shows: NDArray[np.int32],
    index: NDArray[np.int32],
    period: NDArray[np.int64],
    start: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """:func:`cinekit.loop.crossfade.loop_statistics`: mean and moments, each (H, W, 3)."""
    mean = np.zeros((*index.shape, 3))
    moments = np.zeros((*index.shape, 3))
    for y, x in np.ndindex(*index.shape):
        label = index[y, x]
        p, s = int(period[label]), int(start[label])
        mean[y, x] = frames[shows[s : s + p], y, x].mean(axis=0)
        for tau in range(int(first[label]), int(last[label])):
            a = frames[shows[s + p + tau], y, x] - mean[y, x]
            b = frames[shows[s + tau], y, x] - mean[y, x]
            moments[y, x] += (a @ b, a @ a, b @ b)
    return mean, moments


def across_border(
    index: NDArray[np.int32], still: NDArray[np.bool_], feather: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """:func:`cinekit.loop.crossfade.across_border`: second label and weight, each (H, W)."""
    second, weight = index.copy(), np.zeros(index.shape)
    for y, x in np.ndindex(*index.shape):
        if still[index[y, x]]:
            continue
        others = [
            (max(abs(j - y), abs(i - x)), not still[index[j, i]], j, i)
            for j, i in np.ndindex(*index.shape)
            if index[j, i] != index[y, x] and max(abs(j - y), abs(i - x)) <= feather
        ]
        if others:
            d, moves, j, i = min(others)
            second[y, x] = index[j, i]
            weight[y, x] = (feather + 1 - d) / (2 * feather + 1) if moves else 1 - d / (feather + 1)
    return second, weight


def loop_costs(
    frames: NDArray[np.uint8],
    shows: NDArray[np.int32],
    period: NDArray[np.int16],
    start: NDArray[np.int16],
    still: NDArray[np.int16],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """:func:`cinekit.loop.dynamism.loop_costs`: variance, jump and apart."""
    variance, jump, apart = (np.zeros(period.shape) for _ in range(3))
    for y, x in np.ndindex(*period.shape):
        p, s = int(period[y, x]), int(start[y, x])
        if p == 1:
            continue
        signal = frames[shows, y, x].astype(np.float64)
        loop = signal[s : s + p]
        variance[y, x] = loop.var(axis=0).sum()
        apart[y, x] = ((loop - frames[still[y, x], y, x]) ** 2).mean(axis=0).sum()
        for a in (s - 1, s):
            # A loop that goes there and back has both sides among the unrolled frames.
            if s >= len(frames) or (a >= 0 and a + p < len(frames)):
                jump[y, x] += ((signal[a] - signal[a + p]) ** 2).sum()
    return variance, jump, apart


Volume = NDArray[np.float64]
"""float64 (n, H, W, 3)."""


def composite(clip: Clip, labels: LabelMap, n_frames: int) -> Volume:
    """The loop without blending."""
    rows, columns = np.indices(labels.size)
    return np.stack(
        [clip.frames[labels.frame_at(f, n_frames), rows, columns] for f in range(n_frames)]
    ).astype(np.float64)


def spatial_steps(clip: Clip, labels: LabelMap, n_frames: int, axis: int) -> tuple[Volume, Volume]:
    """For all neighbours x, z along an axis ``V_z - V_x``, at the frame of x and at that of z."""
    rows, columns = np.indices(labels.size)
    shown = np.stack([labels.frame_at(f, n_frames) for f in range(n_frames)])[..., None]
    one, two = neighbours(axis)
    steps = []
    for end in (one, two):
        frame = shown[end][..., 0]
        x = rows[one[1:3]], columns[one[1:3]]
        z = rows[two[1:3]], columns[two[1:3]]
        steps.append(clip.frames[frame, *z].astype(np.float64) - clip.frames[frame, *x])
    return steps[0], steps[1]


def temporal_steps(clip: Clip, labels: LabelMap, n_frames: int) -> tuple[Volume, Volume]:
    """What each pixel's step to the next frame should be, from either side of a jump.

    From frame i back to frame j: ``V(j + p) - V(i)`` and ``V(j) - V(i - p)``; where the clip has
    only one of them, that twice; where it has none, zero. Elsewhere twice the clip's step.
    """
    shape = (n_frames, *labels.size, 3)
    left, right = np.zeros(shape), np.zeros(shape)
    maps = [labels.frame_at(f, n_frames) for f in range(n_frames + 1)]
    for f, y, x in np.ndindex(*shape[:3]):
        i, j, p = int(maps[f][y, x]), int(maps[f + 1][y, x]), int(labels.period[y, x])

        def value(t: int, y: int = y, x: int = x) -> NDArray[np.float64]:
            return np.asarray(clip.frames[t, y, x], np.float64)

        if j >= i or labels.returns[y, x]:
            found = [value(j) - value(i)]
        else:
            found = [value(j + p) - value(i)] if j + p < clip.n_frames else []
            found += [value(j) - value(i - p)] if i - p >= 0 else []
        if found:
            left[f, y, x], right[f, y, x] = found[0], found[-1]
    return left, right


def forces(
    clip: Clip, labels: LabelMap, n_frames: int, hide: NDArray[np.float32] | float = 1.0
) -> Volume:
    """:func:`cinekit.loop.poisson_kernels.add_forces` for whole frames, all of them."""
    loop = composite(clip, labels, n_frames)
    out = np.zeros_like(loop)
    for axis in (1, 2):
        one, two = neighbours(axis)
        change = np.mean(spatial_steps(clip, labels, n_frames, axis), axis=0)
        change -= loop[two] - loop[one]
        out[two] += change
        out[one] -= change
    change = np.mean(temporal_steps(clip, labels, n_frames), axis=0)
    change -= np.roll(loop, -1, axis=0) - loop
    change *= np.broadcast_to(hide, labels.size)[..., None]
    out += np.roll(change, 1, axis=0) - change
    out[:, ~labels.looping] = 0
    return out


def operator(offset: Volume, screening: float) -> Volume:
    """Half the gradient of the minimised sum in :mod:`cinekit.loop.poisson`, without forces."""
    out = (screening + 2) * offset - np.roll(offset, 1, axis=0) - np.roll(offset, -1, axis=0)
    for axis in (1, 2):
        one, two = neighbours(axis)
        difference = offset[two] - offset[one]
        out[two] += difference
        out[one] -= difference
    return out


def exact_loop(clip: Clip, labels: LabelMap, n_frames: int, tolerance: float = 1e-8) -> Volume:
    """The loop with the exact offsets, by conjugate gradients, before rounding."""
    force = forces(clip, labels, n_frames)
    free = np.broadcast_to(labels.looping[None, ..., None], force.shape)

    def apply(flat: NDArray[np.float64]) -> NDArray[np.float64]:
        volume = flat.reshape(force.shape)
        out: NDArray[np.float64] = np.where(free, operator(volume * free, SCREENING), volume)
        return out.ravel()

    system = LinearOperator((force.size, force.size), apply, dtype=np.float64)
    offsets, failed = cg(system, force.ravel(), rtol=tolerance, maxiter=2000)
    if failed:
        raise RenderError(f"expected conjugate gradients to converge, {failed} steps were too few")
    exact: Volume = composite(clip, labels, n_frames) + offsets.reshape(force.shape)
    return exact


def relax(
    earlier: NDArray[np.float32],
    here: NDArray[np.float32],
    later: NDArray[np.float32],
    force: NDArray[np.float32],
    moving: NDArray[np.bool_],
    colour: int,
    screening: float,
    over: float,
) -> NDArray[np.float64]:
    """:func:`cinekit.loop.poisson_kernels.relax`: here after it."""
    out = here.astype(np.float64)
    height, width = moving.shape
    for y, x in np.ndindex(height, width):
        if (y + x) % 2 != colour or not moving[y, x]:
            continue
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        inside = [here[v, u] for v, u in around if 0 <= v < height and 0 <= u < width]
        pull = force[y, x] + earlier[y, x] + later[y, x] + sum(inside)
        out[y, x] += over * (pull / (2 + len(inside) + screening) - here[y, x])
    return out


def spread(cells: NDArray[np.float32], cell: int, moving: NDArray[np.bool_]) -> NDArray[np.float64]:
    """:func:`cinekit.loop.poisson_kernels.spread`: float64 (h, w, 3)."""
    rows = np.clip((np.arange(moving.shape[0]) + 0.5) / cell - 0.5, 0, cells.shape[0] - 1)
    columns = np.clip((np.arange(moving.shape[1]) + 0.5) / cell - 0.5, 0, cells.shape[1] - 1)
    weights = [
        np.maximum(1 - np.abs(at[:, None] - np.arange(count)), 0)
        for at, count in ((rows, cells.shape[0]), (columns, cells.shape[1]))
    ]
    out: NDArray[np.float64] = np.einsum("yj,xi,jic->yxc", *weights, cells)
    out[~moving] = 0
    return out


def matrix(level: Level, shift: float) -> NDArray[np.float64]:
    """The plane problem of :mod:`cinekit.loop.multigrid` as a matrix; identity without mass."""
    height, width = level.mass.shape
    cell = np.arange(height * width).reshape(height, width)
    out = np.diag((level.ground + shift * level.mass).ravel().astype(np.float64))
    for one, two, joins in (
        (cell[:-1], cell[1:], level.down[:-1]),
        (cell[:, :-1], cell[:, 1:], level.right[:, :-1]),
    ):
        for i, j, g in zip(one.ravel(), two.ravel(), joins.ravel(), strict=True):
            out[[i, j], [i, j]] += g
            out[[i, j], [j, i]] -= g
    empty = np.flatnonzero(level.mass.ravel() == 0)
    out[empty, empty] = 1
    return out
