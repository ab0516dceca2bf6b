"""Where a loop's jump has to be hidden.

Water whose jump is four times its usual step shows a seam, and blending takes it away. Fire is
elsewhere in every frame: its jump is a step like any other, and blending two unlike frames over it
leaves the ghost of a flame. So jumps are blended only where they stand out from the steps around
them, and offsets, which melt one thing into another over many frames, only where the two are much
the same.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.distance import MISSING, NEAREST, colour_distance, colour_phi, jump_frames
from cinekit.energy.jit import kernel
from cinekit.labels import LabelMap
from cinekit.model import Clip

_LIKE_A_STEP, _STANDS_OUT = 1.2, 1.8
"""Jump over step: below the first nothing is hidden, above the second all of it. 0.4 to 1.2 in
fire, 1.6 to 4 in water."""

_BOX = 1 / 36
"""Share of the height over which both are averaged; a single pixel says little."""

_SAMPLES = 8
"""Steps of a loop that are looked at."""

_MELTS, _LEAVES_A_GHOST = 40.0, 80.0
"""Grey levels of a colour by which a patch changes at the jump: offsets hide the first, and leave
the second alone. 10 to 45 in a rough sea, 80 to 200 in a fire."""

_NOTHING = 1.0
"""Squared grey levels over three colours: a jump that nobody sees."""


@kernel
def jump_and_step(frames, period, start, samples, jump, step):  # type: ignore[no-untyped-def]
    """Squared jump and mean squared step of every looping pixel, summed over the colours.

    frames : uint8 (T, H, W, 3). period, start : int16 (H, W). jump, step : float32 (H, W), out;
    zero for pixels that stand still or whose loop is not one of the clip's own windows.
    The jump is Phi of [O] Eq. 2, its mean over the sides that the clip has.
    """
    n = frames.shape[0]
    for y in range(period.shape[0]):
        for x in range(period.shape[1]):
            p, s = int(period[y, x]), int(start[y, x])
            jump[y, x] = 0.0
            step[y, x] = 0.0
            if p == 1 or s + p > n:
                continue
            colours = frames[:, y, x]
            total, sides = colour_phi(colours, p, s, n, MISSING)
            if sides == 0:
                sides = 1
                total = colour_distance(colours, s, s + p - 1)
            jump[y, x] = total / sides
            count = min(samples, p - 1)
            total = 0.0
            for k in range(count):
                t = s + k * (p - 1) // count
                total += colour_distance(colours, t, t + 1)
            step[y, x] = total / count


def melting(clip: Clip, labels: LabelMap) -> NDArray[np.float32]:
    """How much of each pixel's jump offsets may hide: float32 (H, W) in [0, 1].

    :func:`stand_out`, but nothing around a patch that changes, signs kept, by so much that its
    shape would stand in the picture for half a second: a flame where there is none any more.

    labels : at the resolution of the clip.
    """
    box, table, n = _box(labels), labels.table, labels.n_frames
    rows, columns = np.indices(labels.size, sparse=True)
    change = np.zeros(labels.size, np.float32)
    for side in range(2):  # of Phi ([O] Eq. 2), signs kept
        pairs = zip(table.period, table.start, strict=True)
        ends = np.array([jump_frames(p, s, side, n, NEAREST) for p, s in pairs])  # (L, 2)
        shown = table.shows[ends][table.index]  # (H, W, 2)
        one, two = (clip.frames[shown[..., i], rows, columns].astype(np.float32) for i in (0, 1))
        jump = cv2.blur(one - two, box)
        np.maximum(change, np.abs(jump).max(axis=-1), out=change)
    change = np.asarray(cv2.dilate(change, np.ones(box, np.uint8)), np.float32)
    alike = np.clip((_LEAVES_A_GHOST - change) / (_LEAVES_A_GHOST - _MELTS), 0, 1)
    return np.asarray(stand_out(clip, labels) * alike, np.float32)


def _box(labels: LabelMap) -> tuple[int, int]:
    side = max(3, round(labels.size[0] * _BOX) | 1)
    return side, side


def stand_out(clip: Clip, labels: LabelMap) -> NDArray[np.float32]:
    """How much each pixel's jump stands out from the steps around it: float32 (H, W) in [0, 1].

    labels : at the resolution of the clip.
    """
    jump, step = (np.empty(labels.size, np.float32) for _ in range(2))
    jump_and_step(clip.frames, labels.period, labels.start, _SAMPLES, jump, step)
    jump, step = (np.asarray(cv2.blur(p, _box(labels)), np.float32) for p in (jump, step))
    ratio = np.sqrt(jump / np.maximum(step, np.float32(1e-6)))
    out = np.clip((ratio - _LIKE_A_STEP) / (_STANDS_OUT - _LIKE_A_STEP), 0, 1)
    out[jump < _NOTHING] = 0
    return np.asarray(out, np.float32)
