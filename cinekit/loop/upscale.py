"""Labels of the working clip, brought to the frames and pixels of the clip.

The energy is solved on every n-th frame, so a working period of 16 stands for 64 source frames,
give or take ``every - 1``, and the frames in between were never looked at. Moving a period and its
starts by less than ``every`` frames is cheap and takes out much of the jump.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.distance import NEAREST, colour_distance, jump_frames
from cinekit.energy.jit import kernel
from cinekit.errors import RenderError
from cinekit.labels import STILL, LabelMap
from cinekit.model import Clip


@kernel
def jump_table(frames, patch, period, start, reach, table):  # type: ignore[no-untyped-def]
    """Summed temporal cost of every patch for every small change of its period and start.

    patch : int32 (H, W) into period and start, int32 (P,). table : float64 (P, 2 r + 1, 2 r + 1),
    out, r = reach: ``table[i, r + dp, r + ds]`` is the sum over the pixels of patch i of
    Phi ([O] Eq. 2, in squared grey levels) with p and s changed by dp and ds; frames outside the
    clip count as its first and last. Patches of period 1 are left at 0.
    """
    n, height, width, _ = frames.shape
    side = 2 * reach + 1
    for y in range(height):
        for x in range(width):
            i = patch[y, x]
            p = period[i]
            if p == 1:
                continue
            s = start[i]
            colours = frames[:, y, x]
            for dp in range(side):
                previous = 0.0
                for ds in range(-1, side):
                    a, b = jump_frames(p + dp - reach, s + ds - reach, 0, n, NEAREST)
                    cost = colour_distance(colours, a, b)
                    if ds >= 0:
                        table[i, dp, ds] += cost + previous
                    previous = cost


def _choose_offsets(
    table: NDArray[np.float64],
    period: NDArray[np.int32],
    start: NDArray[np.int32],
    n_source: int,
    reach: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The best change per period and per patch, from :func:`jump_table`; periods and starts.

    One change for all patches of a period, so that they stay in phase; one start per patch.
    """
    offsets = np.arange(-reach, reach + 1)
    p = period[:, None, None] + offsets[None, :, None]  # (P, dp, 1)
    s = start[:, None, None] + offsets[None, None, :]  # (P, 1, ds)
    allowed = (p > STILL) & (s >= 0) & (s + p <= n_source)
    # Ties go to the smallest change.
    size = np.abs(offsets)[:, None] + np.abs(offsets)[None, :]
    cost = np.where(allowed, table + 1e-6 * size, np.inf)
    best_start = cost.argmin(axis=2)  # (P, dp)
    cost_at_best = np.take_along_axis(cost, best_start[..., None], axis=2)[..., 0]
    new_period, new_start = period.copy(), start.copy()
    for value in np.unique(period[period > STILL]):
        mine = np.flatnonzero(period == value)
        total = cost_at_best[mine].sum(axis=0)
        change = int(total.argmin())
        if not np.isfinite(total[change]):
            raise RenderError(
                f"expected room for a loop of about {value} frames in a clip of {n_source}, "
                "found none; the labels do not belong to this clip"
            )
        new_period[mine] = value + offsets[change]
        new_start[mine] = start[mine] + offsets[best_start[mine, change]]
    return new_period, new_start


def to_clip_resolution(labels: LabelMap, clip: Clip, every: int) -> LabelMap:
    """Bring the labels of the working clip to the pixels and frames of the clip.

    In space each pixel takes the label of the working pixel that covers it. In time p and s are
    multiplied by ``every``; then each distinct period may change by less than ``every`` frames, the
    same for all of its pixels so that they stay in phase, and each connected patch may move its
    start by less than ``every`` frames, such that the summed temporal cost of [O] Eq. 2 at the full
    frame rate is least. Still pixels show the source frame of their working frame.

    Parameters
    ----------
    labels : of the working clip, whose frame i is frame ``i * every`` of the clip.
    every : source frames per working frame, >= 1.

    Raises
    ------
    RenderError
        When the labels index frames that the clip does not have.
    """
    n_source = clip.n_frames
    if every < 1 or (labels.n_frames - 1) * every >= n_source:
        raise RenderError(
            f"expected working labels of at most {n_source} frames / every, received "
            f"{labels.n_frames} frames with every={every}"
        )
    large = labels.at_size(clip.size)
    period = np.where(large.looping, large.period.astype(np.int32) * every, STILL)
    # The last working frame may stand for fewer than `every` source frames.
    start = np.minimum(large.start.astype(np.int32) * every, np.maximum(n_source - period, 0))
    period = np.minimum(period, n_source)
    lifted = LabelMap(period.astype(np.int16), start.astype(np.int16), n_source)
    if every == 1 or not lifted.looping.any():
        return lifted
    patches, side = lifted.patches, 2 * every - 1
    table = np.zeros((len(patches.period), side, side))
    jump_table(clip.frames, patches.number, patches.period, patches.start, every - 1, table)
    new_period, new_start = _choose_offsets(
        table, patches.period, patches.start, n_source, every - 1
    )
    return LabelMap(
        period=new_period[patches.number].astype(np.int16),
        start=new_start[patches.number].astype(np.int16),
        n_frames=n_source,
    )
