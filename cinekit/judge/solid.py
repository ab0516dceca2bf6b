"""Solid things that move: what may not be torn, whatever its region is called.

A hand, a wheel, a petal is the same thing a moment later, elsewhere: optical flow ([K16]) finds it,
and warped by the flow the later frame equals the earlier one. Foam and glitter have changed by
then. So a place is solid when flow u from t to t + g explains most of what changes there,

    blur |V(t + g, x + u(x)) - V(t, x)|  <  UNEXPLAINED_SHARE * blur |V(t + g, x) - V(t, x)|,

at some moments of the clip. All of it is measured on a small picture, once a clip.

[K16] Kroeger, Timofte, Dai, Van Gool. Fast Optical Flow using Dense Inverse Search. ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.eye import CHANCE, UNLIKE
from cinekit.labels import LabelMap, Pixels
from cinekit.see.parts import drop_small
from cinekit.view import ClipView

SMALL_SIDE = 180
"""Pixels of the shorter side of the small picture: a hand is still a hand, and flow is cheap."""

PAIRS = 24
"""Pairs of frames that are looked at for each gap, evenly over the clip."""

GAPS_SECONDS = (0.0, 0.1)
"""Between the two frames of a pair, at least a frame: slow petals need the longer, quick hands the
shorter."""

NOISE_LEVEL = 5.0
"""Grey levels: less change than this is noise, or seen by nobody."""

UNEXPLAINED_SHARE = 0.4
"""Share of the change that flow may leave: 0.2 to 0.4 in things, 0.7 to 1 in glittering waves."""

LEAST_FLOW = 0.4
"""Small pixels: what moves less is a change of light."""

LEAST_PAIRS = 3
"""Pairs that must agree: one or two may be chance."""

EXPLAINED_PAIRS = 0.1
"""Share of the pairs with a change that flow must explain: 0.2 to 1 in things, 0.04 to 0.07 by
chance in streams and boiling texture."""

FLOW_MARGIN = 3
"""Small pixels by which the map is widened: a box of flow ends short of its edge."""

PART_DISTANCE = 12
"""Small pixels: what changes so near to a solid thing is a part of it, though seldom seen."""

CUT_DISTANCE = 0.02
"""Share of the frame's shorter side: so near to a solid thing a cut is one of it."""

BORDER_LEVEL = 15
"""The same at the border itself: a patch also holds what lies beside a border that cuts nothing."""


