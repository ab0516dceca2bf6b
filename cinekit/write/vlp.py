"""The published interchange map of video loops: a ``.vlp`` label image as a PNG.

R = still frame / 4, G = start frame / 4, B = period / 4 with 0 for still, A = activation * 254
(Liao, Finch, Hoppe 2015; the programs Filtervideo and VideoViewer of their open-source library,
which take a level of a still frame for the third of its four frames, and read the frame of a still
pixel from G). The map may be smaller than the clip, and may lack A.

Quantised to 4 frames, which is how coarse the published solver works; clips end at frame 1020. What
other programs see is up to 2 frames off, and never beyond the clip. A text chunk of the PNG holds
the labels as they were, from which :func:`read_vlp` restores them.

The format has no loops that go there and back. Such a pixel is written as the way there, which
other programs play and jump back from; another text chunk tells cinekit to turn round.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cinekit.errors import WriteError
from cinekit.labels import STILL, LabelMap
from cinekit.loop import Activation
from cinekit.store.atomic import whole_file

STEP = 4
"""Frames per grey level."""

MIDDLE = 2
"""Which of the four frames of a level a still pixel shows."""

EXACT = "cinekit labels"
"""Key of a text chunk: "frames period:start period:start ...", the most frequent label first."""

BACK = "cinekit there and back"
"""Key of a text chunk: "first-last first-last ...", frames of the clip."""

ACTIVE = 254
"""A of a pixel that starts to move when the slider stands at 1."""


def write_vlp(labels: LabelMap, path: Path, activation: Activation | None = None) -> None:
    """Write labels as the published PNG, 8-bit RGBA with straight (not premultiplied) alpha.

    activation : when pixels start to move and what they show until then; without one all start at
        1, from the frame that their loop departs from.

    Raises
    ------
    WriteError
        When the clip is longer than 1020 frames, or the folder is not writable.
    """
    if labels.n_frames > STEP * 255:
        raise WriteError(
            f"expected at most {STEP * 255} frames for a .vlp map, received {labels.n_frames}"
        )
    start, period = _levels(labels)
    shown = labels.first_frame if activation is None else activation.still
    still = np.where(labels.looping, _still_level(shown), start)
    active = np.full(labels.size, ACTIVE)
    if activation is not None:
        active = np.where(labels.looping, np.rint(activation.threshold * ACTIVE), ACTIVE)
    picture = Image.fromarray(np.stack([still, start, period, active], -1).astype(np.uint8))
    chunks = PngInfo()
    chunks.add_text(EXACT, _exact_text(labels))
    returns = labels.returns
    if returns.any():
        found = np.unique(np.stack([labels.start[returns], labels.period[returns]]), axis=1).T
        ways = [(int(labels.shows[s]), int(labels.shows[s + p // 2])) for s, p in found]
        chunks.add_text(BACK, " ".join(f"{first}-{last}" for first, last in ways))
    with whole_file(path) as temporary:
        picture.save(temporary, "PNG", pnginfo=chunks)


def _levels(labels: LabelMap) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """G and B of every pixel; a loop that fits the clip still does."""
    start = labels.first_frame
    one_way = np.where(labels.returns, labels.period // 2 + 1, labels.period)
    most = max(labels.n_frames // STEP, 1)
    period = np.clip(_quantise(one_way), 1, most)
    start_level = np.minimum(_quantise(start), most - period)
    looping = labels.looping
    return np.where(looping, start_level, _still_level(start)), np.where(looping, period, 0)


def _still_level(frame: NDArray[Any]) -> NDArray[np.int32]:
    return np.maximum(_quantise(frame.astype(np.int32) - MIDDLE), 0)


def _exact_text(labels: LabelMap) -> str:
    plain = ~labels.returns
    pairs = np.stack([labels.period[plain], labels.start[plain]])
    found, counts = np.unique(pairs, axis=1, return_counts=True)
    ordered = found[:, np.argsort(-counts, kind="stable")].T
    return " ".join([str(labels.n_frames), *(f"{p}:{s}" for p, s in ordered)])


def read_vlp(path: Path, n_frames: int) -> LabelMap:
    """Labels from a published PNG; ``n_frames`` is T of the clip they index.

    A map of cinekit gives back the labels that were written. (Two labels of one map that share
    their levels both become the more frequent of them: periods at most 4 frames off, starts 6.) In
    one of another program a loop that ends up to 3 frames behind the clip is cut to it.

    Raises
    ------
    WriteError
        When the file is missing, no RGB or RGBA PNG, or does not fit a clip of that length.
    """
    channels, texts = _read(path)
    level, period = channels[..., 1], channels[..., 2] * STEP
    looping = period > 0
    start = np.where(looping, level * STEP, np.minimum(level * STEP + MIDDLE, n_frames - 1))
    period = np.where(looping, period, STILL)
    beyond = max(int((start + period).max()), int(level.max()) * STEP + 1) - n_frames
    made_for, exact = _exact(texts.get(EXACT, ""), path)
    if beyond > STEP - 1 or n_frames <= STILL or made_for not in (None, n_frames):
        other = made_for or f"at least {beyond + n_frames}"
        raise WriteError(
            f"expected labels for a clip of {n_frames} frames, {path} is for one of {other}; "
            "pass the clip that the map was made for"
        )
    period = np.minimum(period, n_frames)
    start = np.minimum(start, n_frames - period)
    for p, s in reversed(exact):
        one = LabelMap(np.array([[p]], np.int16), np.array([[s]], np.int16), n_frames)
        (one_start,), (one_period,) = (plane.ravel() for plane in _levels(one))
        there = (channels[..., 1] == one_start) & (channels[..., 2] == one_period)
        period[there], start[there] = p, s
    labels = LabelMap(period.astype(np.int16), start.astype(np.int16), n_frames)
    pixel, everywhere = LabelMap.still((1, 1), 0, n_frames), np.ones((1, 1), bool)
    for first, last in _ways(texts.get(BACK, ""), path, n_frames):
        one = pixel.there_and_back(everywhere, first, last)
        (one_start,), (one_period,) = (plane.ravel() for plane in _levels(one))
        there = (channels[..., 1] == one_start) & (channels[..., 2] == one_period)
        labels = labels.there_and_back(there, first, last)
    return labels


def read_vlp_activation(path: Path, n_frames: int) -> Activation:
    """When the pixels of a published PNG start to move, and what they show until then.

    Pixels of a map without A start to move at once.

    Raises
    ------
    WriteError
        When the file is missing or no RGB or RGBA PNG.
    """
    channels, _ = _read(path)
    still = np.minimum(channels[..., 0] * STEP + MIDDLE, n_frames - 1)
    alpha = channels[..., 3] if channels.shape[2] == 4 else np.zeros(still.shape, np.int32)
    # Half a level above nothing, so that at 0 everything stands still.
    threshold = np.clip(alpha / np.float32(ACTIVE), 0.5 / ACTIVE, 1)
    return Activation(threshold.astype(np.float32), still.astype(np.int16))


def _read(path: Path) -> tuple[NDArray[np.int32], dict[str, str]]:
    """Grey levels, int32 (H, W, 3 or 4), and the text chunks."""
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                raise WriteError(f"expected a .vlp map as RGB or RGBA, {path} is {picture.mode}")
            texts = {str(k): v for k, v in picture.info.items() if isinstance(v, str)}
            return np.asarray(picture).astype(np.int32), texts
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(f"cannot read the .vlp map {path}: {error}") from error


def _exact(text: str, path: Path) -> tuple[int | None, list[tuple[int, int]]]:
    """The text chunk: frames of the clip, and periods with their starts."""
    if not text:
        return None, []
    try:
        frames, *labels = text.split()
        pairs = [(int(p), int(s)) for p, _, s in (label.partition(":") for label in labels)]
        if not all(p >= 1 and s >= 0 and s + p <= int(frames) for p, s in pairs):
            raise ValueError
        return int(frames), pairs
    except ValueError:
        raise WriteError(
            f'{path}: expected "{EXACT}" as frames and period:start ..., received {text[:80]!r}'
        ) from None


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
