"""What every writer asks of the frames it is given."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import WriteError

log = logging.getLogger(__name__)

Frame = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB."""


def checked_frames(frames: Iterable[Frame], fps: float, repeat: int = 1) -> Iterator[Frame]:
    """The frames of a loop, each held to uint8 (H, W, 3) of one size; at least one must come.

    fps, repeat : as the writer is given them, held to what can be played.

    Raises
    ------
    WriteError
        At once for the numbers; at the first frame that differs, or at the end without any.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise WriteError(f"expected fps > 0, received {fps}")
    if repeat < 1:
        raise WriteError(f"expected repeat >= 1, received {repeat}")
    return _checked(frames)


def _checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise WriteError(
                f"expected frames as uint8 (H, W, 3), received {frame.dtype} {frame.shape} "
                f"at frame {index}"
            )
        if shape is None:
            shape = frame.shape
        if frame.shape != shape:
            raise WriteError(
                f"expected frames of one size {shape[1]}x{shape[0]}, received "
                f"{frame.shape[1]}x{frame.shape[0]} at frame {index}"
            )
        yield frame
    if shape is None:
        raise WriteError("expected at least one frame, received none")


def exact_rate(fps: float) -> Fraction:
    """Frames per second as the fraction that was meant: 29.97002997 is 30000/1001.

    Containers keep time in fractions; a float would make the loop a hair too long or too short,
    and players then show a frame twice or drop one at the seam.
    """
    return Fraction(fps).limit_denominator(1001)


def even(frames: Iterable[Frame], what: str) -> Iterator[Frame]:
    """Crop the last row or column where the height or width is odd, and say so once.

    4:2:0 video holds one colour sample per 2x2 pixels. A crop, not padding: an invented edge is
    seen, a missing one is not. A single row or column is doubled, there is nothing to crop.
    """
    told = False
    for frame in frames:
        height, width = frame.shape[:2]
        if height % 2 == 0 and width % 2 == 0:
            yield frame
            continue
        if min(height, width) == 1:
            frame = np.repeat(np.repeat(frame, 2 if height == 1 else 1, 0), 1 + (width == 1), 1)
        out = frame[: frame.shape[0] & ~1, : frame.shape[1] & ~1]
        if not told:
            told = True
            log.warning(
                "%s needs an even size: %dx%d is written as %dx%d",
                *(what, width, height, out.shape[1], out.shape[0]),
            )
        yield out


def shrink(frame: Frame, longest: int) -> Frame:
    """The frame scaled down (area filter) so that no side exceeds ``longest``; never scaled up.

    The result has even sides, so that every writer takes it as it is.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1.0:
        return frame
    size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


LEAST_DELAY = Fraction(1, 50)
"""Seconds: browsers play a picture of a GIF or WebP that is to stand for 10 ms or less for 100."""


def delays(n: int, fps: float, repeat: int, per_second: int) -> tuple[list[int], list[int]]:
    """Which frames of a loop an animated picture keeps, and how long each stands, in whole ticks.

    Frames are left out, evenly, where they would stand for less than :data:`LEAST_DELAY`. Every
    frame ends at the tick nearest to its true end, so that the error never accumulates and every
    round is as long as the loop: at 30 fps and 100 ticks per second (GIF) the pattern is 3, 4, 3.

    Returns
    -------
    The frames of one round, in [0, n), at least one; and the delays of ``repeat`` rounds of them.
    """
    seconds = n / exact_rate(fps)
    kept = max(1, min(n, math.floor(seconds / LEAST_DELAY)))
    step = seconds * per_second / kept
    ends = [math.floor(k * step + Fraction(1, 2)) for k in range(kept * repeat + 1)]
    least = math.ceil(LEAST_DELAY * per_second)
    return [k * n // kept for k in range(kept)], [max(least, b - a) for a, b in pairwise(ends)]


def animation(
    what: str, frames: Iterable[Frame], fps: float, repeat: int, per_second: int, most: int
) -> tuple[Frame, list[int]]:
    """What an animated picture keeps of a loop: frames uint8 (n, H, W, 3), and their delays.

    what : its name, for messages. per_second, and the delays : see :func:`delays`.
    most : pixels a side that the format can hold.

    Raises
    ------
    WriteError
        When the frames cannot be played, or a side exceeds ``most`` pixels.
    """
    loop = np.stack(list(checked_frames(frames, fps, repeat)))
    height, width = loop.shape[1:3]
    if max(height, width) > most:
        raise WriteError(
            f"expected at most {most} pixels a side for {what}, received {width}x{height}"
        )
    kept, stands = delays(len(loop), fps, repeat, per_second)
    if len(kept) < len(loop):
        counts = len(kept), len(loop)
        log.warning("%s plays at most 50 fps: %d of %d frames are written", what, *counts)
    return loop[kept], stands


def changing(loop: Frame) -> NDArray[np.bool_]:
    """bool (H, W): the pixels that are not the same in every frame of (n, H, W, 3)."""
    found = np.zeros(loop.shape[1:3], bool)
    for frame in loop[1:]:
        found |= (frame != loop[0]).any(axis=-1)
    return found
