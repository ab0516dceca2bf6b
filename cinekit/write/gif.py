"""Animated GIF, block by block (GIF89a), with Pillow's LZW coder."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cinekit.checks import Checked, Share, Within
from cinekit.store.atomic import whole_file
from cinekit.write.frames import animation, changing
from cinekit.write.palette import PaletteMap, choose_palette

_LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_TRANSPARENT = 255


@dataclass(frozen=True, kw_only=True)
class GifWriter(Checked):
    """GIF for places that take nothing else; loops for ever.

    colours : size of the one palette that all frames share, 2 to 255.
    dither : strength of the blue-noise dots, 0 (bands) to 1.

    One palette and dots that depend on place alone: a pixel whose colour does not change keeps its
    index, and is not stored again. Frame delays are whole centiseconds that follow true time, so at
    30 fps they run 3, 4, 3 and no error accumulates. Above 50 fps, which browsers do not play,
    frames are left out and the log says so. The whole loop is held in memory.
    """

    suffix: ClassVar[str] = ".gif"
    media_type: ClassVar[str] = "image/gif"

    colours: Annotated[int, Within("[2, 255]")] = 255
    dither: Share = 0.5

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write the loop; see :class:`cinekit.protocols.Writer`."""
        loop, stands = animation("gif", frames, fps, repeat, 100, 65535)
        with whole_file(path) as temporary, temporary.open("wb") as file:
            for block in self._blocks(loop, stands):
                file.write(block)

    def _blocks(self, loop: NDArray[np.uint8], stands: list[int]) -> Iterator[bytes]:
        n, height, width = loop.shape[:3]
        palette = choose_palette(loop, changing(loop), self.colours)
        mapped = PaletteMap(palette, self.dither)
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        # 0xF7: a global palette of 256 entries, 8 bits a channel
        yield b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + table.tobytes()
        yield _LOOP_FOREVER
        shown: NDArray[np.uint8] | None = None
        for count, delay in enumerate(stands):
            indices = mapped.indices(loop[count % n])
            yield _picture(indices, shown, delay)
            shown = indices
        yield b"\x3b"


def _picture(indices: NDArray[np.uint8], shown: NDArray[np.uint8] | None, delay: int) -> bytes:
    """One frame: only the rectangle that differs from what is shown, unchanged pixels see-through.

    A frame without any change is one transparent pixel: it still takes its time, so that the file
    has as many frames as the loop.
    """
    top, left = 0, 0
    transparent = 0
    if shown is not None:
        differs = indices != shown
        rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
        if not len(rows):
            rows = columns = np.zeros(1, int)
        top, left = int(rows[0]), int(columns[0])
        box = (slice(top, int(rows[-1]) + 1), slice(left, int(columns[-1]) + 1))
        indices = np.where(differs[box], indices[box], np.uint8(_TRANSPARENT))
        transparent = 1
    height, width = indices.shape
    control = struct.pack(
        # disposal 1: leave the frame in place
        "<BBBBHBB",
        0x21,
        0xF9,
        4,
        (1 << 2) | transparent,
        delay,
        _TRANSPARENT,
        0,
    )
    descriptor = struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0)
    data = Image.fromarray(np.ascontiguousarray(indices), "P").tobytes("gif", "P", 8, 0)
    return control + descriptor + b"\x08" + data + b"\x00"
