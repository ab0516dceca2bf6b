"""Pictures whose categories are known, and how far a response is from them.

Two photographs with COCO panoptic maps, whose classes fold into categories by cinekit's table of
COCO-Stuff ("tree-merged" is "tree", "mirror-stuff" is "mirror"; pixels without a segment count for
nothing), and three pictures in which somebody has drawn by hand what should move.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cinekit.model import Clip, SemanticResponse
from cinekit.see import load_vocabulary
from cinekit.write.overlay import winners

NEAR = 0.0075
"""Borders agree within this share of the diagonal, as in the DAVIS benchmark."""

LEAST = 0.005
"""The border of a category counts when it covers this share of the picture."""

DRAWN = ("water", "water", "sky")
"""What was drawn in the three pictures."""

LINES = 540
"""Taller pictures are scaled down to this, as clips are."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A picture, and the category of every pixel.

    clip : of one frame.
    categories : their names; labels : int (H, W), indices into them, -1 where nobody knows.
    """

    name: str
    clip: Clip
    categories: tuple[str, ...]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Score:
    """How far a response is from the truth; all in [0, 1].

    accuracy : share of the pixels whose category is right.
    own : the same over the pixels of those categories that the segmenter has a word for, without
        background.
    iou : mean over the categories of the truth of intersection over union.
    border : mean over them of the F measure of border pixels.
    """

    accuracy: float
    own: float
    iou: float
    border: float


def coco(folder: Path) -> Iterator[Truth]:
    """The pictures of ``segmentation/coco_panoptic``."""
    table = load_vocabulary("coco_stuff_171")
    classes = json.loads((folder / "panoptic_coco_categories.json").read_text("utf-8"))
    names = {one["id"]: one["name"].removesuffix("-merged") for one in classes}
    names = {key: name.removesuffix("-stuff") for key, name in names.items()}
    folded = dict(zip(names, table.select(list(names.values())).category_of, strict=True))
    document = json.loads((folder / "panoptic_examples.json").read_text("utf-8"))
    for annotation in document["annotations"]:
        stem = annotation["file_name"].removesuffix(".png")
        colours = read_picture(folder / f"{stem}_panoptic.png").astype(np.int64)
        ids = colours @ np.array([1, 256, 65536])
        segments = {one["id"]: folded[one["category_id"]] for one in annotation["segments_info"]}
        categories = tuple(sorted(set(segments.values())))
        labels = np.full(ids.shape, -1)
        for key, category in segments.items():
            labels[ids == key] = categories.index(category)
        picture = read_picture(folder / f"{stem}_image.jpg")
        yield Truth(stem.lstrip("0"), Clip(picture[None], 25.0, stem), categories, labels)


def drawn(folder: Path) -> Iterator[Truth]:
    """The pictures of ``segmentation/water_motion_masks``; what was not drawn is "other"."""
    for i, category in enumerate(DRAWN):
        picture = read_picture(folder / f"{i}_image.png", LINES)
        mask = read_picture(folder / f"{i}_mask.png")[..., 0]
        size = (picture.shape[1], picture.shape[0])
        inside = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 127
        clip = Clip(picture[None], 25.0, f"drawn_{i}")
        yield Truth(f"drawn_{i}", clip, (category, "other"), np.where(inside, 0, 1))


def read_picture(path: Path, lines: int | None = None) -> NDArray[np.uint8]:
    """uint8 (H, W, 3), scaled down to so many lines."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    if lines is not None and picture.height > lines:
        width = round(picture.width * lines / picture.height)
        picture = picture.resize((width, lines), Image.Resampling.BOX)
    return np.asarray(picture)


def score(response: SemanticResponse, truth: Truth) -> Score:
    """Compare what wins at every pixel with the truth."""
    names = np.array([category.name for category in response.categories])
    won = names[winners(response.probabilities[0], truth.clip.size)]
    other = truth.categories[-1] == "other"
    place = {name: i for i, name in enumerate(truth.categories)}
    # What the truth has no word for is wrong, and "other" where only one thing was drawn.
    elsewhere = len(place) - 1 if other else len(place)
    found = np.vectorize(lambda name: place.get(name, elsewhere), otypes=[np.int64])(won)
    known = truth.labels >= 0
    right = (found == truth.labels) & known
    words = [place[name] for name in names if name in place and name != "background"]
    spoken = known & np.isin(truth.labels, words)
    near = NEAR * float(np.hypot(*truth.clip.size))
    ious, borders = [], []
    for i in range(len(place) - other):
        there, seen = truth.labels == i, (found == i) & known
        ious.append((there & seen).sum() / (there | seen).sum())
        if there.mean() >= LEAST:
            borders.append(border_f(seen, there, near))
    return Score(
        accuracy=float(right.sum() / known.sum()),
        own=float(right[spoken].mean()) if spoken.any() else float("nan"),
        iou=float(np.mean(ious)),
        border=float(np.mean(borders)),
    )


def border_f(seen: NDArray[np.bool_], there: NDArray[np.bool_], near: float) -> float:
    """The F measure of border pixels; one counts when the other border is at most so far off."""
    first, second = border(seen), border(there)
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    precision = (distance(second)[first] <= near).mean()
    recall = (distance(first)[second] <= near).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels whose right or lower neighbour is on the other side."""
    edge = np.zeros(mask.shape, bool)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    return edge


def distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """float32 (H, W): to the nearest pixel of the mask."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
