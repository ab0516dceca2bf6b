"""From labels to frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.loop.fade import LabelTable, label_table, sources
from cinekit.loop.jumps import melting, stand_out
from cinekit.loop.kernels import across_border, compose, loop_statistics
from cinekit.loop.options import Blend, RenderOptions
from cinekit.loop.poisson import poisson_frames
from cinekit.model import STILL, Clip, LabelMap

_AGREEMENT_BOX = 9
"""Pixels a side over which the agreement of the two sides of a fade is averaged."""

_LEAST_AGREEMENT = -0.5
"""Limits the gain to 2: sides that oppose each other would need any."""


@dataclass(frozen=True, eq=False)
class _Plan:
    """All that does not change from frame to frame; see :func:`cinekit.loop.kernels.compose`."""

    table: LabelTable
    shows: NDArray[np.int32]
    second: NDArray[np.int32]
    weight: NDArray[np.float32]
    mean: NDArray[np.float32]
    correlation: NDArray[np.float32]
    hide: NDArray[np.float32]


def _agreement(moments: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of the two sides of the fade around each pixel; 1 where nothing moves.

    In [-0.5, 1]. Averaged over a box, because a single pixel over six frames says little.
    Deviations are from the pixel's mean over time, so that what stands still does not count.
    """
    box = (_AGREEMENT_BOX, _AGREEMENT_BOX)
    ab, aa, bb = (cv2.blur(np.ascontiguousarray(moments[..., i]), box) for i in range(3))
    power = np.sqrt(np.maximum(aa, 0) * np.maximum(bb, 0))
    ratio = np.divide(ab, power, out=np.ones_like(ab), where=power > 0)
    agreement: NDArray[np.float32] = np.clip(ratio, _LEAST_AGREEMENT, 1).astype(np.float32)
    return agreement


def _plan(clip: Clip, labels: LabelMap, options: RenderOptions) -> _Plan:
    fades = options.blend is Blend.CROSSFADE
    table = label_table(labels.period, labels.start, clip.n_frames, options.fade if fades else 0)
    second, weight = table.index.copy(), np.zeros(labels.size, np.float32)
    if fades and options.feather:
        across_border(table.index, table.period == STILL, options.feather, second, weight)
    mean = np.zeros((*labels.size, 3), np.float32)
    correlation, hide = np.ones(labels.size, np.float32), np.ones(labels.size, np.float32)
    if bool((table.first < table.last).any()):
        moments = np.zeros((*labels.size, 3), np.float32)
        loop_statistics(
            clip.frames,
            labels.shows,
            table.index,
            table.period,
            table.start,
            table.first,
            table.last,
            mean,
            moments,
        )
        correlation, hide = _agreement(moments), stand_out(clip, labels)
    return _Plan(table, labels.shows, second, weight, mean, correlation, hide)


def iterate_loop(
    clip: Clip, labels: LabelMap, n_frames: int, options: RenderOptions
) -> Iterator[NDArray[np.uint8]]:
    """The frames of the loop one after another, each a new uint8 (H, W, 3) array.

    Needs little memory beside the clip; see :func:`render_loop`.

    Raises
    ------
    RenderError
        At once, when labels and clip do not fit together or n_frames is below 1.
    """
    if labels.size != clip.size or labels.n_frames != clip.n_frames:
        raise RenderError(
            f"expected labels for {clip.n_frames} frames of {clip.size}, received labels for "
            f"{labels.n_frames} frames of {labels.size}; bring them up with to_clip_resolution"
        )
    if n_frames < 1:
        raise RenderError(f"expected a loop of at least 1 frame, received {n_frames}")
    if options.blend is Blend.POISSON:
        return poisson_frames(clip, labels, n_frames, melting(clip, labels))
    return _frames(clip, _plan(clip, labels, options), n_frames)


def _frames(clip: Clip, plan: _Plan, n_frames: int) -> Iterator[NDArray[np.uint8]]:
    for f in range(n_frames):
        out = np.empty((*clip.size, 3), np.uint8)
        main, other, share = sources(plan.table, n_frames, f)
        compose(
            clip.frames,
            plan.table.index,
            plan.second,
            plan.weight,
            plan.shows[main],
            plan.shows[other],
            share,
            plan.mean,
            plan.correlation,
            plan.hide,
            out,
        )
        yield out


def render_loop(
    clip: Clip, labels: LabelMap, n_frames: int, options: RenderOptions
) -> NDArray[np.uint8]:
    """The whole loop: frame ``n`` would equal frame 0.

    Pixels labelled as still are the same in every frame, bit for bit. With ``blend=poisson``
    offsets turn jumps and borders into gradients of the clip (:mod:`cinekit.loop.poisson`). With
    ``blend=crossfade`` each moving pixel is cross-faded around its own jump, so that a step takes
    about ``1 / (fade + 1)`` of it, its contrast is kept (see
    :func:`cinekit.loop.kernels.compose`), and moving pixels near a label border mix with the
    label across it.

    Parameters
    ----------
    labels : at the resolution of the clip.
    n_frames : see :func:`cinekit.loop.loop_length`.

    Returns
    -------
    uint8 (n, H, W, 3), RGB.

    Raises
    ------
    RenderError
        When labels and clip do not fit together or n_frames is below 1.
    """
    loop = np.empty((max(n_frames, 0), *clip.size, 3), np.uint8)
    for f, frame in enumerate(iterate_loop(clip, labels, n_frames, options)):
        loop[f] = frame
    return loop
