"""``masks``: regions that the user has drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, SegmenterError
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, silent
from cinekit.see.folding import quantise
from cinekit.see.mask_files import (
    COLOUR,
    MOST_LABELS,
    Labels,
    Layout,
    check_aspect,
    common_labels,
    find_layout,
    nearest_labels,
    read_labels_image,
    read_mask,
    read_video_labels,
)
from cinekit.see.vocabulary import BACKGROUND, all_categories
from cinekit.view import grid_size

CELLS = 320
"""A mask that changes over time keeps at most this many cells along its longer side; one for all
frames keeps every pixel."""

MOST_BYTES = 300e6
"""Of the response: many labels in a long clip get fewer cells."""


@dataclass(frozen=True, kw_only=True)
class MaskSegmenter:
    """Regions from label images or a video of labels.

    Masks are of the frames as cinekit sees them: after trimming and scaling, and after
    stabilisation when it crops.

    Parameters
    ----------
    path : a label image for all frames; a folder with one label image per frame; a folder with one
        mask per region, whose file name is the region's name; or a video of labels. Labels are
        palette indices, grey values or colours; 0 (black, transparent) is no region.
    names : what the labels are called: "LABEL=NAME" ("3=water", "ff0000=flag"), or just names, for
        the labels in ascending order. A label without a name is called "label 3" or after its only
        file. In a lossy video, labels must be colours (or greys) that are far apart.
    natural, non_natural : names of regions that are texture, and of those that are things. Without
        it, a name that cinekit knows ("water", "person") says so itself, and any other is natural.
    """

    path: str
    names: tuple[str, ...] = ()
    natural: tuple[str, ...] = ()
    non_natural: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        both = set(self.natural) & set(self.non_natural)
        if both:
            raise ConfigError(
                f"natural: expected {sorted(both)[0]!r} not to be listed as non_natural too"
            )
        with_label = ["=" in name for name in self.names]
        if any(with_label) and not all(with_label):
            raise ConfigError(
                f"names: expected all as LABEL=NAME or none, received {list(self.names)}"
            )

    def unavailable(self) -> str | None:
        """Why it cannot run here: the path holds no masks."""
        try:
            find_layout(self._folder)
        except SegmenterError as error:
            return str(error)
        return None

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The masks as a response; see :class:`cinekit.protocols.Segmenter`."""
        layout = find_layout(self._folder)
        if layout.regions:
            names, frames = self._named_masks(clip, layout)
        else:
            names, frames = self._label_images(clip, layout)
        response = _stack(frames, clip.n_frames, progress)
        categories = (all_categories()[BACKGROUND], *(self._category(name) for name in names))
        return SemanticResponse(
            probabilities=response, categories=categories, source=f"masks of {self._folder.name}"
        )

    @property
    def _folder(self) -> Path:
        return Path(self.path).expanduser()

    def _named_masks(
        self, clip: Clip, layout: Layout
    ) -> tuple[list[str], Iterator[NDArray[np.float32]]]:
        """One mask per region: its names, and one float32 (h, w, 1 + regions)."""
        masks = []
        for name, file in layout.regions:
            mask = read_mask(file)
            check_aspect(mask.shape, clip.size, file)
            if not mask.any():
                raise SegmenterError(f"expected the region {name!r} in {str(file)!r}, it is black")
            masks.append(_scaled(mask, clip.size))
        given = self._given([name for name, _ in layout.regions])
        inside = np.stack(masks, axis=-1)
        inside /= np.maximum(inside.sum(axis=-1, keepdims=True), 1)
        return given, iter([_with_rest(inside)])

    def _label_images(
        self, clip: Clip, layout: Layout
    ) -> tuple[list[str], Iterator[NDArray[np.float32]]]:
        """Label images or a video: names of the labels, and float32 (h, w, 1 + labels) each."""
        if layout.video is not None:
            images, exact = _video_frames(layout.video, clip.n_frames)
            where = layout.video
        else:
            images, exact = [read_labels_image(file) for file in layout.frames], True
            where = layout.frames[0] if len(layout.frames) == 1 else layout.frames[0].parent
        if len(images) not in (1, clip.n_frames):
            raise SegmenterError(
                f"expected one label image or {clip.n_frames}, one per frame, in {str(where)!r}, "
                f"found {len(images)}"
            )
        for image in images:
            check_aspect(image.shape, clip.size, where)
        known = common_labels(images, exact)
        if not exact and any("=" in name for name in self.names):
            # What the user calls ff0000 has become fd0000: it is the user who knows.
            known = np.unique([0, *(_label(name.partition("=")[0]) for name in self.names)])
        if len(known) > MOST_LABELS:
            raise SegmenterError(
                f"expected at most {MOST_LABELS} labels in {str(where)!r}, found {len(known)}: "
                "this is a picture, not a label image"
            )
        known = known[known > 0]
        if not len(known):
            raise SegmenterError(f"expected labels above 0 in {str(where)!r}, it is all black")
        most = min(CELLS, int((MOST_BYTES / (clip.n_frames * (1 + len(known)))) ** 0.5))
        size = clip.size if len(images) == 1 else grid_size(clip.size, most)
        labels = np.array([0, *known], np.int32)
        frames = (_one_hot(nearest_labels(image, labels), known, size) for image in images)
        return self._label_names(known, where), frames

    def _label_names(self, known: NDArray[np.int32], where: Path) -> list[str]:
        keys = [_key(int(label)) for label in known]
        if any("=" in name for name in self.names):
            return self._given(keys, [_default(key) for key in keys])
        if not self.names and len(keys) == 1 and where.is_file() and not where.stem.isdigit():
            return [where.stem]
        if len(self.names) > len(keys):
            raise SegmenterError(
                f"expected at most {len(keys)} names, one per label ({', '.join(keys)}), "
                f"received {len(self.names)}"
            )
        return [*self.names, *map(_default, keys[len(self.names) :])]

    def _given(self, keys: Sequence[str], default: Sequence[str] | None = None) -> list[str]:
        """The names of the keys after "KEY=NAME"; the default where no name is given."""
        given = {}
        for name in self.names:
            key, found, value = name.partition("=")
            if not found or key.strip().lower().lstrip("#") not in {k.lower() for k in keys}:
                raise SegmenterError(
                    f"expected names as LABEL=NAME with labels {', '.join(keys)}, received {name!r}"
                )
            given[key.strip().lower().lstrip("#")] = value.strip()
        return [given.get(k.lower(), d) for k, d in zip(keys, default or keys, strict=True)]

    def _category(self, name: str) -> Category:
        if name in self.natural:
            return Category(name, Motion.NATURAL)
        if name in self.non_natural:
            return Category(name, Motion.NON_NATURAL)
        return all_categories().get(name.lower(), Category(name, Motion.NATURAL))


