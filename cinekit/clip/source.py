"""Opening a video file and decoding it frame by frame, with every libav error made one line."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import ExifTags, Image

from cinekit.clip.geometry import Orientation
from cinekit.clip.options import MIN_FRAMES
from cinekit.errors import ClipError, ClipNotFoundError

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these codecs leave the alpha of a webm out."""
_TEXT_ART = {"tty", "bin", "xbin", "adf", "idf"}
"""Formats that would read a text file as a video of characters."""
_HEADER_DURATION = {"mov", "mp4", "avi", "matroska", "webm", "asf", "flv", "nut"}
"""Containers that write their duration down; for others libav estimates it from what is there."""
_HUGE = 4096 * 2304
"""Pixels. Above, one thread decodes: each further one holds a frame or more of its own."""
_GIF_LEAST, _GIF_INSTEAD = 0.015, 0.1
"""Seconds: browsers play a GIF's delays of 0 and 1 hundredth as 10."""


@dataclass
class Losses:
    """What could not be decoded.

    refused : packets that the decoder rejected or the container marked as damaged.
    ended : the file was read to its end, rather than left at the end of the wanted part.
    read_to : seconds; end of the last packet of any stream.
    broken : the container itself could not be read on.
    """

    refused: int = 0
    ended: bool = False
    read_to: float = 0.0
    broken: bool = False


def check_path(path: Path) -> None:
    """Raise ClipNotFoundError unless the path is a file."""
    if path.is_dir():
        raise ClipNotFoundError(f"expected a video file, received the folder {path}: name one file")
    if not path.exists():
        raise ClipNotFoundError(f"expected a video file, found nothing at {path}: check the path")
    if not path.is_file():
        raise ClipNotFoundError(f"expected a video file, {path} is no regular file: save it first")
    if path.stat().st_size == 0:
        raise ClipError(f"expected a video file, {path} is empty (0 bytes): copy it again")


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a file; libav's complaints come out as ClipError."""
    check_path(path)
    try:
        container = av.open(str(path.absolute()), metadata_errors="replace")
    except PermissionError as error:
        raise ClipError(f"expected a readable file, {path} may not be read by you") from error
    except (av.FFmpegError, ValueError, OSError) as error:
        raise ClipError(
            f"expected a video, {path} is not a media file that FFmpeg can read, or is cut off "
            "before its index: play it, or export it again"
        ) from error
    with container:
        if container.format.name in _TEXT_ART:
            raise ClipError(f"expected a video, {path} is a text file: name a video")
        yield container


