"""A loop from a label map, one of cinekit or one that another program wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, RenderError
from cinekit.labels import LabelMap, covering
from cinekit.loop import (
    Activation,
    RenderOptions,
    begin_at,
    calm,
    calmest_frame,
    loop_length,
    render_loop,
)
from cinekit.model import Clip
from cinekit.write import read_vlp, read_vlp_activation

_ASPECT = 0.02
"""Maps may be smaller than their clip; with sides in another ratio they are of another clip."""


def read_map(clip: Clip, path: Path) -> tuple[LabelMap, Activation]:
    """The labels of a map at the size of the clip, and when its pixels start to move.

    Raises
    ------
    WriteError
        When the file is no map or not one of a clip of that length.
    RenderError
        When the map has another shape than the clip.
    """
    labels, activation = read_vlp(path, clip.n_frames), read_vlp_activation(path, clip.n_frames)
    rows, columns = labels.size
    height, width = clip.size
    if abs(rows * width / (columns * height) - 1) > _ASPECT:
        raise RenderError(
            f"expected a map of the shape of the clip, {width}x{height}, {path} is "
            f"{columns}x{rows}; pass the clip that the map was made for"
        )
    at = covering(labels.size, clip.size)
    return labels.at_size(clip.size), Activation(activation.threshold[at], activation.still[at])


def render_map(
    clip: Clip, path: Path | str, options: RenderOptions | None = None
) -> NDArray[np.uint8]:
    """The loop of a map: uint8 (n, H, W, 3), once.

    clip : the one that the map was made for, trimmed and stabilised as it was then.

    Raises
    ------
    ConfigError
        When the options name candidates or regions: a map has none.
    WriteError, RenderError
        When clip and map do not fit together, see :func:`read_map`.
    """
    options = options or RenderOptions()
    if options.dynamism_of:
        raise ConfigError(
            "dynamism_of: expected nothing, because a map has no candidates and regions; "
            "use dynamism"
        )
    labels, activation = read_map(clip, Path(path))
    n_frames = loop_length(labels, clip.fps, options)
    if options.dynamism < 1:
        labels = calm(labels, activation, options.dynamism)
    frames = render_loop(clip, labels, n_frames, options)
    begin_at(frames, calmest_frame(frames, labels))
    return frames
