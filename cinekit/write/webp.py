"""Animated WebP, chunk by chunk, with Pillow (libwebp) coding the pictures.

libwebp's own animation encoder codes the rectangle around the motion anew in every frame, so what
stands still inside that rectangle shimmers (0.2 to 0.4 grey levels on real clips), and it joins
equal frames. Here every frame after the first is see-through wherever the loop stands still, so
the still part is decoded once and bit-equal ever after.

Format: RIFF container, chunks VP8X, ANIM and one ANMF per frame
(https://developers.google.com/speed/webp/docs/riff_container).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cinekit.checks import Checked, Within
from cinekit.store.atomic import whole_file
from cinekit.write.frames import animation, changing

_ANIMATED, _ALPHA = 0x02, 0x10


@dataclass(frozen=True, kw_only=True)
class WebpWriter(Checked):
    """Animated WebP: full colour, an <img> in every browser, loops for ever.

    quality : 0 to 100 for lossy; with ``lossless`` the effort of the search instead.
    lossless : keep every pixel bit-equal (several times larger).
    method : speed 0 (fast) to 6 (small).

    Delays are whole milliseconds that follow true time: the loop is exact to 1 ms however long it
    is. Above 50 fps, where some delay would be one that browsers stretch to 100 ms, frames are left
    out and the log says so. The whole loop is held in memory.
    """

    suffix: ClassVar[str] = ".webp"
    media_type: ClassVar[str] = "image/webp"

    quality: Annotated[int, Within("[0, 100]")] = 85
    lossless: bool = False
    method: Annotated[int, Within("[0, 6]")] = 4

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write the loop; see :class:`cinekit.protocols.Writer`."""
        loop, stands = animation("webp", frames, fps, repeat, 1000, 16383)
        height, width = loop.shape[1:3]
        pictures = list(self._pictures(loop)) * repeat
        body = _chunk(
            b"VP8X",
            struct.pack("<I", _ANIMATED | _ALPHA) + _u24(width - 1) + _u24(height - 1),
        )
        body += _chunk(b"ANIM", struct.pack("<IH", 0, 0))  # black background, for ever
        with whole_file(path) as temporary, temporary.open("wb") as file:
            frames_size = sum(8 + 16 + len(data) for _, data in pictures)
            file.write(b"RIFF" + struct.pack("<I", 4 + len(body) + frames_size) + b"WEBP" + body)
            for (box, data), delay in zip(pictures, stands, strict=True):
                file.write(_chunk(b"ANMF", _frame_header(box, delay) + data))

    def _pictures(
        self, loop: NDArray[np.uint8]
    ) -> Iterator[tuple[tuple[int, int, int, int], bytes]]:
        """Per frame (left, top, width, height) and its coded chunks.

        The first covers everything; the others cover what moves somewhere in the loop, opaque
        there and see-through elsewhere. Offsets are even, as the format wants them.
        """
        height, width = loop.shape[1:3]
        yield (0, 0, width, height), self._coded(Image.fromarray(loop[0]))
        moving = changing(loop)
        if not moving.any():
            moving[0, 0] = True  # a frame has at least one pixel
        rows, columns = np.flatnonzero(moving.any(1)), np.flatnonzero(moving.any(0))
        top, left = int(rows[0]) & ~1, int(columns[0]) & ~1
        box = (slice(top, int(rows[-1]) + 1), slice(left, int(columns[-1]) + 1))
        alpha = (moving[box] * np.uint8(255))[..., None]
        size = (left, top, alpha.shape[1], alpha.shape[0])
        for frame in loop[1:]:
            rgba = np.concatenate([frame[box], alpha], axis=-1)
            yield size, self._coded(Image.fromarray(rgba))

    def _coded(self, picture: Image.Image) -> bytes:
        """The image chunks (ALPH, VP8 or VP8L) of a still WebP, without its container."""
        buffer = io.BytesIO()
        picture.save(
            buffer, "WEBP", quality=self.quality, lossless=self.lossless, method=self.method
        )
        data, out, position = buffer.getvalue(), b"", 12
        while position < len(data):
            name, size = (
                data[position : position + 4],
                *struct.unpack_from("<I", data, position + 4),
            )
            end = position + 8 + size + size % 2
            if name in (b"ALPH", b"VP8 ", b"VP8L"):
                out += data[position:end]
            position = end
        return out


def _frame_header(box: tuple[int, int, int, int], delay: int) -> bytes:
    left, top, width, height = box
    place = _u24(left // 2) + _u24(top // 2) + _u24(width - 1) + _u24(height - 1)
    return place + _u24(delay) + b"\x00"  # blend over what is there, leave it there


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def _u24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]
