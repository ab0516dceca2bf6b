"""The published interchange map of video loops: a ``.vlp`` label image as a PNG.

R = still frame / 4, G = start frame / 4, B = period / 4 with 0 for still, A = activation * 254
(Liao, Finch, Hoppe 2015; the programs Filtervideo and VideoViewer of their open-source library).

Quantised to 4 frames, which is how coarse the published solver works: labels at multiples of 4
survive a round trip, others come back up to 2 frames away, and clips end at frame 1020. cinekit's
own labels keep full precision in memory; this file is for exchange.

The format has no loops that go there and back. Such a pixel is written as the way there, which
other programs play and jump back from; a text chunk of the PNG tells cinekit to turn round.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cinekit.errors import WriteError
from cinekit.types import STILL, LoopLabels
from cinekit.write.files import whole_file

STEP = 4
"""Frames per grey level."""

BACK = "cinekit there and back"
"""Key of the text chunk: "first-last first-last ...", frames of the clip."""

ACTIVE = 254
"""A of a pixel with activation 1. cinekit's labels are the fully animated loop, so all have it."""


def write_vlp(labels: LoopLabels, path: Path) -> None:
    """Write labels as the published PNG, 8-bit RGBA with straight (not premultiplied) alpha.

    A looping pixel's R is its start frame: the still picture that its loop departs from.

    Raises
    ------
    WriteError
        When the clip is longer than 1020 frames, or the folder is not writable.
    """
    if labels.n_frames > STEP * 255:
        raise WriteError(
            f"expected at most {STEP * 255} frames for a .vlp map, received {labels.n_frames}"
        )
    returns, looping = labels.returns, labels.looping
    start = _quantise(labels.shows[labels.start])
    period = np.where(returns, labels.period // 2 + 1, labels.period)
    period = np.maximum(_quantise(period), 1)
    channels = [
        start,
        np.where(looping, start, 0),
        np.where(looping, period, 0),
        np.full(labels.size, ACTIVE),
    ]
    picture = Image.fromarray(np.stack(channels, -1).astype(np.uint8))
    chunks = PngInfo()
    if returns.any():
        found = np.unique(np.stack([labels.start[returns], labels.period[returns]]), axis=1).T
        ways = [(int(labels.shows[s]), int(labels.shows[s + p // 2])) for s, p in found]
        chunks.add_text(BACK, " ".join(f"{first}-{last}" for first, last in ways))
    with whole_file(path) as temporary:
        picture.save(temporary, "PNG", pnginfo=chunks)


def read_vlp(path: Path, n_frames: int) -> LoopLabels:
    """Labels from a published PNG; ``n_frames`` is T of the clip they index.

    Rounding may have pushed the end of a loop over the end of the clip by up to 3 frames: such a
    period is cut to the clip and its start moved back.

    Raises
    ------
    WriteError
        When the file is missing, no RGBA PNG, or does not fit a clip of that length.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode != "RGBA":
                raise WriteError(f"expected a .vlp map as RGBA PNG, {path} is {picture.mode}")
            channels = np.asarray(picture).astype(np.int32) * STEP
            ways = _ways(picture.info.get(BACK, ""), path, n_frames)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(f"cannot read the .vlp map {path}: {error}") from error
    still, start, period = channels[..., 0], channels[..., 1], channels[..., 2]
    looping = period > 0
    start = np.where(looping, start, still)
    period = np.where(looping, period, STILL)
    beyond = int((start + period).max()) - n_frames
    if beyond > STEP - 1 or n_frames <= STILL:
        raise WriteError(
            f"expected labels for a clip of {n_frames} frames, {path} reaches frame "
            f"{beyond + n_frames}; pass the clip that the map was made for"
        )
    period = np.minimum(period, n_frames)
    start = np.minimum(start, n_frames - period)
    unrolled = np.zeros(0, np.int16)
    for first, last in ways:
        quantised = _quantise(np.array([first, last - first + 1])) * STEP
        there = looping & (channels[..., 1] == quantised[0]) & (channels[..., 2] == quantised[1])
        period[there] = 2 * (last - first)
        start[there] = n_frames + len(unrolled) + 1
        unrolled = np.concatenate([unrolled, LoopLabels.there_and_back(first, last)])
    return LoopLabels(period.astype(np.int16), start.astype(np.int16), n_frames, unrolled)


def _ways(text: str, path: Path, n_frames: int) -> list[tuple[int, int]]:
    """The text chunk as pairs of frames."""
    try:
        pairs = [tuple(int(frame) for frame in way.split("-")) for way in text.split()]
        if not all(len(pair) == 2 and 0 <= pair[0] < pair[1] < n_frames for pair in pairs):
            raise ValueError
    except ValueError:
        raise WriteError(
            f'{path}: expected "{BACK}" as first-last frames of a clip of {n_frames}, '
            f"received {text[:80]!r}"
        ) from None
    return [(pair[0], pair[1]) for pair in pairs]


def _quantise(frames: NDArray[Any]) -> NDArray[np.int32]:
    """Frames to grey levels, to the nearest; halves go down, so that fewer loops overrun."""
    levels: NDArray[np.int32] = (frames.astype(np.int32) + STEP // 2 - 1) // STEP
    return levels
