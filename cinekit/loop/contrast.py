"""Contrast that offsets take around a jump, given back.

At a jump the offsets make the middle sizes of a texture the mean of its two sides, and a mean of
two waves that do not agree is flatter than either. For a few frames the sea would look soft. There
fine detail is scaled up until gradients are nearly as strong as in the source frames. That costs
some hundredths of the gradient error, which the offsets made least.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

REACH = 4
"""Frames on either side of a jump in which the loss can be seen."""

_DETAIL = 1 / 180
"""Share of the height, standard deviation of the Gaussian that leaves only what is no detail."""

_LEAST_DETAIL = 2.0
"""Pixels; less would sharpen noise only."""

_BOX = 1 / 18
"""Share of the height over which gradients are averaged: a wave, not a crest."""

_MOST = 1.5
"""Largest gain."""

_GIVEN_BACK = 0.9
"""Of the loss: the last tenth would cost more gradient error than it shows."""

_FLAT = 1.0
"""Grey levels: gradients that are no texture."""


def give_back(
    source: NDArray[np.float32], offset: NDArray[np.float32], where: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Offsets with the contrast of the source: float32 (h, w, 3), grey levels.

    source : float32 (h, w, 3), the frame of the loop before blending, in [0, 255].
    offset : float32 (h, w, 3). where : bool (h, w), pixels near a jump, the only ones that change.
    """
    if not where.any():
        return offset
    height = where.shape[0]
    sigma, box = max(height * _DETAIL, _LEAST_DETAIL), max(7, round(height * _BOX) | 1)
    shown = source + offset
    weight = where.astype(np.float32)
    wanted, found = (_mean_gradient(frame, weight, box) for frame in (source, shown))
    gain = np.clip((wanted + _FLAT) / (found + _FLAT), 1, _MOST)
    gain = (gain - 1) * np.float32(_GIVEN_BACK) * weight
    detail = shown - cv2.GaussianBlur(shown, (0, 0), sigma)
    out: NDArray[np.float32] = offset + gain[..., None] * detail
    return out


def _mean_gradient(
    frame: NDArray[np.float32], weight: NDArray[np.float32], box: int
) -> NDArray[np.float32]:
    """|dx| + |dy| of the luma, summed over a box around each pixel: float32 (h, w)."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    steps = (np.abs(cv2.Sobel(grey, cv2.CV_32F, *way, ksize=1)) for way in ((1, 0), (0, 1)))
    mean: NDArray[np.float32] = np.asarray(cv2.blur(sum(steps) * weight, (box, box)), np.float32)
    return mean
