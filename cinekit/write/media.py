"""Pictures and loops for the report, small enough to live inside a web page."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cinekit.model import Clip, Loop, Scene
from cinekit.store.atomic import write_bytes
from cinekit.write.frames import shrink
from cinekit.write.maps import Picture, contact_sheet, labels_image, mask_overlay
from cinekit.write.mp4 import Mp4Writer, Preset

MEDIA = "media"
"""The folder beside result.json that holds them."""

_TRIES = ((960, 18.0), (720, 21.0), (560, 25.0), (400, 29.0))
"""Longest side and crf of a preview, tried in this order until it is small enough."""

PREVIEW_BYTES = 1_600_000
"""Aim for one preview: five candidates and the clip then stay well below 15 MB as base64."""


def shown_of(types: Mapping[str, str]) -> str | None:
    """Which of a loop's files (kind -> media type) is shown: a film, else a picture, else none."""
    for family in ("video/", "image/"):
        for kind, media_type in types.items():
            if media_type.startswith(family):
                return kind
    return None


def write_loop_media(
    clip: Clip,
    loop: Loop,
    frames: NDArray[np.uint8] | None,
    loops: Mapping[str, str],
    folder: Path,
) -> dict[str, str]:
    """What the report shows of a candidate, as files of ``folder``: "labels", "target" ...

    frames : uint8 (n, H, W, 3), the loop once; None when it is not shown.
    loops : media type -> file that exists already. A small one is shown as it is, which saves
        encoding the loop again.
    """
    name, middle = loop.candidate.id, clip.frames[clip.n_frames // 2]
    target = mask_overlay(middle, loop.candidate.target)
    media = {
        "labels": _keep(folder, f"{name}_labels.webp", webp(labels_image(loop.labels), True)),
        "target": _keep(folder, f"{name}_target.webp", webp(target, longest=640)),
    }
    if frames is None:
        return media
    media["frames"] = _keep(folder, f"{name}_frames.webp", webp(contact_sheet(frames)))
    kind = shown_of({media_type: media_type for media_type in loops})
    if kind is not None and (folder / loops[kind]).stat().st_size <= PREVIEW_BYTES:
        media["loop"] = loops[kind]
    else:
        media["loop"] = _keep(folder, f"{name}.mp4", preview(frames, clip.fps))
    return media


def write_clip_media(scene: Scene, folder: Path) -> dict[str, str]:
    """What the report shows of the clip: "clip", "moving", and "region NAME" of every region."""
    clip, regions = scene.clip, scene.regions
    middle = clip.frames[clip.n_frames // 2]
    masks = {"moving": regions.moving, **{f"region {r.name}": r.mask for r in regions.regions}}
    media = {"clip": _keep(folder, "_clip.mp4", preview(clip.frames, clip.fps))}
    for i, (what, mask) in enumerate(masks.items()):
        picture = webp(mask_overlay(middle, mask), longest=640)
        media[what] = _keep(folder, f"_region_{i}.webp" if i else "_moving.webp", picture)
    return media


def _keep(folder: Path, name: str, data: bytes) -> str:
    """Write a file of the media folder; its name relative to ``folder``."""
    (folder / MEDIA).mkdir(exist_ok=True)
    write_bytes(folder / MEDIA / name, data)
    return f"{MEDIA}/{name}"


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


def webp(picture: Picture, lossless: bool = False, *, longest: int = 960) -> bytes:
    """A picture as WebP, scaled down to ``longest`` pixels a side.

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
    return buffer.getvalue()
