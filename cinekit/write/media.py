"""Pictures and loops small enough to live inside a web page."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cinekit.write.frames import shrink
from cinekit.write.maps import Picture, contact_sheet
from cinekit.write.mp4 import Mp4Writer, Preset

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".png": "image/png",
}

_TRIES = ((960, 18.0), (720, 21.0), (560, 25.0), (400, 29.0))
"""Longest side and crf of a preview, tried in this order until it is small enough."""

PREVIEW_BYTES = 1_600_000
"""Aim for one preview: five candidates and the clip then stay well below 15 MB as base64."""


@dataclass(frozen=True, kw_only=True)
class LoopMedia:
    """What the report shows of one candidate.

    preview : an encoded loop, whatever browsers play, or None to show none.
    media_type : of the preview ("video/mp4").
    contact : uint8 (h, w, 3) from :func:`cinekit.write.contact_sheet`, or None.
    files : kind ("mp4", "labels") -> file name relative to the report, to link to.
    """

    preview: bytes | None = None
    media_type: str = "video/mp4"
    contact: NDArray[np.uint8] | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def loop_media(
    frames: Sequence[Picture] | NDArray[np.uint8],
    fps: float,
    files: Mapping[str, str] | None = None,
    film: Path | None = None,
) -> LoopMedia:
    """A preview and a contact sheet of rendered frames, each uint8 (H, W, 3); the loop once.

    film : an mp4 of these frames that exists already; when it is small enough it is the preview,
        which saves encoding the loop again.
    """
    if film is not None and film.stat().st_size <= PREVIEW_BYTES:
        shown = film.read_bytes()
    else:
        shown = preview(frames, fps)
    return LoopMedia(preview=shown, contact=contact_sheet(frames), files=dict(files or {}))


def preview(frames: Iterable[Picture], fps: float, limit: int = PREVIEW_BYTES) -> bytes:
    """The frames as a small MP4: 960 pixels a side and good, or less until it fits ``limit``.

    Noisy footage may exceed the limit at the last try; it is returned all the same.
    """
    pictures = [shrink(frame, _TRIES[0][0]) for frame in frames]
    data = b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.mp4"
        for longest, crf in _TRIES:
            small = (shrink(picture, longest) for picture in pictures)
            writer = Mp4Writer(crf=crf, preset=Preset.faster, still_std=None, still_psnr=None)
            writer.write(small, fps, path)
            data = path.read_bytes()
            if len(data) <= limit:
                break
    return data


def data_uri(data: bytes, media_type: str) -> str:
    """``data:`` URI with base64."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def picture_uri(picture: Picture, *, lossless: bool = False, longest: int = 960) -> str:
    """A picture as a WebP ``data:`` URI, scaled down to ``longest`` pixels a side.

    Lossless pictures (label maps) are scaled without mixing neighbours, whose mean has no meaning.
    """
    height, width = picture.shape[:2]
    if max(height, width) > longest:
        if lossless:
            scale = longest / max(height, width)
            rows = (
                np.arange(max(1, round(height * scale))) * height // max(1, round(height * scale))
            )
            columns = (
                np.arange(max(1, round(width * scale))) * width // max(1, round(width * scale))
            )
            picture = picture[rows][:, columns]
        else:
            picture = shrink(picture, longest)
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(buffer, "WEBP", lossless=lossless, quality=100 if lossless else 84, method=4)
    return data_uri(buffer.getvalue(), "image/webp")
