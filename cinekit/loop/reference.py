"""Rendering in plain loops: slow, readable, and what the kernels are tested against."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cinekit.loop.crossfade import OVERSHOOT


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
    """:func:`cinekit.loop.activation.loop_costs`: variance, jump and apart."""
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
