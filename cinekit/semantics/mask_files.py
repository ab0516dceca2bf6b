"""Label images and label videos, read into numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
"""int32 (h, w): a palette index, a grey value, or 0xRRGGBB. 0 is no region."""

MOST_LABELS = 64
"""An image with more values than this is a photograph, or a lossy video's noise."""


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
    """The labels of one image: palette index, grey value, or 0xRRGGBB; transparent pixels are 0.

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
    if labels.max(initial=0) > 0xFF:  # colours: any of them is inside
        return (labels > 0).astype(np.float32)
    top = int(labels.max(initial=0))
    return labels.astype(np.float32) / np.float32(max(top, 1))


def read_video_labels(path: Path) -> Iterator[Labels]:
    """The labels of every frame of a video.

    Raises
    ------
    SegmenterError
        When the file is no video.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise SegmenterError(
                    f"expected a video of labels at {str(path)!r}, it has no video"
                )
            for frame in container.decode(video=0):
                yield _colours(frame.to_ndarray(format="rgb24").astype(np.int32))
    except av.FFmpegError as error:
        raise SegmenterError(
            f"expected a label image or a video of labels at {str(path)!r}, it cannot be decoded "
            f"({error.strerror})"
        ) from error


def nearest_labels(labels: Labels, known: NDArray[np.int32]) -> Labels:
    """Every pixel's nearest known label, by colour: what a lossy codec made of it is undone."""
    values, index = np.unique(labels, return_inverse=True)
    distance = np.abs(_channels(values)[:, None] - _channels(known)[None]).sum(axis=-1)
    nearest: Labels = known[distance.argmin(axis=1)][index].reshape(labels.shape)
    return nearest


def common_labels(samples: list[Labels]) -> NDArray[np.int32]:
    """The labels that a few label images hold, without a lossy codec's shades of them.

    A value counts when it fills at least a thousandth of the pictures and no more frequent value
    is within 48 of it over the channels; 0 always counts.
    """
    values, counts = np.unique(np.concatenate([s.ravel() for s in samples]), return_counts=True)
    if len(values) <= MOST_LABELS:
        return np.union1d(values, [0]).astype(np.int32)
    kept = [0]
    for value in values[np.argsort(-counts, kind="stable")]:
        if counts[values == value][0] < counts.sum() / 1000:
            break
        if np.abs(_channels(np.array(kept)) - _channels(value)).sum(axis=-1).min() > 48:
            kept.append(int(value))
    return np.array(sorted(kept), np.int32)


def _opaque(rgba: NDArray[np.int32]) -> Labels:
    return np.where(rgba[..., 3] >= 128, _colours(rgba[..., :3]), 0).astype(np.int32)


def _colours(rgb: NDArray[np.int32]) -> Labels:
    if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
        return rgb[..., 0]
    packed: Labels = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
    return packed


def _channels(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """A label as a colour, (..., 3); a grey value is a grey."""
    labels = np.asarray(labels, np.int32)
    grey = labels <= 0xFF
    packed = np.stack([labels >> 16, (labels >> 8) & 0xFF, labels & 0xFF], axis=-1)
    return np.where(grey[..., None], labels[..., None], packed)


def _natural_order(path: Path) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]
