"""Pictures of what was decided: label maps, masks and contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cinekit.labels import LabelMap
from cinekit.write.frames import shrink

Picture = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB."""

_HUES = 300.0
"""Degrees of the colour circle that start frames use: from red to violet, so that the first and
the last frame of a clip do not look alike."""

_PALE, _FULL = 0.35, 0.85
"""Saturation of the shortest and the longest period."""

_STILL_DARK, _STILL_BRIGHT = 0.25, 0.75
"""Grey of a pixel that shows the first frame, and the last."""

ACCENT = (255, 122, 41)
"""Colour of masks."""


def labels_image(labels: LabelMap) -> Picture:
    """Labels coloured like [O] Fig. 3: hue = start frame, grey = still.

    Hue runs from red (a loop that starts with the clip) to violet; longer periods are more
    saturated; still pixels are the brighter, the later the frame they show. The scales cover the
    whole clip, so that the maps of one clip's candidates can be compared.
    """
    last = max(labels.n_frames - 1, 1)
    start = labels.first_frame.astype(np.float32) / np.float32(last)
    period = np.minimum(labels.period.astype(np.float32) / np.float32(last), np.float32(1))
    colour = _hsv(start * _HUES, _PALE + (_FULL - _PALE) * period, 0.95)
    grey = (_STILL_DARK + (_STILL_BRIGHT - _STILL_DARK) * start)[..., None]
    out = np.where(labels.looping[..., None], colour, grey)
    return np.asarray(np.rint(out * 255), np.uint8)


def labels_legend(labels: LabelMap, width: int) -> Picture:
    """A strip that explains :func:`labels_image`, to stand below it: uint8 (54, width, 3)."""
    canvas = Image.new("RGB", (width, 54), (24, 24, 26))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(11)
    last = labels.n_frames - 1
    margin, gap = 10, 12
    bar = (width - 2 * margin - gap) // 2
    ramp = np.linspace(0, 1, max(bar, 1), dtype=np.float32)[None]
    hues = _hsv(ramp * _HUES, np.full_like(ramp, _FULL), 0.95)
    greys = np.repeat(_STILL_DARK + (_STILL_BRIGHT - _STILL_DARK) * ramp[..., None], 3, -1)
    for left, colours, text in (
        (margin, hues, "loop starts at frame"),
        (margin + bar + gap, greys, "still, shows frame"),
    ):
        strip = np.repeat(np.rint(colours * 255).astype(np.uint8), 12, axis=0)
        canvas.paste(Image.fromarray(strip), (left, 22))
        draw.text((left, 5), text, font=font, fill=(200, 200, 204))
        draw.text((left, 37), "0", font=font, fill=(150, 150, 156))
        draw.text((left + bar, 37), str(last), font=font, fill=(150, 150, 156), anchor="ra")
    return np.asarray(canvas)


def labels_figure(labels: LabelMap) -> Picture:
    """:func:`labels_image` with its legend below."""
    picture = labels_image(labels)
    return np.concatenate([picture, labels_legend(labels, picture.shape[1])])


def mask_overlay(frame: Picture, mask: NDArray[np.bool_]) -> Picture:
    """A frame with a mask on it: outside darkened and drained of colour, inside tinted, outlined.

    frame : uint8 (H, W, 3); mask : bool (H, W).
    """
    scene = frame.astype(np.float32)
    grey = scene @ np.array([0.299, 0.587, 0.114], np.float32)
    outside = np.repeat(grey[..., None], 3, -1) * 0.4 + 12
    inside = scene * 0.72 + np.array(ACCENT, np.float32) * 0.28
    out = np.where(mask[..., None], inside, outside).round().astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    solid = mask.astype(np.uint8)
    edge = cv2.dilate(solid, kernel) != solid
    out[edge] = ACCENT
    return out


def contact_sheet(
    frames: Sequence[Picture] | NDArray[np.uint8], columns: int = 4, width: int = 960
) -> Picture:
    """The loop as a strip of stills, and its seam: the last two frames beside the first two.

    Upper row: ``columns`` frames evenly over the loop. Lower row: the seam as it plays, frames
    n-2, n-1, 0, 1, with a line where the loop closes. Every still carries its frame number.
    """
    n = len(frames)
    even = [round(i * n / columns) % n for i in range(columns)]
    seam = [(n - 2) % n, n - 1, 0, 1 % n]
    gap = 4
    cell = (width - gap * (columns - 1)) // columns
    rows = [
        _row([frames[i] for i in even], even, cell, gap),
        _row([frames[i] for i in seam], seam, (width - gap * 3) // 4, gap),
    ]
    middle = rows[1].shape[1] // 2
    rows[1][:, middle - 1 : middle + 1] = ACCENT
    wide = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, gap), (0, wide - row.shape[1]), (0, 0))) for row in rows]
    return np.concatenate(padded)[:-gap]


def _row(frames: list[Picture], numbers: list[int], cell: int, gap: int) -> Picture:
    font = ImageFont.load_default(12)
    out = []
    for frame, number in zip(frames, numbers, strict=True):
        height, width = frame.shape[:2]
        if width > cell:
            frame = shrink(frame, round(cell * max(1.0, height / width)))
        picture = Image.fromarray(np.ascontiguousarray(frame))
        draw = ImageDraw.Draw(picture)
        draw.text((6, 4), str(number), font=font, fill="white", stroke_width=2, stroke_fill="black")
        out += [np.asarray(picture), np.zeros((picture.height, gap, 3), np.uint8)]
    return np.concatenate(out[:-1], axis=1)


def _hsv(
    hue: NDArray[np.floating], saturation: NDArray[np.floating], value: float
) -> NDArray[np.float32]:
    """(H, W) hue in degrees and saturation in [0, 1] to float32 (H, W, 3) RGB in [0, 1]."""
    planes = np.stack([hue, saturation, np.full_like(hue, value)], -1).astype(np.float32)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_HSV2RGB), np.float32)
