"""The fast inner loops of rendering; :mod:`cinekit.loop.reference` says the same plainly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel

OVERSHOOT = np.float32(12)
"""Grey levels by which a restored contrast may go beyond what is mixed: more than the crests of a
rough sea need."""


@kernel
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
    out: NDArray[np.uint8],
) -> None:
    """One frame of the loop into out, uint8 (H, W, 3).

    frames : uint8 (T, H, W, 3).
    index : int32 (H, W), the pixel's label; second : the label across the nearest border;
        weight : float32 (H, W) in [0, 1], how much of the second.
    main, other, share : (L,), what each label shows now, see :func:`cinekit.loop.fade.sources`.
    mean : float32 (H, W, 3), each pixel's mean over its loop; correlation : float32 (H, W) in
        (-1, 1], of the two sides of its fade. A mix of two things that do not agree has less
        contrast than either; its deviation from the mean is scaled up by what was lost, but hardly
        beyond what the two and the mean show, or a flame leaves its negative.
    hide : float32 (H, W) in [0, 1], how much of a pixel's fade is shown.
    """
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            label = index[y, x]
            a = main[label]
            beta = share[label] * hide[y, x]
            w = weight[y, x]
            if beta == 0.0 and w == 0.0:
                for c in range(3):
                    out[y, x, c] = frames[a, y, x, c]
                continue
            b = other[label]
            gain = np.float32(1.0)
            if beta > 0.0:
                alpha = np.float32(1.0) - beta
                power = alpha * alpha + beta * beta + 2 * alpha * beta * correlation[y, x]
                gain = np.float32(1.0) / np.sqrt(power)
            label2 = second[y, x]
            a2 = main[label2]
            b2 = other[label2]
            beta2 = share[label2] * hide[y, x]
            for c in range(3):
                value = np.float32(frames[a, y, x, c])
                if beta > 0.0:
                    m = mean[y, x, c]
                    one, two = value, np.float32(frames[b, y, x, c])
                    value += beta * (two - value)
                    value = m + gain * (value - m)
                    value = max(value, min(one, two, m) - OVERSHOOT)
                    value = min(value, max(one, two, m) + OVERSHOOT)
                if w > 0.0:
                    value2 = np.float32(frames[a2, y, x, c])
                    if beta2 > 0.0:
                        value2 += beta2 * (np.float32(frames[b2, y, x, c]) - value2)
                    value += w * (value2 - value)
                value = min(max(value, np.float32(0.0)), np.float32(255.0))
                out[y, x, c] = np.uint8(value + np.float32(0.5))


@kernel
def loop_statistics(
    frames: NDArray[np.uint8],
    shows: NDArray[np.int32],
    index: NDArray[np.int32],
    period: NDArray[np.int64],
    start: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    mean: NDArray[np.float32],
    moments: NDArray[np.float32],
) -> None:
    """Each pixel's mean over its loop, and how the two sides of its fade agree.

    shows : int32 (T + E,), the frame that each index of a label shows.
    mean : float32 (H, W, 3), out. moments : float32 (H, W, 3), out: with A and B the two sides'
    deviations from the mean, the sums over the fade window and the colours of A B, A^2 and B^2.
    """
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            label = index[y, x]
            p = period[label]
            s = start[label]
            ab = np.float32(0.0)
            aa = np.float32(0.0)
            bb = np.float32(0.0)
            for c in range(3):
                total = 0
                for t in range(s, s + p):
                    total += frames[shows[t], y, x, c]
                m = np.float32(total / p)
                mean[y, x, c] = m
                for tau in range(first[label], last[label]):
                    a = np.float32(frames[shows[s + p + tau], y, x, c]) - m
                    b = np.float32(frames[shows[s + tau], y, x, c]) - m
                    ab += a * b
                    aa += a * a
                    bb += b * b
            moments[y, x, 0] = ab
            moments[y, x, 1] = aa
            moments[y, x, 2] = bb


@kernel
def across_border(
    index: NDArray[np.int32],
    still: NDArray[np.bool_],
    feather: int,
    second: NDArray[np.int32],
    weight: NDArray[np.float32],
) -> None:
    """For every moving pixel near a label border: the label across it, and how much of it to show.

    index : int32 (H, W). still : bool (L,), labels that do not move. second : int32 (H, W), out.
    weight : float32 (H, W), out. With d the distance in pixels (the larger of |dy| and |dx|) to the
    nearest pixel of another label and f the feather: towards a still label ``1 - d / (f + 1)``, so
    that the moving side fades into a still side that stays as it is; towards a moving label
    ``(f + 1 - d) / (2 f + 1)``, so that both sides meet half way. Still labels win ties.
    """
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            label = index[y, x]
            second[y, x] = label
            weight[y, x] = 0.0
            if still[label]:
                continue
            for d in range(1, feather + 1):
                found = -1
                for j in range(max(y - d, 0), min(y + d, height - 1) + 1):
                    ring = j == y - d or j == y + d
                    for i in range(max(x - d, 0), min(x + d, width - 1) + 1):
                        if not ring and i != x - d and i != x + d:
                            continue
                        there = index[j, i]
                        if there != label and (found < 0 or (still[there] and not still[found])):
                            found = there
                if found >= 0:
                    second[y, x] = found
                    if still[found]:
                        weight[y, x] = np.float32(1.0 - d / (feather + 1.0))
                    else:
                        weight[y, x] = np.float32((feather + 1.0 - d) / (2.0 * feather + 1.0))
                    break