def _video_frames(path: Path, n_frames: int) -> tuple[list[Labels], bool]:
    images, exact = read_video_labels(path)
    if len(images) != n_frames:
        raise SegmenterError(
            f"expected {n_frames} frames in the video of labels {str(path)!r}, as in the clip, "
            f"found {len(images)}"
        )
    return images, exact


def _one_hot(
    labels: Labels, known: NDArray[np.int32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """float32 (h, w, 1 + labels): how much of a cell each label covers; the rest comes first."""
    shares = [_scaled((labels == label).astype(np.float32), size) for label in known]
    return _with_rest(np.stack(shares, axis=-1))


def _with_rest(inside: NDArray[np.float32]) -> NDArray[np.float32]:
    rest = np.maximum(1 - inside.sum(axis=-1, keepdims=True), 0)
    return np.concatenate([rest, inside], axis=-1)


def _scaled(mask: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    smaller = size[0] < mask.shape[0]
    scaled = cv2.resize(
        mask, (size[1], size[0]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    )
    return np.asarray(scaled, np.float32)


def _stack(
    frames: Iterable[NDArray[np.float32]], n_frames: int, progress: Progress
) -> NDArray[np.uint8]:
    """uint8 (T, h, w, C); one image for all frames is a view."""
    out = []
    for i, frame in enumerate(frames):
        out.append(quantise(frame))
        progress((i + 1) / n_frames)
    progress(1.0)
    if len(out) == 1:
        return np.broadcast_to(out[0], (n_frames, *out[0].shape))
    return np.stack(out)


def _key(label: int) -> str:
    return str(label) if label < COLOUR else f"{label - COLOUR:06x}"


def _label(key: str) -> int:
    """The label that a user's key means; the inverse of :func:`_key`."""
    key = key.strip().lower().lstrip("#")
    try:
        return COLOUR + int(key, 16) if len(key) == 6 else int(key)
    except ValueError:
        raise SegmenterError(
            f"expected a grey value or a colour such as ff0000 before '=', received {key!r}"
        ) from None


def _default(key: str) -> str:
    return f"label {key}"
