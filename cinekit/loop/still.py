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
from cinekit.eye import PATCH
from cinekit.labels import STILL, Borders, LabelMap
from cinekit.loop.options import AUTO
from cinekit.model import Clip

_SHARP_ENOUGH = 0.95
"""A still frame has at least this share of the sharpness of the median frame."""

_WORTH_KEEPING = 0.5
"""A patch keeps its own frame when its seam is below this share of the seam it would get."""


@kernel
def still_seams(frames, table, label, ends, out):  # type: ignore[no-untyped-def]
    """Seam of every pair of a looping and a still pixel, for every still frame.

    table : period, start (L,) and shows (T + E,) of a map. label : (N,), that of the looping pixel.
    ends : (rows, columns), (N,) each, of the two pixels of each pair. out : float64 (N, T),
    ``mean_phi |V(x, phi) - V(x, f)|^2 + |V(z, phi) - V(z, f)|^2`` with phi over the loop of the
    looping pixel (PsiV of [O] Eq. 4 for a still label, in squared grey levels).
    """
    period, start, shows = table
    n = frames.shape[0]
    out[:] = 0.0
    for k in range(len(label)):
        s = start[label[k]]
        p = period[label[k]]
        for rows, columns in ends:
            pixel = frames[:, rows[k], columns[k]]
            for c in range(3):
                total = 0.0
                squares = 0.0
                for t in range(s, s + p):
                    v = float(pixel[shows[t], c])
                    total += v
                    squares += v * v
                mean = total / p
                for f in range(n):
                    v = float(pixel[f, c])
                    out[k, f] += v * v - 2.0 * v * mean + squares / p


def _sharpness(clip: Clip, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean absolute Laplacian of the luma over a mask, per frame: float64 (T,), grey levels."""
    edges = (cv2.Laplacian(grey, cv2.CV_16S) for grey in clip.view.luma)
    return np.array([np.abs(frame)[mask].mean() for frame in edges], np.float64)


def best_still_frame(labels: LabelMap, clip: Clip) -> int:
    """The frame whose seam to the moving part is lowest, among those that are sharp.

    Without a border between moving and still pixels: the most common still start.
    """
    still = ~labels.looping
    if not still.any():
        return 0
    borders = labels.borders.between(labels.looping, still)
    if not len(borders):
        return int(np.bincount(labels.start[still]).argmax())
    seams = _seams(labels, clip, borders).sum(axis=0)
    sharpness = _sharpness(clip, still)
    seams[sharpness < _SHARP_ENOUGH * np.median(sharpness)] = np.inf
    return int(seams.argmin())


def _seams(labels: LabelMap, clip: Clip, borders: Borders) -> NDArray[np.float64]:
    """:func:`still_seams` of borders whose first end loops: float64 (N, T)."""
    out = np.empty((len(borders), clip.n_frames))
    table = labels.table
    known, label = (table.period, table.start, table.shows), table.index[borders.first]
    still_seams(clip.frames, known, label, (borders.first, borders.second), out)
    return out


def _kept_patches(labels: LabelMap, clip: Clip, chosen: int) -> NDArray[np.bool_]:
    """Still pixels whose own frame beats the chosen one: bool (H, W)."""
    still = ~labels.looping
    differs: NDArray[np.bool_] = still & (labels.start != chosen)
    if not differs.any():
        return differs
    patch, frame = labels.patches.number, labels.patches.start
    count = len(frame)
    borders = labels.borders.between(labels.looping, differs)
    seams, mine = _seams(labels, clip, borders), patch[borders.second]
    keep = np.bincount(mine, seams[np.arange(len(mine)), frame[mine]], count)
    replace = np.bincount(mine, seams[:, chosen], count)
    # Towards the rest of the still part, which is taken to show the chosen frame.
    edges = labels.edges.between(differs, still)
    mine = patch[edges.first]
    for end in (edges.first, edges.second):
        own, other = (clip.frames[f, *end].astype(np.float64) for f in (frame[mine], chosen))
        keep += np.bincount(mine, ((own - other) ** 2).sum(axis=1), count)
    area = np.bincount(patch.ravel(), minlength=count)
    worth = (keep < _WORTH_KEEPING * replace) & (area >= PATCH * patch.size)
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
