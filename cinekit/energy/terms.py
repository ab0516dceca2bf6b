"""The equations of the energy, one function each, in plain numpy.

All but Phi and Psi ([O] Eq. 2, 4), which :mod:`cinekit.energy.distance` owns.

Sources: [O] Oh et al., Personalized Cinemagraphs using Semantic Understanding and Collaborative
Learning, ICCV 2017 (arXiv 1708.02970). [L13] Liao, Joshi, Hoppe, Automated Video Looping with
Progressive Dynamism, SIGGRAPH 2013. Where [O] leaves a value or rule open, it is ours and marked.

    E = sum_x { E_temp(l_x) + a1 * E_label(l_x) } + a2 * sum_{x,z} E_spa(l_x, l_z)      [O] Eq. 1

A label is a period and a start frame, ``l_x = (p_x, s_x)``; ``p = 1`` is a still pixel. Axes:
``t`` working frames, ``h w`` working pixels, ``c`` channels, ``e`` edges between neighbours.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Float = NDArray[np.float32]


def mad(values: Float) -> Float:
    """MAD_t: median absolute deviation along the first axis ([L13])."""
    middle = np.median(values, axis=0)
    out: Float = np.median(np.abs(values - middle), axis=0).astype(np.float32)
    return out


def gamma_t(frames: Float, lam: Float | float) -> Float:
    """gamma_t(x) = 1 / (1 + lambda_t(x) * MAD_t |V(x,t) - V(x,t+1)|) ([O] Eq. 3).

    frames : (t, h, w, 3). lam : scalar or (h, w). Returns float32 (h, w) in (0, 1].
    """
    step = np.sqrt(np.sum(np.diff(frames, axis=0) ** 2, axis=-1))  # (t - 1, h, w)
    out: Float = (1.0 / (1.0 + np.asarray(lam, np.float32) * mad(step))).astype(np.float32)
    return out


def gamma_s_semantic(histogram: Float, axis: int, lam: float) -> Float:
    """gamma_s(x, z) = 1 / (1 + lambda_s * |h(x) - h(z)|_2) ([O] Eq. 5).

    histogram : (h, w, K+1), each pixel's label histogram over time, sum 1. axis : 0 joins (i, j)
    to (i+1, j), 1 joins it to (i, j+1). Returns float32 (h-1, w) or (h, w-1) in (0, 1].
    """
    distance = np.sqrt(np.sum(np.diff(histogram, axis=axis) ** 2, axis=-1))
    out: Float = (1.0 / (1.0 + lam * distance)).astype(np.float32)
    return out


def gamma_s_temporal(frames: Float, axis: int, lam: float) -> Float:
    """gamma_s(x, z) = 1 / (1 + lambda_s * MAD_t |V(x,t) - V(z,t)|) ([L13]).

    frames : (t, h, w, 3). Axis and result as in :func:`gamma_s_semantic`.
    """
    distance = np.sqrt(np.sum(np.diff(frames, axis=axis + 1) ** 2, axis=-1))
    out: Float = (1.0 / (1.0 + lam * mad(distance))).astype(np.float32)
    return out


def activity(frames: Float, lam: float, sigma_space: float, sigma_time: float) -> Float:
    """min(1, lambda_sta * MAD_t |N(x,t) - N(x,t+1)|): how surely a pixel moves ([O] Eq. 7).

    N is V under a Gaussian in space and time. Returns float32 (h, w) in [0, 1].
    """
    sigma = (sigma_time, sigma_space, sigma_space, 0.0)
    smooth = ndimage.gaussian_filter(frames, sigma, mode="nearest")
    step = np.sqrt(np.sum(np.diff(smooth, axis=0) ** 2, axis=-1))
    out: Float = np.minimum(1.0, lam * mad(step)).astype(np.float32)
    return out


CALM = np.float32(0.25)
"""A loop that shows less than this share of its pixel's motion is calm."""


def travelled(frames: Float) -> tuple[Float, Float]:
    """How far each pixel's colour travels: the sum of its steps up to each frame, and per step.

    Returns float32 (t, h, w), 0 at frame 0, and its mean per step, float32 (h, w).
    """
    step = np.sqrt(np.sum(np.diff(frames, axis=0) ** 2, axis=-1))
    out = np.zeros(frames.shape[:3], np.float32)
    np.cumsum(step, axis=0, out=out[1:])
    return out, out[-1] / np.float32(len(step))


def e_calm(shown: Float, usual: Float, price: Float) -> Float:
    """Price of a loop that shows next to no motion (ours; [O] knows p = 1 only).

    ``price * max(0, 1 - shown / (CALM * usual))``: a loop of an empty path costs what standing
    still costs, one that shows a quarter of its pixel's motion costs nothing. Without it the
    cheapest loop of a dog that runs by is the path without the dog; with all missing motion
    charged, flowers and hens are pressed into gusts and strides that do not return.

    shown : mean step inside the loop, any shape that broadcasts with usual, price : (h, w).
    """
    ratio = shown / np.maximum(CALM * usual, np.float32(1e-6))
    out: Float = (price * np.maximum(0, 1 - ratio)).astype(np.float32)
    return out


def e_still(active: Float, alpha: float, target: NDArray[np.bool_]) -> Float:
    """E_label of a still pixel: E_static(x) * [pi_ID(x)], E_static = alpha_sta * activity.

    [O] Eq. 6, 7. Returns float32 (h, w).
    """
    return (alpha * active * target).astype(np.float32)


def e_loop(
    active: Float,
    alpha: float,
    target: NDArray[np.bool_],
    outside_cost: float,
    outside_motion: float,
    soft: NDArray[np.bool_] | None = None,
    margin: float = 0.0,
) -> Float:
    """E_label of a looping pixel (ours where [O] Eq. 6 has a penalty).

    Outside the target a loop costs ``outside_cost + outside_motion * E_static(x)``: the mirror
    image of what standing still costs inside. Near ``soft``, the natural part of the target, the
    second part rises from 0 to the whole over ``margin`` pixels: a flame does not end where its
    mask does, and looks worse cut off than licking beyond it. Returns float32 (h, w).
    """
    share: Float | float = 1.0
    if soft is not None and soft.any():
        far = cv2.distanceTransform((~soft).astype(np.uint8), cv2.DIST_L2, 5)  # pixels, 0 inside
        share = np.minimum(far / np.float32(max(margin, 1.0)), 1)
    outside = outside_cost + outside_motion * alpha * active * share
    return np.where(target, np.float32(0), outside).astype(np.float32)
