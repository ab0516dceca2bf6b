"""The frame that the still part shows.

A solver may leave the still part as a collage: this corner from frame 3, that one from frame 90,
wherever the seam to the moving part is cheapest. A collage can cut whatever passed by. So one frame
is chosen for all of it, and a patch keeps its own frame only where that lowers the seam for good.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.errors import RenderError
from cinekit.labels import STILL, LabelMap
from cinekit.loop.options import AUTO
from cinekit.model import Clip

_SHARP_ENOUGH = 0.95
"""A still frame has at least this share of the sharpness of the median frame."""

_WORTH_KEEPING = 0.5
"""A patch keeps its own frame when its seam is below this share of the seam it would get."""

_SMALLEST_PATCH = 0.002
"""Share of the frame; smaller patches of the still part never keep their own frame."""


@kernel
def still_seams(
    frames: NDArray[np.uint8],
    shows: NDArray[np.int32],
    period: NDArray[np.int64],
    start: NDArray[np.int64],
    looping: NDArray[np.int32],
    still: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Seam of every pair of a looping and a still pixel, for every still frame.

    shows : int32 (T + E,), the frame that each index of a label shows.
    looping, still : int32 (N, 2), (row, column) of the two pixels of each pair. out : float64
    (N, T), ``mean_phi |V(x, phi) - V(x, f)|^2 + |V(z, phi) - V(z, f)|^2`` with phi over the loop of
    the looping pixel (PsiV of [O] Eq. 4 for a still label, in squared grey levels).
    """
    n = frames.shape[0]
    for k in range(looping.shape[0]):
        s = start[k]
        p = period[k]
        for f in range(n):
            out[k, f] = 0.0
        for end in range(2):
            y = looping[k, 0] if end == 0 else still[k, 0]
            x = looping[k, 1] if end == 0 else still[k, 1]
            for c in range(3):
                total = 0.0
                squares = 0.0
                for t in range(s, s + p):
                    v = float(frames[shows[t], y, x, c])
                    total += v
                    squares += v * v
                mean = total / p
                for f in range(n):
                    v = float(frames[f, y, x, c])
                    out[k, f] += v * v - 2.0 * v * mean + squares / p


def _pairs(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> tuple[NDArray[np.int32], ...]:
    """Neighbouring pixels of which the first is in one and the second in two: two (N, 2) arrays."""
    firsts, seconds = [], []
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        there = np.zeros_like(two)
        height, width = two.shape
        there[max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)] = two[
            max(dy, 0) : height - max(-dy, 0), max(dx, 0) : width - max(-dx, 0)
        ]
        at = np.argwhere(one & there).astype(np.int32)
        firsts.append(at)
        seconds.append(at + np.array([dy, dx], np.int32))
    return np.concatenate(firsts), np.concatenate(seconds)


def _sharpness(clip: Clip, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean absolute Laplacian of the luma over a mask, per frame: float64 (T,), grey levels."""
    grey = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip.frames)
    return np.array([np.abs(cv2.Laplacian(g, cv2.CV_16S))[mask].mean() for g in grey], np.float64)


def best_still_frame(labels: LabelMap, clip: Clip) -> int:
    """The frame whose seam to the moving part is lowest, among those that are sharp.

    Without a border between moving and still pixels: the most common still start.
    """
    still = ~labels.looping
    if not still.any():
        return 0
    looping_end, still_end = _pairs(labels.looping, still)
    if len(looping_end) == 0:
        return int(np.bincount(labels.start[still]).argmax())
    seams = _seams(labels, clip, looping_end, still_end).sum(axis=0)
    sharpness = _sharpness(clip, still)
    seams[sharpness < _SHARP_ENOUGH * np.median(sharpness)] = np.inf
    return int(seams.argmin())


def _seams(
    labels: LabelMap, clip: Clip, looping: NDArray[np.int32], still: NDArray[np.int32]
) -> NDArray[np.float64]:
    at = looping[:, 0], looping[:, 1]
    out = np.empty((len(looping), clip.n_frames))
    period, start = labels.period[at].astype(np.int64), labels.start[at].astype(np.int64)
    still_seams(clip.frames, labels.shows, period, start, looping, still, out)
    return out


def _kept_patches(labels: LabelMap, clip: Clip, chosen: int) -> NDArray[np.bool_]:
    """Still pixels whose own frame beats the chosen one: bool (H, W)."""
    still = ~labels.looping
    differs: NDArray[np.bool_] = still & (labels.start != chosen)
    if not differs.any():
        return differs
    patch, frame = labels.patches.number, labels.patches.start
    count = len(frame)
    keep, replace = np.zeros(count), np.zeros(count)
    looping_end, still_end = _pairs(labels.looping, differs)
    if len(looping_end):
        seams = _seams(labels, clip, looping_end, still_end)
        mine = patch[still_end[:, 0], still_end[:, 1]]
        keep += np.bincount(mine, seams[np.arange(len(mine)), frame[mine]], count)
        replace += np.bincount(mine, seams[:, chosen], count)
    # Towards the rest of the still part, which is taken to show the chosen frame.
    inner, outer = _pairs(differs, still)
    mine, theirs = patch[inner[:, 0], inner[:, 1]], patch[outer[:, 0], outer[:, 1]]
    inner, outer, mine = inner[mine != theirs], outer[mine != theirs], mine[mine != theirs]
    for end in (inner, outer):
        own = clip.frames[frame[mine], end[:, 0], end[:, 1]].astype(np.float64)
        other = clip.frames[chosen, end[:, 0], end[:, 1]].astype(np.float64)
        keep += np.bincount(mine, ((own - other) ** 2).sum(axis=1), count)
    area = np.bincount(patch.ravel(), minlength=count)
    worth = (keep < _WORTH_KEEPING * replace) & (area >= _SMALLEST_PATCH * patch.size)
    kept: NDArray[np.bool_] = differs & worth[patch]
    return kept


def check_still(still: int | str, clip: Clip) -> None:
    """Raise a RenderError when the clip has no such frame; "auto" is always fine."""
    if not isinstance(still, str) and not 0 <= still < clip.n_frames:
        raise RenderError(
            f"render.still: expected a frame index below {clip.n_frames}, received {still}"
        )


def choose_still(labels: LabelMap, clip: Clip, still: int | str = AUTO) -> LabelMap:
    """Let the still part show one frame.

    Parameters
    ----------
    labels : at the resolution of the clip.
    still : index of the frame, taken as it is; or "auto": the sharp frame with the lowest seam to
        the moving part, while connected patches of at least 0.2 % of the frame keep the solver's
        own frame where that halves their seam.

    Raises
    ------
    RenderError
        When the clip has no such frame, or labels and clip do not fit together.
    """
    if labels.size != clip.size:
        raise RenderError(f"expected labels of {clip.size}, received {labels.size}")
    check_still(still, clip)
    if not isinstance(still, str):
        return labels.where(~labels.looping, STILL, still)
    chosen = best_still_frame(labels, clip)
    kept = _kept_patches(labels, clip, chosen)
    return labels.where(~labels.looping & ~kept, STILL, chosen)
