"""From labels to frames."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.labels import LabelMap
from cinekit.loop.crossfade import crossfaded
from cinekit.loop.jumps import melting
from cinekit.loop.options import Blend, RenderOptions
from cinekit.loop.poisson import poisson_frames
from cinekit.model import Clip


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
    fades = options.blend is Blend.CROSSFADE
    fade, feather = (options.fade, options.feather) if fades else (0, 0)
    return crossfaded(clip, labels, n_frames, fade, feather)


def render_loop(
    clip: Clip, labels: LabelMap, n_frames: int, options: RenderOptions
) -> NDArray[np.uint8]:
    """The whole loop: frame ``n`` would equal frame 0.

    Pixels labelled as still are the same in every frame, bit for bit. How jumps and borders are
    hidden is told in :mod:`cinekit.loop.poisson` and :mod:`cinekit.loop.crossfade`.

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
