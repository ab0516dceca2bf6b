"""H.264, VP9 and AV1 through PyAV (FFmpeg).

The loop is encoded once, from its own key frame to its own end, and ``repeat`` writes the same
packets again with later time stamps: every round decodes to the same pixels, and long files cost
no further encoding.

Colour: RGB is converted to BT.709 limited range, 4:2:0, and the stream says so. The chroma planes
are reduced with an area filter; a wider one would let the colours of the moving part bleed up to
4 pixels into the still part.

Licence: cinekit contains no codec. PyAV's wheels bundle FFmpeg together with libx264 (GPL-2.0 or
later), so who *redistributes* such a wheel takes on the GPL for it; VP9 (libvpx, BSD) and AV1
(SVT-AV1, BSD with a patent grant) are free of that: use ``writer=webm``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from cinekit.checks import Checked, Within
from cinekit.errors import WriteError
from cinekit.store.atomic import whole_file
from cinekit.write.frames import checked_frames, even, exact_rate

THREADS = 4
"""Fixed, not the number of cores: x264's bits depend on its thread count."""

_BT709 = 1  # AVCOL_PRI_BT709, AVCOL_TRC_BT709 and AVCOL_SPC_BT709 are all 1


@dataclass(frozen=True)
class Encoding:
    """An encoder and its container, by FFmpeg's names."""

    container: str
    codec: str
    options: Mapping[str, str]
    container_options: Mapping[str, str]


def encode(
    frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int, encoding: Encoding
) -> None:
    """Encode the loop and write ``repeat`` rounds of it.

    Raises
    ------
    WriteError
        When the encoder is missing from this FFmpeg, refuses the frames, or the disk is full.
    """
    with whole_file(path) as temporary:
        encode_in_place(frames, fps, temporary, repeat, encoding, path)


def encode_in_place(
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    temporary: Path,
    repeat: int,
    encoding: Encoding,
    path: Path,
) -> None:
    """Write to ``temporary``; errors speak of ``path``. See :func:`encode`."""
    pictures = even(checked_frames(frames, fps, repeat), encoding.codec)
    try:
        count = _mux(pictures, exact_rate(fps), temporary, repeat, encoding)
        held = _count_packets(temporary, encoding.container)
    except av.error.FFmpegError as error:
        # Some FFmpeg errors are OSErrors and some ValueErrors; a writer's caller sees one kind.
        raise WriteError(
            f"cannot write {path}: {encoding.codec} or its container failed "
            f"({error.strerror or error}); check the frame size and the room on the disk"
        ) from error
    if held != count:
        raise WriteError(
            f"cannot write {path}: expected {count} frames in the file, it holds {held}; "
            "the disk is probably full"
        )


def _mux(
    frames: Iterator[NDArray[np.uint8]],
    rate: Fraction,
    path: Path,
    repeat: int,
    encoding: Encoding,
) -> int:
    """Encode and mux; the number of frames written."""
    first = next(frames)
    height, width = first.shape[:2]
    with av.open(
        str(path), "w", format=encoding.container, options=dict(encoding.container_options)
    ) as container:
        try:
            stream = container.add_stream(encoding.codec, rate=rate, options=dict(encoding.options))
        except av.codec.codec.UnknownCodecError as error:
            raise WriteError(
                f"cannot write {path.suffix or 'this file'}: this build of FFmpeg has no "
                f"{encoding.codec}; install the PyAV wheel from PyPI or choose another writer"
            ) from error
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = THREADS
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = ColorRange.MPEG
        packets: list[av.Packet[Any]] = []
        n = 0
        for picture in _pictures(first, frames, rate):
            packets += stream.encode(picture)
            n += 1
        packets += stream.encode(None)
        stamps = [(packet.pts, packet.dts) for packet in packets]
        for turn in range(repeat):
            for packet, (pts, dts) in zip(packets, stamps, strict=True):
                if pts is None or dts is None:
                    raise WriteError(f"{encoding.codec} gave a packet without a time stamp")
                packet.stream, packet.time_base = stream, 1 / rate
                packet.pts, packet.dts, packet.duration = pts + turn * n, dts + turn * n, 1
                container.mux_one(packet)
    return n * repeat


def _pictures(
    first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]], rate: Fraction
) -> Iterator[av.VideoFrame]:
    """RGB frames as BT.709 limited-range yuv420p, with time stamps 0, 1, 2, ..."""
    reformatter = VideoReformatter()
    for index, frame in enumerate(chain([first], rest)):
        picture = to_yuv(frame, reformatter)
        picture.pts, picture.time_base = index, 1 / rate
        yield picture


def to_yuv(frame: NDArray[np.uint8], reformatter: VideoReformatter) -> av.VideoFrame:
    """An RGB frame of even size as BT.709 limited-range yuv420p."""
    return reformatter.reformat(
        av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24"),
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA,
    )


def _count_packets(path: Path, container: str) -> int:
    """How many frames the file really holds.

    A full disk is not always reported when a container is closed, so the file is read back.
    """
    with av.open(str(path), format="matroska" if container == "webm" else container) as file:
        return sum(packet.size > 0 for packet in file.demux(video=0))


class WebmCodec(StrEnum):
    """What a WebM file can hold."""

    VP9 = "vp9"
    AV1 = "av1"


@dataclass(frozen=True, kw_only=True)
class WebmWriter(Checked):
    """VP9 or AV1 in WebM: smaller than H.264, free of its licence, plays in every browser.

    codec : "vp9" (faster to decode) or "av1" (smaller).
    crf : constant rate factor, 0 (best) to 63.

    WebM keeps time stamps in whole milliseconds; the exact frame duration is in the header. An odd
    last row or column is cropped, with a warning in the log.
    """

    suffix: ClassVar[str] = ".webm"
    media_type: ClassVar[str] = "video/webm"

    codec: WebmCodec = WebmCodec.VP9
    crf: Annotated[int, Within("[0, 63]")] = 20

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write the loop; see :class:`cinekit.protocols.Writer`."""
        if self.codec == WebmCodec.VP9:
            name = "libvpx-vp9"
            options = {
                "crf": str(self.crf),
                "b": "0",
                "deadline": "good",
                "cpu-used": "2",
                "g": "100000",
                "row-mt": "0",
                "tile-columns": "0",
            }
        else:
            name = "libsvtav1"
            options = {"crf": str(self.crf), "preset": "6"}
            options["svtav1-params"] = f"lp={THREADS}:scd=0:keyint=-1"
            os.environ.setdefault("SVT_LOG", "1")  # errors only; it prints 20 lines otherwise
        encode(frames, fps, path, repeat, Encoding("webm", name, options, {"fflags": "+bitexact"}))
