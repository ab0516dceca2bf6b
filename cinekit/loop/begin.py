"""Where the file of a loop begins.

A loop can begin in any of its frames, but players pause for a moment where the file begins again.
The pause shows least where least changes, which need not be frame 0 of the time map: in a gust
frame 0 may lie in the middle of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.model import LabelMap

_EVERY = 2
"""Every second row and column tells how much changes."""


def calmest_frame(frames: NDArray[np.uint8], labels: LabelMap) -> int:
    """The frame before which least changes where the loop moves; the first of several, 0 if none.

    frames : uint8 (n, H, W, 3), the loop once.
    """
    where = labels.looping[::_EVERY, ::_EVERY]
    if not where.any():
        return 0
    before = frames[-1, ::_EVERY, ::_EVERY][where].astype(np.int16)
    steps = []
    for frame in frames:
        now = frame[::_EVERY, ::_EVERY][where].astype(np.int16)
        steps.append(int(np.abs(now - before).sum(dtype=np.int64)))
        before = now
    return int(np.argmin(steps))


def begin_at(frames: NDArray[np.uint8], first: int) -> None:
    """Rotate a loop in place, so that frame ``first`` becomes frame 0 (``np.roll`` would copy it).

    frames : uint8 (n, H, W, 3). Three reversals: of each part, then of the whole.
    """
    for part in (frames[:first], frames[first:], frames):
        for k in range(len(part) // 2):
            kept = part[k].copy()
            part[k] = part[-1 - k]
            part[-1 - k] = kept