def pick_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream to animate: no cover art, no still; the default one, then that of most frames."""
    pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    streams = [s for s in container.streams.video if not s.disposition & pictures]
    if not streams:
        kinds = sorted({s.type for s in container.streams})
        held = "only cover art" if container.streams.video else "only " + " and ".join(kinds)
        raise ClipError(
            f"expected a video stream, {path} holds {held if kinds else 'nothing'}: name a video"
        )
    default = av.stream.Disposition.default

    def worth(stream: VideoStream) -> tuple[bool, bool, int, int]:
        still = 0 < stream.frames < MIN_FRAMES  # 0 where the container does not count
        return not still, bool(stream.disposition & default), stream.frames, -stream.index

    return max(streams, key=worth)


def _decoder(stream: VideoStream, path: Path) -> av.VideoCodecContext:
    context = stream.codec_context
    if context is None:
        raise ClipError(f"no decoder for the video stream of {path}: convert it to H.264 first")
    name = _ALPHA_DECODERS.get(context.name)
    if name is not None and stream.metadata.get("alpha_mode") == "1":
        alpha = av.VideoCodecContext.create(name, "r")
        assert isinstance(alpha, av.VideoCodecContext)
        return alpha
    huge = context.width * context.height > _HUGE
    context.thread_type = "SLICE" if huge else "AUTO"
    context.thread_count = 1 if huge else 2
    return context


@dataclass
class Source:
    """One video stream of an open file.

    begin : seconds, the time stamp of the first frame; all times below count from it.
    exif : orientation that the first picture of Motion JPEG states, 1 to 8; 0 before it is read, or
        when there is none.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    losses: Losses = field(default_factory=Losses)
    exif: int = 0
    _sent: deque[int] = field(default_factory=deque)

    @property
    def begin(self) -> float:
        """Seconds."""
        start, base = self.stream.start_time, self.stream.time_base
        return float(start * base) if start is not None and base is not None else 0.0

    @property
    def tick(self) -> float:
        """Seconds, precision of the time stamps."""
        base = self.stream.time_base
        return float(base) if base else 0.0

    @property
    def rate(self) -> float | None:
        """Frames per second, on average."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        return float(rate) if rate else None

    @property
    def aspect(self) -> Fraction:
        """Of one sample, width over height."""
        aspect = self.stream.sample_aspect_ratio
        return Fraction(aspect) if aspect and aspect > 0 else Fraction(1)

    @property
    def promised(self) -> tuple[float, bool] | None:
        """Seconds that the header states, and whether they are those of the video alone."""
        if not _HEADER_DURATION & set(self.container.format.name.split(",")):
            return None
        if self.container.format.name == "avi" and self.stream.frames and self.rate:
            # libav has shortened the duration of a file that is shorter than its header says
            return self.stream.frames / self.rate, True
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base), True
        tag = self.stream.metadata.get("DURATION", "").split(":")
        if len(tag) == 3:
            hours, minutes, seconds = (float(part) for part in tag)
            return hours * 3600 + minutes * 60 + seconds - self.begin, True
        if self.container.duration:
            return self.container.duration / av.time_base - self.begin, False
        return None

    def frames(self, start: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decode in the order of display: (seconds since the first frame, frame).

        With a late ``start`` decoding begins at the key frame before it, where the file allows.
        """
        if start > 2 and self.stream.time_base:
            target = int((start - 1 + self.begin) / self.stream.time_base)
            try:
                self.container.seek(target, stream=self.stream)
            except av.FFmpegError:
                self.container.seek(0)
        last = -np.inf
        step = 1 / (self.rate or 25.0)
        for time, frame in self._timed():
            if time is None:
                time = max(last, -step) + step
            if time <= last:  # packed or broken time stamps
                time = last + step
            last = time
            yield time, frame

    def _timed(self) -> Iterator[tuple[float | None, av.VideoFrame]]:
        """Frames with the times that the file means, as far as it tells."""
        base = self.stream.time_base
        stretched, before = 0.0, None
        for frame in self._decode():
            stamp = frame.pts
            if "avi" in self.container.format.name and self._sent:
                # AVI counts pictures in the order of decoding; that of display has as many.
                stamp = self._sent.popleft()
            if stamp is None or base is None:
                yield None, frame
                continue
            # not frame.time: a flushed frame has lost its time base
            time = float(stamp * base) - self.begin
            if self.container.format.name == "gif":
                if before is not None and time - before < _GIF_LEAST:
                    stretched += _GIF_INSTEAD - (time - before)
                before = time
            yield time + stretched, frame

    def _decode(self) -> Iterator[av.VideoFrame]:
        decoder = _decoder(self.stream, self.path)
        packets = self.container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (av.FFmpegError, ValueError, OSError):
                self.losses.broken = True
                break
            if packet.pts is not None and packet.time_base:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                self.losses.read_to = max(self.losses.read_to, end - self.begin)
            if packet.stream_index == self.stream.index and packet.size:
                yield from self._frames_of(decoder, packet)
        yield from self._frames_of(decoder, None)
        self.losses.ended = True

    def _frames_of(
        self, decoder: av.VideoCodecContext, packet: av.Packet[Any] | None
    ) -> Iterator[av.VideoFrame]:
        if packet is not None and packet.is_corrupt:
            self.losses.refused += 1
            return
        if packet is not None and packet.dts is not None:
            self._sent.append(packet.dts)
        if packet is not None and not self.exif and decoder.name == "mjpeg":
            self.exif = exif_orientation(bytes(packet))
        try:
            frames = decoder.decode(packet)
        except (av.FFmpegError, ValueError, OSError):
            self.losses.refused += 1
            if self._sent:
                self._sent.pop()
            return
        for frame in frames:
            if frame.is_corrupt:
                self.losses.refused += 1
            else:
                yield frame


def orientation_of(frame: av.VideoFrame, exif: int = 0) -> Orientation | None:
    """How the display matrix turns the frame, or else EXIF; None for a turn that cannot be done.

    exif : orientation as in EXIF, 1 to 8; 0 where there is none.
    """
    matrix = side_data(frame, "DISPLAYMATRIX")
    if matrix:
        return Orientation.from_matrix(np.frombuffer(matrix, np.int32))
    return Orientation.from_exif(exif)


def exif_orientation(jpeg: bytes) -> int:
    """Orientation that a JPEG picture states, 1 to 8; 1 when it states none."""
    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            stated = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, ValueError, SyntaxError):  # no JPEG of its own, as in many AVI files
        return 1
    return stated if stated in range(1, 9) else 1


def side_data(frame: av.VideoFrame, name: str) -> bytes:
    """One block of a frame's side data by libav's name for it; empty when there is none."""
    try:
        blocks: Any = frame.side_data  # a mapping by name, which its stub does not say
        return bytes(blocks[name])
    except (KeyError, ValueError):  # none of this name; or one that PyAV has no name for
        return b""
