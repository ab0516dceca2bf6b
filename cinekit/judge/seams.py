"""Where a loop can show what it is made of: jumps in time and borders in space."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.eye import UNLIKE_GREY, UNSEEN
from cinekit.labels import Borders, LabelMap
from cinekit.view import ClipView

_SAMPLES = 12
"""Steps of the clip that are looked at."""


def own_jump(
    source: NDArray[np.uint8], labels: LabelMap, mask: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean |V(s) - V(s + p - 1)| over the looping pixels of a mask, and their mean step.

    source : uint8 (T, H, W), luma. Grey levels; (0, 0) without looping pixels.
    """
    inside = mask & labels.looping
    if not inside.any():
        return 0.0, 0.0
    first = labels.start[inside].astype(np.intp)
    last = first + labels.period[inside] - 1
    shows, pixels = labels.shows, np.nonzero(inside)
    jump = np.abs(source[shows[first], *pixels].astype(np.int16) - source[shows[last], *pixels])
    way = np.zeros(len(first), np.int32)
    before = source[shows[0]][inside].astype(np.int16)
    for f, shown in enumerate(shows[1:], start=1):  # all frames of all pixels would be 4 clips
        now = source[shown][inside].astype(np.int16)
        way += np.where((first < f) & (f <= last), np.abs(now - before), np.int16(0))
        before = now
    return float(jump.mean()), float((way / (last - first)).mean())


def own_step(loop: NDArray[np.uint8], labels: LabelMap) -> tuple[float, float]:
    """What the rendered loop shows where a pixel jumps, and its mean step, both in grey levels.

    The mean over all looping pixels and all of their jumps of |L(f) - L(f - 1)|, f being the frame
    in which the pixel is back at its start.
    """
    looping, n = labels.looping, len(loop)
    table = labels.table.of(looping)
    shown = steps = 0.0
    jumps = 0
    before = table.phase(-1, n)
    for f in range(n):
        now = table.phase(f, n)
        step = np.abs(loop[f][looping].astype(np.int16) - loop[f - 1][looping])
        wrapped = (now < before)[table.index]
        shown += float(step[wrapped].sum())
        jumps += int(wrapped.sum())
        steps += float(step.sum())
        before = now
    if jumps == 0:
        return 0.0, 0.0
    return shown / jumps, steps / (n * len(table.index))


def gradients(borders: Borders, grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    """|step| across every border in every frame: int16 (n, N), grey levels."""
    one, two = (grey[:, *end].astype(np.int16) for end in (borders.first, borders.second))
    steps: NDArray[np.int16] = np.abs(one - two)
    return steps


def gradient_ratio(borders: Borders, source: NDArray[np.uint8], loop: NDArray[np.uint8]) -> float:
    """Mean step across the borders in the loop, to the mean step of the clip there.

    Both plus what nobody sees: on a dark wall twice a grey level is still nothing.
    """
    usual = float(gradients(borders, source).mean())
    return (float(gradients(borders, loop).mean()) + UNSEEN) / (usual + UNSEEN)


def torn(
    borders: Borders, labels: LabelMap, source: NDArray[np.uint8], n_frames: int, box: int = 1
) -> NDArray[np.bool_]:
    """Borders whose two sides at some moment of a loop of n show different things: bool (N,).

    Both labels of a border are followed at both of its pixels, as in PsiV ([O] Eq. 4), but the
    worst moment counts, not the mean, and before blending: a feather hides a tear from the
    gradient, not from the eye.

    source : uint8 (T, H, W), luma. box : pixels a side over which it is averaged.
    """
    ends = (borders.first, borders.second)
    values = np.empty((2, len(source), len(borders)), np.int16)
    for t, grey in enumerate(source):
        patches = cv2.blur(grey, (box, box)) if box > 1 else grey
        values[:, t] = [patches[end] for end in ends]
    one, two = (labels.table.of(end) for end in ends)
    every = np.arange(len(borders))
    found = np.zeros(len(borders), bool)
    for f in range(n_frames):
        a, b = one.frame_at(f, n_frames), two.frame_at(f, n_frames)
        found |= np.abs(values[:, a, every] - values[:, b, every]).sum(axis=0) > 2 * UNLIKE_GREY
    return found


def pops(source: NDArray[np.uint8], labels: LabelMap, mask: NDArray[np.bool_]) -> float:
    """Share of the looping pixels of a mask around which a whole patch changes at the jump.

    The signed jump V(s) - V(s + p - 1) is averaged over a box of 1/36 of the height (15 pixels of
    540): the jump of a texture averages out, that of a thing which is suddenly elsewhere does not.
    See :func:`usual_pops` for what a clip does by itself.

    source : uint8 (T, H, W), luma.
    """
    inside = mask & labels.looping
    if not inside.any():
        return 0.0
    rows, columns = np.indices(labels.size, sparse=True)
    last = labels.shows[labels.start + labels.period - 1]
    jump = source[labels.first_frame, rows, columns].astype(np.float32)
    jump -= source[last, rows, columns]
    jump[labels.returns] = 0  # a step of the clip itself, however large
    return float(_changed_patches(jump)[inside].mean())


def usual_pops(view: ClipView, labels: LabelMap) -> float:
    """The same share for ordinary steps of the clip, on average: fire is elsewhere in every frame.

    view : of the clip.
    """
    looping = labels.looping
    return float(view.once(_usual_changes)[looping].mean()) if looping.any() else 0.0


def _usual_changes(view: ClipView) -> NDArray[np.float64]:
    """Share of the clip's steps that change a whole patch around each pixel: float64 (H, W)."""
    grey = view.luma
    if len(grey) < 2:
        return np.zeros(view.size)
    at = np.unique(np.linspace(0, len(grey) - 2, _SAMPLES).round().astype(int))
    changed = np.zeros(view.size)
    for t in at:
        changed += _changed_patches(grey[t + 1].astype(np.float32) - grey[t])
    return changed / len(at)


def _changed_patches(change: NDArray[np.float32]) -> NDArray[np.bool_]:
    side = max(3, round(change.shape[0] / 36) | 1)
    changed: NDArray[np.bool_] = np.abs(cv2.blur(change, (side, side))) > UNLIKE_GREY
    return changed