@dataclass(frozen=True, eq=False)
class SolidThings:
    """Where solid things move in a clip, and its patches.

    frames : uint8 (T, H, W, 3), those of the clip.
    mask : bool (H, W), pixels that one moves over at some time.
    patches : uint8 (T, h, w, 3), the clip averaged over boxes of 1/60 of its height: what is finer
        is texture.
    """

    frames: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    patches: NDArray[np.uint8]

    @cached_property
    def near(self) -> NDArray[np.bool_]:
        """bool (H, W): the mask and what is near it; a comb is thrown up faster than flow sees."""
        reach = round(CUT_DISTANCE * min(self.mask.shape)) * 2 + 1
        near = cv2.dilate(self.mask.astype(np.uint8), np.ones((reach, reach), np.uint8))
        return np.asarray(near) > 0

    def torn(self, labels: LabelMap, n_frames: int) -> float:
        """Length of the cuts through solid things at the worst moment, in frame heights.

        As :func:`cinekit.judge.seams.torn`, for patches and colours. One moment at a time, because
        a single cut is seen, while many small ones at different times may not be.
        """
        borders = labels.borders.inside(self.near)
        ends = (borders.first, borders.second)
        patches = [self._at(end, labels.size) for end in ends]  # (T, N, 3) each
        first, second = (labels.table.of(end) for end in ends)
        every = np.arange(len(borders))
        worst = 0
        for f in range(n_frames):
            one, two = first.frame_at(f, n_frames), second.frame_at(f, n_frames)
            coarse = _sum(_gap(patch[one, every], patch[two, every]) for patch in patches)
            (k,) = np.nonzero(coarse > 2 * UNLIKE)
            fine = _sum(
                _gap(self.frames[one[k], y[k], x[k]], self.frames[two[k], y[k], x[k]])
                for y, x in ends
            )
            worst = max(worst, int((fine > 2 * BORDER_LEVEL).sum()))
        return worst / labels.size[0]

    def _at(self, pixels: Pixels, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The patches about N pixels of the clip, in every frame: uint8 (T, N, 3)."""
        h, w = self.patches.shape[1:3]
        return self.patches[:, pixels[0] * h // size[0], pixels[1] * w // size[1]]


def solid_things(view: ClipView) -> SolidThings:
    """Those of a clip; asked for with ``clip.view.once(solid_things)``."""
    height, width = view.size
    scale = min(1.0, SMALL_SIDE / min(height, width))
    frames = view.small((max(16, round(height * scale)), max(16, round(width * scale))))
    grey = ClipView(frames, view.fps).luma
    solid = _solid(grey, sorted({max(1, round(seconds * view.fps)) for seconds in GAPS_SECONDS}))
    patches = np.stack([cv2.blur(frame, (3, 3)) for frame in frames])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * FLOW_MARGIN + 1, 2 * FLOW_MARGIN + 1))
    solid = drop_small(solid, CHANCE)
    solid = cv2.dilate(solid.astype(np.uint8), disc) > 0
    luma = ClipView(patches, view.fps).luma
    mean = luma.mean(axis=0)
    changes = np.maximum(luma.max(axis=0) - mean, mean - luma.min(axis=0)) > UNLIKE
    near = ndimage.binary_dilation(solid, iterations=PART_DISTANCE, mask=solid | changes)
    wide = cv2.dilate((near & ~solid).astype(np.uint8), disc) | solid.astype(np.uint8)
    grown = cv2.resize(wide, (width, height), interpolation=cv2.INTER_NEAREST)
    return SolidThings(view.frames, np.asarray(grown) > 0, patches)


def _sum(gaps: Iterable[NDArray[np.int16]]) -> NDArray[np.int16]:
    total: NDArray[np.int16] = np.add.reduce(list(gaps))
    return total


def _gap(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Largest difference over the colours: (N, 3) to int16 (N,)."""
    gap: NDArray[np.int16] = np.abs(one.astype(np.int16) - two).max(axis=-1)
    return gap


def _solid(grey: NDArray[np.uint8], gaps: Iterable[int]) -> NDArray[np.bool_]:
    """Where flow explains the change in enough of the pairs of frames, (T, h, w): bool (h, w)."""
    count, height, width = grey.shape
    seen, changes = np.zeros((2, height, width), np.int32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for gap in gaps:
        if count <= gap:
            continue
        for t in np.unique(np.linspace(0, count - 1 - gap, PAIRS).round().astype(int)):
            one, two = grey[t], grey[t + gap]
            found = flow.calc(one, two, np.zeros((height, width, 2), np.float32))
            changed, explained = _explained(one, two, np.asarray(found, np.float32))
            changes += changed
            seen += explained
    solid: NDArray[np.bool_] = seen >= np.maximum(LEAST_PAIRS, EXPLAINED_PAIRS * changes)
    return solid


def _explained(
    one: NDArray[np.uint8], two: NDArray[np.uint8], flow: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where two pictures differ, and where flow explains it; bool (h, w) each.

    flow : (h, w, 2), in pixels (x, y), from the first to the second.
    """
    height, width = one.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    back = cv2.remap(
        two, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    side = max(3, round(min(height, width) / 36) | 1)
    change = cv2.blur(cv2.absdiff(one, two).astype(np.float32), (side, side))
    left = cv2.blur(cv2.absdiff(one, np.asarray(back, np.uint8)).astype(np.float32), (side, side))
    moves = np.hypot(flow[..., 0], flow[..., 1]) > LEAST_FLOW
    changed = change > NOISE_LEVEL
    return changed, changed & (left < UNEXPLAINED_SHARE * change) & moves
