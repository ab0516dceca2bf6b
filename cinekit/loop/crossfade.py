"""Cross-fades around jumps, feathers at label borders, and the contrast that mixing takes.

A pixel with label (p, s) jumps from V(s + p - 1) back to V(s). Let tau count frames from the jump.
Before it the loop shows V(s + p + tau), after it V(s + tau): two sequences that both go on beyond
the jump, as far as the clip reaches. The fade lets the first turn into the second over the window
``tau in [first, last)``, centred on the jump where the clip allows it, shifted where it does not.

:mod:`cinekit.loop.reference` says the same as the kernels, plainly.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.labels import STILL, LabelMap, LabelTable
from cinekit.loop.jumps import stand_out
from cinekit.model import Clip

OVERSHOOT = np.float32(12)
"""Grey levels by which a restored contrast may go beyond what is mixed: more than the crests of a
rough sea need."""

_AGREEMENT_BOX = 9
"""Pixels a side over which the agreement of the two sides of a fade is averaged."""

_LEAST_AGREEMENT = -0.5
"""Correlation; limits the gain to 2: sides that oppose each other would need any."""

Window = tuple[NDArray[np.int64], NDArray[np.int64]]
"""First and last of every label, int64 (L,): the fade's [first, last), frames around the jump."""


def fade_window(table: LabelTable, n_source: int, fade: int) -> Window:
    """The window around the jump, first <= 0 <= last, in which both sides exist; equal: no fade.

    The side that comes after the jump exists from tau = -s on, the one before it up to
    tau = T - s - p - 1. A window is at most half a period long. What lies beyond the clip is a loop
    that goes there and back, and has no jump to fade.
    """
    period, start = table.period, table.start
    length = np.minimum(fade, period // 2)
    length[(period == STILL) | (start >= n_source)] = 0
    reach_on = np.maximum(n_source - start - period, 0)
    first = -np.minimum(length // 2, start)
    last = np.minimum(length + first, reach_on)
    first = -np.minimum(length - last, start)
    return first, last


def sources(
    table: LabelTable, window: Window, f: int, n_frames: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Main frame, other frame and the other's share for every label, in frame f of a loop of n.

    The share rises in equal steps of 1 / (w + 1) over a window of w frames, so that no step of the
    loop takes more than that part of the jump. Outside the window it is 0, and the two frames are
    one.

    Returns
    -------
    int32 (L,) frames of the clip, int32 (L,), float32 (L,) in [0, 1].
    """
    first, last = window
    q = table.phase(f, n_frames)
    main = table.start + q
    after, before = q < last, q - table.period >= first
    tau = np.where(after, q, q - table.period)
    new = (tau - first + 1) / (last - first + 1)
    share = np.where(after, 1 - new, np.where(before, new, 0.0))
    other = np.where(after, main + table.period, np.where(before, main - table.period, main))
    return table.shows[main], table.shows[other], share.astype(np.float32)


def crossfaded(
    clip: Clip, labels: LabelMap, n_frames: int, fade: int, feather: int
) -> Iterator[NDArray[np.uint8]]:
    """The frames of the loop, each a new uint8 (H, W, 3) array.

    Each moving pixel is cross-faded around its own jump, so that a step takes about
    ``1 / (fade + 1)`` of it; its contrast is kept; near a label border it mixes with the label
    across it.

    fade : frames of the clip. feather : pixels. 0 and 0: the frames of the clip as they are.
    """
    table = labels.table
    window = first, last = fade_window(table, clip.n_frames, fade)
    second, weight = table.index.copy(), np.zeros(labels.size, np.float32)
    if feather:
        across_border(table.index, table.period == STILL, feather, second, weight)
    mean = np.zeros((*labels.size, 3), np.float32)
    correlation, hide = np.ones(labels.size, np.float32), np.ones(labels.size, np.float32)
    if bool((first < last).any()):
        moments = np.zeros((*labels.size, 3), np.float32)
        loop_statistics(
            clip.frames, table.shows, table.index, table.period, table.start, first, last,
            mean, moments,
        )  # fmt: skip
        correlation, hide = _agreement(moments), stand_out(clip, labels)
    for f in range(n_frames):
        out = np.empty((*clip.size, 3), np.uint8)
        main, other, share = sources(table, window, f, n_frames)
        compose(
            clip.frames, table.index, second, weight, main, other, share, mean, correlation, hide,
            out,
        )  # fmt: skip
        yield out


def _agreement(moments: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of the two sides of the fade around each pixel; 1 where nothing moves.

    In [-0.5, 1]. Averaged over a box, because a single pixel over six frames says little.
    Deviations are from the pixel's mean over time, so that what stands still does not count.
    """
    box = (_AGREEMENT_BOX, _AGREEMENT_BOX)
    ab, aa, bb = (cv2.blur(np.ascontiguousarray(moments[..., i]), box) for i in range(3))
    power = np.sqrt(np.maximum(aa, 0) * np.maximum(bb, 0))
    ratio = np.divide(ab, power, out=np.ones_like(ab), where=power > 0)
    agreement: NDArray[np.float32] = np.clip(ratio, _LEAST_AGREEMENT, 1).astype(np.float32)
    return agreement


@kernel
def compose(  # type: ignore[no-untyped-def]
    frames, index, second, weight, main, other, share, mean, correlation, hide, out
):  # fmt: skip
    """One frame of the loop into out, uint8 (H, W, 3).

    frames : uint8 (T, H, W, 3).
    index : int32 (H, W), the pixel's label; second : the label across the nearest border;
        weight : float32 (H, W) in [0, 1], how much of the second.
    main, other, share : (L,), what each label shows now, see :func:`sources`.
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
def loop_statistics(  # type: ignore[no-untyped-def]
    frames, shows, index, period, start, first, last, mean, moments
):  # fmt: skip
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
def across_border(index, still, feather, second, weight):  # type: ignore[no-untyped-def]
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
