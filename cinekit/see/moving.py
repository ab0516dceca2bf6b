"""What moves by itself, whatever it is.

Source of the rule: [O] 3.1 drops categories whose standard deviation of intensity over time is at
most 0.05. On real clips that leaves nothing of a camp fire and keeps a drifting wall, so here each
*pixel* is asked, against a threshold that the clip's own noise sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.eye import MOVES, SPECK
from cinekit.model import Clip
from cinekit.see.folding import upsample
from cinekit.see.parts import drop_small, fill_small
from cinekit.view import ClipView, grid_size

NOISE_MARGIN = 1.8
"""A pixel must vary so many times more than the stillest part of the frame does."""

NOISE_MOST = 0.03
"""Cap of the noise floor: where nothing is still, the stillest part says nothing about noise."""

LONG_SIDE = 320
"""Motion is measured on frames of this size: averaging takes the noise out, not the motion."""


@dataclass(frozen=True, eq=False)
class Activity:
    """How much every pixel varies over time.

    std : float32 (h, w), standard deviation of intensity in [0, 1]; the grid covers the frame.
    threshold : a pixel above it moves: max(MOVES / 255, noise floor).
    """

    std: NDArray[np.float32]
    threshold: float


def activity(view: ClipView) -> Activity:
    """Temporal deviation of intensity, with what is not motion taken out.

    - Frames are area-averaged to at most 320 px and lightly smoothed: pixel noise shrinks, motion
      of more than a few pixels does not.
    - Changes of the whole picture (exposure, a key frame's pop) are removed: the median over the
      pixels of each frame's difference to the temporal mean.
    - The noise floor is NOISE_MARGIN times the deviation of the stillest twentieth of the frame,
      so blocks that the codec skipped (deviation 0) cannot raise it, and grain cannot pass.
    """
    frames = view.small(grid_size(view.size, LONG_SIDE))
    stack = np.empty(frames.shape[:3], np.float32)
    for smooth, frame in zip(stack, frames, strict=True):
        smooth[:] = cv2.blur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32), (3, 3))
    stack /= 255
    stack -= stack.mean(axis=0)
    stack -= np.median(stack.reshape(len(stack), -1), axis=1)[:, None, None]
    std = stack.std(axis=0)
    floor = min(NOISE_MARGIN * float(np.quantile(std, 0.05)), NOISE_MOST)
    return Activity(std=std, threshold=max(MOVES / 255, floor))


def moving_map(clip: Clip) -> NDArray[np.bool_]:
    """bool (H, W): the pixels that move by themselves.

    Above the threshold of :func:`activity`; pin-holes (a block that the codec skipped
    inside moving water) are closed, specks below SPECK of the frame are dropped.
    """
    found = clip.view.once(activity)
    moving = drop_small(fill_small(found.std > found.threshold, SPECK), SPECK)
    return upsample(moving.astype(np.float32), clip.size) > 0.5
