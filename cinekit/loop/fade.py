"""The cross-fade of one label: which two frames, and how much of each.

A pixel with label (p, s) jumps from V(s + p - 1) back to V(s). Let tau count frames from the jump.
Before it the loop shows V(s + p + tau), after it V(s + tau): two sequences that both go on beyond
the jump, as far as the clip reaches. The fade lets the first turn into the second over the window
``tau in [first, last)``, centred on the jump where the clip allows it, shifted where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.loop.timemap import phase


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The distinct labels of a map.

    index : int32 (H, W) into the other arrays.
    period, start : int64 (L,), frames.
    first, last : int64 (L,), the fade window around the jump, frames; equal: no fade.
    """

    index: NDArray[np.int32]
    period: NDArray[np.int64]
    start: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def fade_window(
    period: NDArray[np.int64], start: NDArray[np.int64], n_source: int, fade: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The window [first, last) around the jump, first <= 0 <= last, in which both sides exist.

    The side that comes after the jump exists from tau = -s on, the one before it up to
    tau = T - s - p - 1. A window is at most half a period long. What lies beyond the clip is a loop
    that goes there and back, and has no jump to fade.
    """
    length = np.minimum(fade, period // 2)
    length[(period <= 1) | (start >= n_source)] = 0
    reach_back = start
    reach_on = np.maximum(n_source - start - period, 0)
    first = -np.minimum(length // 2, reach_back)
    last = np.minimum(length + first, reach_on)
    first = -np.minimum(length - last, reach_back)
    return first, last


def label_table(
    period: NDArray[np.int16], start: NDArray[np.int16], n_source: int, fade: int
) -> LabelTable:
    """The distinct (p, s) of a label map and their fade windows."""
    key = period.astype(np.int64) * 65536 + start.astype(np.int64)
    found, where = np.unique(key, return_inverse=True)
    p, s = found // 65536, found % 65536
    first, last = fade_window(p, s, n_source, fade)
    return LabelTable(where.reshape(period.shape).astype(np.int32), p, s, first, last)


def sources(
    table: LabelTable, n_frames: int, f: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Main frame, other frame and the other's share for every label, in frame f of the loop.

    The share rises in equal steps of 1 / (w + 1) over a window of w frames, so that no step of the
    loop takes more than that part of the jump. Outside the window it is 0, and the two frames are
    one.

    Returns
    -------
    int32 (L,), int32 (L,), float32 (L,) in [0, 1].
    """
    q = phase(table.period, table.start, n_frames, f)
    main = table.start + q
    after = q < table.last
    before = q - table.period >= table.first
    window = table.last - table.first
    tau = np.where(after, q, q - table.period)
    new = (tau - table.first + 1) / (window + 1)
    share = np.where(after, 1 - new, np.where(before, new, 0.0))
    other = np.where(after, main + table.period, np.where(before, main - table.period, main))
    return main.astype(np.int32), other.astype(np.int32), share.astype(np.float32)
