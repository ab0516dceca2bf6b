"""From a file to a clip: decode, turn, scale, tone-map, trim, make the rate constant, cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from cinekit.clip.colour import Converter, colour_of
from cinekit.clip.cuts import find_cuts, longest_shot
from cinekit.clip.geometry import Geometry, Orientation, plan
from cinekit.clip.options import MIN_FRAMES, ClipOptions
from cinekit.clip.source import Source, open_container, orientation_of, pick_stream
from cinekit.clip.timing import HIGHEST_RATE, constant
from cinekit.clip.window import LONGEST_LOOK_SECONDS, best_start
from cinekit.errors import ClipError
from cinekit.model import Clip
from cinekit.protocols import Progress, silent

BURST = 8
"""Frames that may come at once before those beyond :data:`HIGHEST_RATE` are left out."""

GLIMPSE = (192, 108)
"""Width and height that :func:`look_for_start` decodes to, pixels."""


@dataclass
class _Kept:
    """The frames inside the trim, at clip size, and what was said about them."""

    frames: list[NDArray[np.uint8]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    last: float = -1.0
    trimmed: bool = False


def _setup(
    source: Source, frame: av.VideoFrame, options: ClipOptions, kept: _Kept
) -> tuple[Geometry, Converter]:
    """What holds for the whole stream, from its first frame."""
    orientation = orientation_of(frame, source.exif)
    if orientation is None:
        kept.warnings.append("the display matrix is no multiple of a quarter turn: left unturned")
        orientation = Orientation()
    box = (options.max_width, options.max_height)
    geometry = plan((frame.width, frame.height), source.aspect, orientation, box)
    colour = colour_of(frame, source.stream.codec_context.name)
    kept.notes += [*geometry.notes, *colour.notes()]
    if frame.interlaced_frame:
        kept.warnings.append(
            "the video is interlaced: moving edges will show combs, deinterlace it first"
        )
    return geometry, Converter(colour, geometry.scaled)


def _decode(source: Source, start: float, options: ClipOptions, progress: Progress) -> _Kept:
    """Decode until the trim's end, keeping what lies inside; one stored frame at a time."""
    kept = _Kept()
    end = start + options.seconds
    slack = max(source.tick, 1e-6) / 2
    shape: tuple[int, int] | None = None
    thinned = 0
    for time, frame in source.frames(start):
        kept.last = max(kept.last, time)
        if time >= end - slack:
            kept.trimmed = True
            break
        if time < start - slack:
            continue
        if shape is None:
            geometry, convert = _setup(source, frame, options, kept)
            shape = (frame.width, frame.height)
        if (frame.width, frame.height) != shape:
            kept.warnings.append(
                f"the picture changes from {shape[0]}x{shape[1]} to {frame.width}x{frame.height} "
                f"after {len(kept.frames)} frames: only what comes before is used"
            )
            kept.trimmed = True
            break
        if len(kept.frames) > (time - start) * HIGHEST_RATE + BURST:
            thinned += 1
            continue
        kept.frames.append(geometry.finish(convert(frame)))
        kept.times.append(time)
        progress(min(1.0, (time - start) / options.seconds))
    if thinned:
        kept.notes.append(f"more than {HIGHEST_RATE:g} frames/s: {thinned} left out while decoding")
    return kept


def _lost(
    source: Source, kept: _Kept, start: float, options: ClipOptions, step: float
) -> tuple[int, int] | None:
    """(lost, expected) frames of the wanted part, when some are missing.

    Those at the end are told by the duration that the header states, those inside by the decoder.

    step : seconds from one frame to the next.
    """
    losses = source.losses
    lost = losses.refused
    promised = source.promised
    if losses.ended and not kept.trimmed and promised is not None:
        seconds, of_video = promised
        cut_off = of_video or losses.broken or losses.read_to < seconds - max(0.5, 4 * step)
        until = min(seconds, start + options.seconds)
        tail = round((until - kept.times[-1]) / step) - 1
        if cut_off and (tail > 1 or (tail == 1 and (losses.refused or losses.broken))):
            # one alone may be a last frame of odd duration
            lost = max(lost, round((until - kept.times[0]) / step) - len(kept.frames))
    return (lost, len(kept.frames) + lost) if lost else None


