"""Label images and label videos, read into numbers and names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cinekit.errors import SegmenterError

IMAGES = frozenset({".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"})
"""Suffixes of label images. JPEG is not among them: it changes the labels."""

Labels = NDArray[np.int32]
"""int32 (h, w): a palette index, a grey value, or COLOUR + 0xRRGGBB. 0 is no region."""

COLOUR = 1 << 24
"""Tells blue, 0x0000ff, from the grey value 255."""

LOSSLESS = frozenset({"ffv1", "huffyuv", "ffvhuff", "utvideo", "png", "apng", "gif", "qtrle"})
"""Codecs that keep labels as they were, in a pixel format without chroma subsampling."""

MOST_LABELS = 64
"""An image with more values than this is a photograph."""


@dataclass(frozen=True)
class Layout:
    """How the files of a path hold the masks; exactly one of the three is set.

    video : one label image per frame.
    frames : one label image for all frames, or one per frame, in order.
    regions : one mask per region, by the region's name.
    """

    video: Path | None = None
    frames: tuple[Path, ...] = ()
    regions: tuple[tuple[str, Path], ...] = ()


def find_layout(path: Path) -> Layout:
    """What a path holds: an image, a video, a folder of frames, or a folder of named masks.

    A folder holds frames when the names of its images differ by numbers only ("0001.png",
    "mask_12.png"), and one mask per region otherwise ("water.png", "flag.png").

    Raises
    ------
    SegmenterError
        When there is nothing of the kind.
    """
    if path.is_file():
        return Layout(frames=(path,)) if path.suffix.lower() in IMAGES else Layout(video=path)
    if not path.is_dir():
        raise SegmenterError(
            f"expected a label image, a video of labels or a folder of label images at "
            f"{str(path)!r}, found nothing there"
        )
    files = [f for f in path.iterdir() if f.suffix.lower() in IMAGES and f.is_file()]
    if not files:
        raise SegmenterError(
            f"expected label images ({', '.join(sorted(IMAGES))}) in {str(path)!r}, found none"
        )
    if len({re.sub(r"\d+", "#", f.stem) for f in files}) == 1 and re.search(r"\d", files[0].stem):
        return Layout(frames=tuple(sorted(files, key=_natural_order)))
    return Layout(regions=tuple((f.stem, f) for f in sorted(files)))


def read_labels_image(path: Path) -> Labels:
    """The labels of one image: palette index, grey value, or colour; transparent pixels are 0.

    A colour image that holds only greys is read as grey.

    Raises
    ------
    SegmenterError
        When the file is no image.
    """
    try:
        with Image.open(path) as image:
            image.load()
            if image.mode in ("P", "1", "L", "I", "I;16"):
                return np.asarray(image).astype(np.int32)
            if image.mode == "LA":
                return _opaque(np.asarray(image).astype(np.int32)[..., [0, 0, 0, 1]])
            return _opaque(np.asarray(image.convert("RGBA")).astype(np.int32))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise SegmenterError(
            f"expected a label image at {str(path)!r}, it cannot be read "
            f"({' '.join(str(error).split())})"
        ) from error


def read_mask(path: Path) -> NDArray[np.float32]:
    """One region's mask, float32 (h, w) in [0, 1]: how far a pixel belongs to it.

    White (or any label, in a palette image) is inside; greys are soft borders.
    """
    labels = read_labels_image(path)
    if labels.max(initial=0) >= COLOUR:  # colours: any of them is inside
        return (labels > 0).astype(np.float32)
    top = int(labels.max(initial=0))
    return labels.astype(np.float32) / np.float32(max(top, 1))


def read_video_labels(path: Path) -> tuple[list[Labels], bool]:
    """The labels of every frame of a video, and whether its codec kept them exactly.

    Raises
    ------
    SegmenterError
        When the file is no video.
    """
    images, exact = [], False
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise SegmenterError(f"expected a video at {str(path)!r}, it has no video stream")
            codec = container.streams.video[0].codec_context
            for frame in container.decode(video=0):
                grey = frame.format.name.startswith(("gray", "pal8"))
                exact = codec.name in LOSSLESS and (frame.format.is_rgb or grey)
                images.append(_colours(frame.to_ndarray(format="rgb24").astype(np.int32)))
    except av.FFmpegError as error:
        raise SegmenterError(
            f"expected a label image or a video of labels at {str(path)!r}, it cannot be decoded "
            f"({error.strerror})"
        ) from error
    return images, exact


def check_aspect(shape: tuple[int, ...], size: tuple[int, int], where: Path) -> None:
    """Raise a SegmenterError when masks have another shape than the frames, which are (H, W)."""
    (h, w), (height, width) = shape[:2], size
    if abs(w * height / (h * width) - 1) > 0.03:
        raise SegmenterError(
            f"expected masks in the proportions of the frames, {width}x{height}, "
            f"received {w}x{h} in {str(where)!r}"
        )


def nearest_labels(labels: Labels, known: NDArray[np.int32]) -> Labels:
    """Every pixel's nearest known label, by colour: what a lossy codec made of it is undone."""
    values, index = np.unique(labels, return_inverse=True)
    distance = np.abs(_channels(values)[:, None] - _channels(known)[None]).sum(axis=-1)
    nearest: Labels = known[distance.argmin(axis=1)][index].reshape(labels.shape)
    return nearest


def common_labels(samples: list[Labels], exact: bool) -> NDArray[np.int32]:
    """The labels that a few label images hold; 0 always counts.

    exact : whether the values are what the user drew. After a lossy codec, a value counts when it
        fills at least a thousandth of the pictures and no more frequent one is within 128 of it,
        summed over the channels.
    """
    pixels = np.concatenate([sample.ravel() for sample in samples])
    values, counts = np.unique(pixels, return_counts=True)
    if exact:
        return np.union1d(values, [0]).astype(np.int32)
    kept = [0]
    for i in np.argsort(-counts, kind="stable"):
        if counts[i] < counts.sum() / 1000:
            break
        if np.abs(_channels(np.array(kept)) - _channels(values[i])).sum(axis=-1).min() > 128:
            kept.append(int(values[i]))
    return np.array(sorted(kept), np.int32)


def _opaque(rgba: NDArray[np.int32]) -> Labels:
    return np.where(rgba[..., 3] >= 128, _colours(rgba[..., :3]), 0).astype(np.int32)


def _colours(rgb: NDArray[np.int32]) -> Labels:
    if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
        return rgb[..., 0]
    packed: Labels = COLOUR + ((rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2])
    return np.where(packed == COLOUR, 0, packed)


def _channels(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """A label as a colour, (..., 3); a grey value is a grey."""
    labels = np.asarray(labels, np.int32)
    grey = labels < COLOUR
    packed = np.stack([(labels >> 16) & 0xFF, (labels >> 8) & 0xFF, labels & 0xFF], axis=-1)
    return np.where(grey[..., None], labels[..., None], packed)


def _natural_order(path: Path) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]
