"""The embedded segmenter: regions by how they move and what moves there. No weights, no input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, NotNegative, Share, Within
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, silent
from cinekit.see.motion_features import (
    WORKING_FRAMES,
    WORKING_SIDE,
    MotionFeatures,
    describe,
    deviation_of,
    grey,
    measure,
    naturalness,
)
from cinekit.see.motion_merge import Labels, merge_similar, superpixels
from cinekit.see.motion_outline import respond, smooth_labels, tidy
from cinekit.view import ClipView, grid_size

BACKGROUND = Category("background", Motion.STATIC)
GRID_SIDE = 480
"""Longest side of the response, cells; never more than half the clip's once that is larger."""
RELATIVE = 0.06
"""Share of the strongest motion below which a pixel counts as the halo of what moves beside it."""
SUBSTANTIAL = 0.05
"""A region below this share of all that moves has to differ from its neighbours more clearly."""
HALVES, SUBTLER = 0.12, (0.8, 0.6, 0.4, 0.3)
"""A single region is taken apart into parts of at least that share of it, which then may be
more and more alike: multiples of ``similarity``."""
FAINT = 0.001
"""A region with less than this share of all variance is dropped."""
SELDOM = 12.0
"""Peaks of a texture that shows up only now and then: 18 to 45 in flames that lick up and die, 2.7
to 6 in water, grass and the fire itself."""
WISP_REACH = 0.06
"""Share of the longest side over which such a texture finds the one that it belongs to."""
TOGETHER = 0.5
"""Correlation with places far away above which a change may be one of light."""


