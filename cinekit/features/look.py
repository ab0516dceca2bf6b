"""What the picture looks like: sharpness, colour, saliency, and where the motion is in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

NAN = float("nan")
SALIENCY_SIDE = 64
PART = 1e-3
"""Smallest connected part that counts, share of the frame."""


def look(frame: NDArray[np.uint8], moving: NDArray[np.bool_]) -> dict[str, float]:
    """frame : uint8 (h, w, 3), one of the loop. moving : bool (h, w), what visibly moves."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    red, green, blue = (frame[..., i].astype(np.float32) for i in range(3))
    opponent = np.stack([red - green, (red + green) / 2 - blue])
    deviation = np.hypot(*opponent.std(axis=(1, 2)))
    mean = np.hypot(*opponent.mean(axis=(1, 2)))
    return {
        "sharpness_frame": float(np.log1p(edges.var())),
        "sharpness_moving": float(np.log1p(edges[moving].var())) if moving.any() else NAN,
        "brightness": float(grey.mean()) / 255,
        "contrast": float(grey.std()) / 255,
        "colourfulness": float(deviation + 0.3 * mean),
        **_salient(grey, moving),
        **_place(moving),
    }


def saliency(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Spectral residual (Hou and Zhang, CVPR 2007): float32 of the frame's size, sum 1."""
    small = cv2.resize(grey, (SALIENCY_SIDE, SALIENCY_SIDE), interpolation=cv2.INTER_AREA)
    spectrum = np.fft.fft2(small.astype(np.float64))
    # A flat picture has a spectrum of rounding errors: the floor keeps them from speaking.
    size = np.log(np.abs(spectrum) + 1e-3 * small.size)
    residual = size - cv2.blur(size, (3, 3))
    back = np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))
    found = cv2.GaussianBlur(np.abs(back) ** 2, (0, 0), 2.5)
    large = np.maximum(cv2.resize(found, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), 0)
    out: NDArray[np.float32] = (large / max(float(large.sum()), 1e-12)).astype(np.float32)
    return out


def _salient(grey: NDArray[np.uint8], moving: NDArray[np.bool_]) -> dict[str, float]:
    if not moving.any():
        return {"saliency_moving": 0.0, "saliency_ratio": NAN}
    share = min(1.0, float(saliency(grey)[moving].sum(dtype=np.float64)))
    return {"saliency_moving": share, "saliency_ratio": share / float(moving.mean())}


def _place(moving: NDArray[np.bool_]) -> dict[str, float]:
    height, width = moving.shape
    y, x = np.nonzero(moving)
    if not len(x):
        return {"moving_x": NAN, "moving_y": NAN, "moving_spread": NAN, "moving_parts": 0.0}
    _, _, parts, _ = cv2.connectedComponentsWithStats(moving.astype(np.uint8))
    return {
        "moving_x": float(x.mean() + 0.5) / width,
        "moving_y": float(y.mean() + 0.5) / height,
        "moving_spread": float(np.hypot(x.std(), y.std()) / np.hypot(width, height)),
        "moving_parts": float((parts[1:, cv2.CC_STAT_AREA] >= PART * moving.size).sum()),
    }
