"""What a caller may give as a clip: a path, an open file, bytes, an array of frames, or a Clip."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ClipError
from cinekit.model import Clip

Source = str | os.PathLike[str] | bytes | BinaryIO | NDArray[np.uint8] | Clip
"""A video as a path, an open binary file or bytes; or frames, uint8 (T, H, W, 3), RGB."""


@contextmanager
def given_clip(source: Source, fps: float | None = None) -> Iterator[Clip | Path]:
    """A clip in memory, or the path of a file that exists while the block runs.

    An open file and bytes are written to a temporary one: a decoder has to move about in them.

    fps : frames per second, of an array.

    Raises
    ------
    ClipError
        When it is none of these, or an array and no fps.
    """
    if isinstance(source, np.ndarray):
        if fps is None:
            raise ClipError("expected fps, frames per second, with an array of frames: fps=25")
        yield Clip(source, fps)
        return
    if fps is not None:
        raise ClipError(f"expected fps with an array of frames only, received fps={fps}")
    if isinstance(source, Clip):
        yield source
    elif isinstance(source, (str, os.PathLike)):
        yield Path(source)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _name_of(source)
            with path.open("wb") as file:
                _copy(source, file)
            yield path


def _name_of(source: Any) -> str:
    """The name of an open file, as far as it has one: a clip is called after it."""
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) and Path(name).name else "clip"


def _copy(source: Any, file: BinaryIO) -> None:
    if isinstance(source, (bytes, bytearray, memoryview)):
        file.write(source)
        return
    if not callable(getattr(source, "read", None)):
        raise ClipError(
            "expected a path, an open file, bytes, an array of frames or a Clip, "
            f"received {type(source).__name__}"
        )
    try:
        shutil.copyfileobj(source, file)
    except TypeError as error:
        raise ClipError(f"expected a file opened for bytes, mode 'rb' ({error})") from None