def _assemble(frames: list[NDArray[np.uint8]], index: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Stack ``frames[index]``, letting go of each one on the way: never two clips in memory."""
    out = np.empty((len(index), *frames[0].shape), np.uint8)
    held = dict(enumerate(frames))
    frames.clear()
    for t, source in enumerate(index.tolist()):
        for gone in [k for k in held if k < source]:
            del held[gone]
        out[t] = held[source]
    return out


def _check(path: Path, kept: _Kept, start: float) -> None:
    """Raise ClipError when too little was kept."""
    n = len(kept.frames)
    if kept.last < 0:
        raise ClipError(
            f"expected at least {MIN_FRAMES} frames, none of {path} decodes: play it, or export it "
            "again"
        )
    if n == 0:
        raise ClipError(
            f"expected clip.start before the end of {path} at {kept.last:.2f} s, received "
            f"{start:g} s: choose an earlier start"
        )
    if n < MIN_FRAMES:
        what = "choose a larger clip.seconds" if kept.trimmed else "name a longer video"
        raise ClipError(f"expected at least {MIN_FRAMES} frames, {path} gives {n}: {what}")


def look_for_start(path: Path, seconds: float) -> float:
    """Second at which the part of ``seconds`` begins that loops best, from a quick look."""
    with open_container(path) as container:
        source = Source(path, container, pick_stream(container, path))
        if source.promised is not None and source.promised[0] <= seconds:
            return 0.0
        return best_start(_glimpses(source), seconds)


def _glimpses(source: Source) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Small grey pictures with their times, until enough was seen."""
    for time, frame in source.frames(0.0):
        if time > LONGEST_LOOK_SECONDS:
            return
        yield time, np.asarray(frame.reformat(*GLIMPSE, format="gray").to_ndarray(), np.uint8)


def read_clip(
    path: str | Path, options: ClipOptions | None = None, progress: Progress = silent
) -> Clip:
    """Read a short video into memory as upright, square-pixel, even-sized 8-bit RGB.

    Parameters
    ----------
    path : of any file that FFmpeg can decode.
    options : the part and size to read; by default the first five seconds at up to 960x540.
    progress : called with the share of the wanted seconds that is decoded.

    Returns
    -------
    Clip
        ``notes`` says, line by line, what was done to the picture and the time; ``warnings`` what
        was lost.

    Raises
    ------
    ClipNotFoundError
        When there is no such file.
    ClipError
        When it is no video, or fewer than eight frames remain.
    """
    options = options or ClipOptions()
    path = Path(path)
    if isinstance(options.start, str):
        start = look_for_start(path, options.seconds)
        chosen = " (the part that loops best)" if start > 0 else ""
    else:
        start, chosen = float(options.start), ""
    with open_container(path) as container:
        source = Source(path, container, pick_stream(container, path))
        if len(container.streams.video) > 1:
            also = f"video stream {source.stream.index} of {len(container.streams.video)} used"
        else:
            also = ""
        kept = _decode(source, start, options, progress)
        _check(path, kept, start)
        timing = constant(np.array(kept.times), source.rate, source.tick)
        lost = _lost(source, kept, start, options, 1 / timing.fps)
    progress(1.0)
    notes = [n for n in (also, *kept.notes, *timing.notes) if n]
    warnings = list(kept.warnings)
    if lost is not None:
        warnings.append(
            f"the file is damaged or cut off: {lost[0]} of {lost[1]} frames lost, the "
            f"{len(kept.frames)} that decode are used"
        )
    if kept.trimmed or start > 0:
        stop = kept.times[-1] + 1 / timing.fps
        notes.append(f"trimmed to {start:.2f}-{stop:.2f} s{chosen}")
    frames = _assemble(kept.frames, timing.index)
    if options.cuts:
        first, last, n_shots = longest_shot(find_cuts(frames), len(frames))
        if n_shots > 1:
            if last - first < MIN_FRAMES:
                raise ClipError(
                    f"expected a shot of at least {MIN_FRAMES} frames, the longest of {n_shots} in "
                    f"{path} has {last - first}: choose another clip.start, or clip.cuts=false"
                )
            cuts = "1 scene cut" if n_shots == 2 else f"{n_shots - 1} scene cuts"
            notes.append(
                f"{cuts} found: the longest shot used, frames {first} to "
                f"{last - 1} of {len(frames)}"
            )
            frames = frames[first:last].copy()
    return Clip(frames, timing.fps, path.stem, tuple(notes), tuple(warnings))
