"""What a segmenter sees, drawn on the clip: a colour per category, outlines, a legend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cinekit.model import Candidate, Category, Clip, Motion, SemanticResponse
from cinekit.see.folding import upsample
from cinekit.see.vocabulary import BACKGROUND, all_categories
from cinekit.write.maps import Picture, mask_overlay

Colour = tuple[int, int, int]

GOLDEN = 137.508
"""Degrees of the colour circle between one category and the next: neighbours never look alike."""

HUES = {
    "boat": 265.0,
    "eyes": 280.0,
    "fire": 20.0,
    "flower": 300.0,
    "grass": 85.0,
    "person": 330.0,
    "plant": 105.0,
    "sky": 190.0,
    "tree": 130.0,
    "water": 215.0,
}
"""Degrees of the colours that one expects."""

TINT = {Motion.STATIC: 0.25, Motion.NATURAL: 0.5, Motion.NON_NATURAL: 0.5}
"""How strongly a category colours the frame: what cannot move is faint, background is not seen."""

FAINT = 0.18
"""Saturation of what cannot move; everything else has 0.85."""

ROW, MARGIN, LEGEND = 20, 8, (24, 24, 26)


def category_colour(category: Category) -> Colour:
    """The colour of a category: the same for every segmenter and clip, grey for background."""
    known = list(all_categories())
    name = category.name
    # A name of its own ("texture 1") takes a place after the known ones, by its letters.
    place = known.index(name) if name in known else len(known) + sum(map(ord, name)) % 97
    hue = HUES.get(name, place * GOLDEN % 360)
    saturation = FAINT if category.motion is Motion.STATIC else 0.85
    hsv = np.array([[[hue, saturation, 0.95]]], np.float32)
    red, green, blue = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255
    return int(red), int(green), int(blue)


def winners(cells: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.intp]:
    """The category that wins at every pixel: uint8 (h, w, C) to (H, W).

    As in [O] 3.1: who wins is decided in the cells, and borders between them are bilinear.
    """
    won = cells.argmax(axis=-1)
    present = np.unique(won)
    share = np.stack([upsample((won == c).astype(np.float32), size) for c in present])
    return np.asarray(present[share.argmax(axis=0)], np.intp)


def draw_categories(
    frame: Picture, labels: NDArray[np.intp], categories: Sequence[Category]
) -> Picture:
    """A frame tinted by category and outlined where categories meet.

    frame : uint8 (H, W, 3); labels : (H, W), indices into the categories.
    """
    colours = np.array([category_colour(c) for c in categories], np.float32)
    strength = np.array(
        [0 if c.name == BACKGROUND else TINT[c.motion] for c in categories], np.float32
    )
    alpha = strength[labels][..., None]
    out = frame * (1 - alpha) + colours[labels] * alpha
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    out[edge] = colours[labels[edge]] * 0.5 + 127
    return np.rint(out).astype(np.uint8)


def legend(categories: Sequence[Category], areas: Mapping[str, float], width: int) -> Picture:
    """Names and shares of the frame below the picture: uint8 (rows, width, 3).

    areas : by category; its keys are the entries, in their order. Names of what may move are
        bright. The rows do not depend on the values, so that the frames of a video have one size.
    """
    motion = {category.name: category for category in categories}
    places, rows = _arrange(tuple(areas), width)
    canvas = Image.new("RGB", (width, rows * ROW + 2 * MARGIN), LEGEND)
    draw = ImageDraw.Draw(canvas)
    for (left, row), (name, area) in zip(places, areas.items(), strict=True):
        top = MARGIN + row * ROW
        still = motion[name].motion is Motion.STATIC
        draw.rectangle((left, top + 3, left + 12, top + 15), fill=category_colour(motion[name]))
        text = f"{name} {area:.0%}" if area >= 0.005 or area == 0 else f"{name} <1%"
        draw.text(
            (left + 18, top + 2),
            text,
            font=_font(),
            fill=(150, 150, 156) if still else (240, 240, 244),
        )
    return np.asarray(canvas)


def overlay_frames(
    clip: Clip, response: SemanticResponse, shown: Sequence[str]
) -> Iterator[Picture]:
    """Every frame of the clip with what the segmenter sees in it, and a legend below.

    shown : the categories in the legend, by name.
    """
    column = {category.name: i for i, category in enumerate(response.categories)}
    for frame, cells in zip(clip.frames, response.probabilities, strict=True):
        labels = winners(cells, clip.size)
        counts = np.bincount(labels.ravel(), minlength=len(response.categories))
        areas = {name: float(counts[column[name]]) / labels.size for name in shown}
        picture = draw_categories(frame, labels, response.categories)
        yield np.concatenate([picture, legend(response.categories, areas, clip.size[1])])


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(12)


@cache
def _arrange(names: tuple[str, ...], width: int) -> tuple[list[tuple[int, int]], int]:
    """(left, row) of every entry, and the number of rows; an entry is never split."""
    left, row, places = MARGIN, 0, []
    for name in names:
        wide = 18 + int(_font().getlength(f"{name} 100%")) + 16
        if left > MARGIN and left + wide > width:
            left, row = MARGIN, row + 1
        places.append((left, row))
        left += wide
    return places, row + 1


def candidate_sheet(clip: Clip, candidates: Sequence[Candidate], width: int = 1200) -> Picture:
    """Every candidate on the middle frame: what would move is tinted, the rest is drained."""
    frame = clip.frames[clip.n_frames // 2]
    columns = min(3, len(candidates))
    cell = width // columns
    height = max(1, round(cell * clip.size[0] / clip.size[1]))
    rows = -(-len(candidates) // columns)
    sheet = Image.new("RGB", (cell * columns, (height + ROW) * rows), LEGEND)
    draw = ImageDraw.Draw(sheet)
    for i, candidate in enumerate(candidates):
        left, top = i % columns * cell, i // columns * (height + ROW)
        picture = Image.fromarray(mask_overlay(frame, candidate.target))
        sheet.paste(picture.resize((cell - 4, height)), (left, top + ROW))
        caption = f"{candidate.id}: {candidate.target.mean():.1%} of the frame"
        draw.text((left + 4, top + 3), caption, font=_font(), fill=(240, 240, 244))
    return np.asarray(sheet)