@dataclass(frozen=True, kw_only=True)
class MotionSegmenter(Checked):
    """Splits what moves into regions, and tells texture from things.

    The clip has to stand still (see :func:`cinekit.clip.stabilise`): a drifting camera moves
    everything. The response is the same in every frame; a thing that passes owns what it sweeps.

    k : at most so many regions, those with most motion in them; 2 to 6 are sensible.
    min_deviation : a pixel moves when the standard deviation of its intensity over time, in [0, 1],
        is above this (and above the clip's noise). Lower follows fainter motion, .008 to .03.
    similarity : neighbours that differ less merge; 1 is a clear difference in colour or in the way
        of moving. Lower splits more, .5 to 1.5.
    min_area : smaller regions are dropped or join a neighbour; share of the frame.
    natural : a region is texture (natural) when its motion is at least this stochastic, in [0, 1].
    """

    k: Count = 4
    min_deviation: Annotated[float, Within("(0, 1)")] = 0.012
    similarity: NotNegative = 0.9
    min_area: Share = 0.004
    natural: Share = 0.35

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """Background, then the regions, largest first ("texture 1", "object 1", ...)."""
        grid = response_grid(clip)
        nothing = np.full((*grid, 1), 255, np.uint8)
        if clip.n_frames < 2:
            progress(1.0)
            return _constant(nothing, (BACKGROUND,), clip.n_frames)
        small = clip.view.small(grid_size(clip.size, WORKING_SIDE))
        progress(0.2)
        features = measure(small)
        progress(0.6)
        threshold = self._threshold(features)
        moving = tidy(features.deviation > threshold, self.min_area / 2) & ~light_only(features)
        moving = tidy(moving, self.min_area / 2)
        labels = self._regions(moving, features, threshold)
        kinds = self._kinds(labels, features)
        progress(0.8)
        if not kinds:
            progress(1.0)
            return _constant(nothing, (BACKGROUND,), clip.n_frames)
        every = -(-clip.n_frames // WORKING_FRAMES)
        half = ClipView(clip.frames[::every], clip.fps).small(grid_size(clip.size, max(grid)))
        outline = tidy(deviation_of(grey(half), 0.7) > threshold, self.min_area / 2)
        probabilities = respond(labels, len(kinds), outline)
        progress(1.0)
        return _constant(probabilities, (BACKGROUND, *_name(kinds)), clip.n_frames)

    def _threshold(self, features: MotionFeatures) -> float:
        """The deviation above which a pixel moves."""
        strongest = float(np.percentile(features.deviation, 98))
        return valley(
            features.deviation, max(self.min_deviation, features.floor, RELATIVE * strongest)
        )

    def _regions(
        self, moving: NDArray[np.bool_], features: MotionFeatures, threshold: float
    ) -> Labels:
        """At most k regions, numbered by size, largest first: int32 (h, w), -1 elsewhere."""
        if not moving.any():
            return np.full(moving.shape, -1, np.int32)
        least = max(self.min_area * moving.size, 1.0)
        vectors = describe(features)
        parts = superpixels(vectors, moving)
        small = SUBSTANTIAL * float(moving.sum())
        near = self.similarity
        labels = merge_similar(parts, features, vectors, near, least, small, self.k)
        labels = self._worthwhile(labels, features, threshold)
        size = np.bincount(labels[labels >= 0])
        if self.k == 1 or np.count_nonzero(size >= small) != 1:
            return self._with_wisps(labels, features)
        # One thing, and perhaps crumbs: look again, for smaller differences within it.
        alone = np.where(labels == 0, parts, -1)
        half = max(least, HALVES * float(size[0]))
        for share in SUBTLER:
            halves = merge_similar(alone, features, vectors, share * near, half, half, 2)
            if halves.max() > 0:
                labels = np.where(labels > 0, labels + halves.max(), halves).astype(np.int32)
                labels = self._worthwhile(labels, features, threshold)
                break
        return self._with_wisps(labels, features)

    def _worthwhile(self, labels: Labels, features: MotionFeatures, threshold: float) -> Labels:
        """Rounded, at most k with most motion, none small or faint; renumbered by size."""
        n = int(labels.max()) + 1
        labels = smooth_labels(labels, n, 2.5)
        power = np.where(labels >= 0, features.deviation**2, 0)
        total = np.bincount(labels.ravel() + 1, power.ravel(), n + 1)[1:]
        size = np.bincount(labels.ravel() + 1, minlength=n + 1)[1:]
        small = size < self.min_area * labels.size
        total[small | self._faint(labels, n, features, threshold)] = 0
        kept = [i for i in np.argsort(-total, kind="stable")[: self.k] if total[i] > 0]
        return by_size(np.where(np.isin(labels, kept), labels, -1))

    def _faint(
        self, labels: Labels, n: int, features: MotionFeatures, threshold: float
    ) -> NDArray[np.bool_]:
        """Which of n regions hardly move, or are a faint change of light only: bool (n,)."""
        inside = labels >= 0
        group = labels[inside]
        power = features.deviation[inside] ** 2
        total = np.bincount(group, power, n)
        mean = np.sqrt(total / np.maximum(np.bincount(group, minlength=n), 1))
        together = np.bincount(group, power * features.together[inside], n) / np.maximum(
            total, 1e-12
        )
        out: NDArray[np.bool_] = (total < FAINT * total.sum()) | (
            (together > TOGETHER) & (mean < 2 * threshold)
        )
        return out

    def _with_wisps(self, labels: Labels, features: MotionFeatures) -> Labels:
        """Textures that show up only now and then join the lasting one that they come from.

        Flames lick over a pot for a moment: nothing to look at by themselves, and where they are
        cut off from their fire the cut shows.
        """
        kinds = self._kinds(labels, features)
        natural = [i for i, kind in enumerate(kinds) if kind is Motion.NATURAL]
        power = features.deviation**2
        seldom = {
            i
            for i in natural
            if np.average(features.peaks[labels == i], weights=power[labels == i]) > SELDOM
        }
        out = labels.copy()
        reach = 2 * round(WISP_REACH * max(labels.shape)) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        for i in seldom:
            near = np.asarray(cv2.dilate((labels == i).astype(np.uint8), disc)) > 0
            met = labels[near & np.isin(labels, [j for j in natural if j not in seldom])]
            if met.size:
                out[labels == i] = np.bincount(met).argmax()
        return by_size(out)

    def _kinds(self, labels: Labels, features: MotionFeatures) -> list[Motion]:
        """Texture or thing, for each region: its mean naturalness, weighted by motion."""
        natural, power = naturalness(features), features.deviation**2
        kinds = []
        for i in range(int(labels.max()) + 1):
            inside = labels == i
            share = float(np.average(natural[inside], weights=power[inside]))
            kinds.append(Motion.NATURAL if share >= self.natural else Motion.NON_NATURAL)
        return kinds


def by_size(labels: NDArray[np.integer]) -> Labels:
    """Renumbered 0, 1, ... by size, largest first; -1 stays."""
    found, size = np.unique(labels[labels >= 0], return_counts=True)
    out = np.full(labels.shape, -1, np.int32)
    for rank, i in enumerate(found[np.argsort(-size, kind="stable")]):
        out[labels == i] = rank
    return out


def valley(deviation: NDArray[np.float32], least: float) -> float:
    """A threshold between still and moving: ``least``, or the gap above it if there is a clear one.

    Where the codec's noise reaches beyond ``least``, the histogram of the deviation falls from
    there into a gap before it rises to what really moves.
    """
    bins = np.linspace(0, np.log(2.2), 9)
    count, _ = np.histogram(np.log(np.maximum(deviation, 1e-6) / least), bins)
    lowest = int(count.argmin())
    if count[lowest] < 0.35 * count[0]:
        return least * float(np.exp((bins[lowest] + bins[lowest + 1]) / 2))
    return least


def light_only(features: MotionFeatures) -> NDArray[np.bool_]:
    """Where only the light changes (firelight on a pot, a lamp on a wall): bool (h, w).

    Brightness rises and falls together far around, local contrast stays, nothing is carried along.
    """
    out: NDArray[np.bool_] = (
        (features.structure < 0.3) & (features.together > TOGETHER) & (features.residual > 0.6)
    )
    return out


def response_grid(clip: Clip) -> tuple[int, int]:
    """(h, w) of the response: half the clip, at most GRID_SIDE; small clips keep every pixel."""
    longest = max(clip.size)
    return grid_size(clip.size, min(GRID_SIDE, max(longest // 2, min(longest, 240))))


def _name(kinds: list[Motion]) -> list[Category]:
    """ "texture 1", "object 1", ... in the order of size."""
    count = {Motion.NATURAL: 0, Motion.NON_NATURAL: 0}
    names = []
    for kind in kinds:
        count[kind] += 1
        word = "texture" if kind is Motion.NATURAL else "object"
        names.append(Category(f"{word} {count[kind]}", kind))
    return names


def _constant(
    frame: NDArray[np.uint8], categories: tuple[Category, ...], n_frames: int
) -> SemanticResponse:
    """A response that is the same in every frame, as a view along T."""
    view = np.broadcast_to(frame, (n_frames, *frame.shape))
    return SemanticResponse(probabilities=view, categories=categories, source="motion")
