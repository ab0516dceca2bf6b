"""``strip``: the frames of a loop side by side in one picture, as on a film."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import cinekit


@dataclass(frozen=True, kw_only=True)
class StripWriter(cinekit.Checked):
    """A PNG, for those who want to look at every frame; how many there are is written in it.

    Parameters
    ----------
    effort : of the compression, 0 to 9.
    """

    suffix: ClassVar[str] = ".png"
    media_type: ClassVar[str] = "image/png"  # the report shows pictures and plays films

    effort: Annotated[int, cinekit.Within("[0, 9]")] = 6

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write ``repeat`` rounds of the loop; the file appears whole or not at all."""
        loop = list(cinekit.checked_frames(frames, fps, repeat)) * repeat
        told = PngInfo()
        told.add_text("frames", str(len(loop)))
        picture = Image.fromarray(np.concatenate(loop, axis=1))
        with cinekit.whole_file(path) as temporary:
            picture.save(temporary, "PNG", compress_level=self.effort, pnginfo=told)
