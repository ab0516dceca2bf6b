"""Where a loop can show what it is made of: jumps in time and borders in space."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.loop.fade import label_table
from cinekit.loop.timemap import phase
from cinekit.model import LabelMap

_SAMPLES = 12
"""Steps of the clip that are looked at."""

UNSEEN = 2.0
"""Grey levels from one pixel to the next that nobody sees."""

DIFFERENT = 40.0
"""Grey levels between two things that nobody takes for the same."""


def own_jump(
    source: NDArray[np.uint8], labels: LabelMap, mask: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean |V(s) - V(s + p - 1)| over the looping pixels of a mask, and their mean step.

    source : uint8 (T, H, W), luma. Grey levels; (0, 0) without looping pixels.
    """
    table = label_table(labels.period, labels.start, labels.n_frames, 0)
    inside = mask & labels.looping
    if not inside.any():
        return 0.0, 0.0
    index = table.index[inside]
    first = table.start[index]
    last = first + table.period[index] - 1
    shows, pixels = labels.shows, np.nonzero(inside)
    jump = np.abs(source[shows[first], *pixels].astype(np.int16) - source[shows[last], *pixels])
    way = np.zeros(len(index), np.int32)
    before = source[shows[0]][inside].astype(np.int16)
    for f, shown in enumerate(shows[1:], start=1):  # all frames of all pixels would be 4 clips
        now = source[shown][inside].astype(np.int16)
        way += np.where((first < f) & (f <= last), np.abs(now - before), np.int16(0))
        before = now
    return float(jump.mean()), float((way / (table.period[index] - 1)).mean())


def own_step(loop: NDArray[np.uint8], labels: LabelMap) -> tuple[float, float]:
    """What the rendered loop shows where a pixel jumps, and its mean step, both in grey levels.

    The mean over all looping pixels and all of their jumps of |L(f) - L(f - 1)|, f being the frame
    in which the pixel is back at its start.
    """
    table = label_table(labels.period, labels.start, labels.n_frames, 0)
    looping = labels.looping
    index = table.index[looping]
    n = len(loop)
    shown = steps = 0.0
    jumps = 0
    before = phase(table.period, table.start, n, -1)
    for f in range(n):
        now = phase(table.period, table.start, n, f)
        step = np.abs(loop[f][looping].astype(np.int16) - loop[f - 1][looping])
        wrapped = (now < before)[index]
        shown += float(step[wrapped].sum())
        jumps += int(wrapped.sum())
        steps += float(step.sum())
        before = now
    if jumps == 0:
        return 0.0, 0.0
    return shown / jumps, steps / (n * len(index))


@dataclass(frozen=True, eq=False)
class Borders:
    """Pairs of neighbouring pixels with different labels, at least one of them looping.

    first, second : (rows, columns) of the two pixels of each pair, intp (N,) each.
    """

    first: tuple[NDArray[np.intp], NDArray[np.intp]]
    second: tuple[NDArray[np.intp], NDArray[np.intp]]

    @classmethod
    def of(cls, labels: LabelMap, mask: NDArray[np.bool_] | None = None) -> Borders:
        """All borders of a label map, or those with both ends inside a mask."""
        p, s, loops = labels.period, labels.start, labels.looping
        inside = np.ones(labels.size, bool) if mask is None else mask
        ends: list[list[NDArray[np.intp]]] = [[], [], [], []]
        for dy, dx in ((1, 0), (0, 1)):
            height, width = labels.size
            a = slice(0, height - dy), slice(0, width - dx)
            b = slice(dy, height), slice(dx, width)
            differs = ((p[a] != p[b]) | (s[a] != s[b])) & (loops[a] | loops[b])
            rows, columns = np.nonzero(differs & inside[a] & inside[b])
            for end, values in zip(ends, (rows, columns, rows + dy, columns + dx), strict=True):
                end.append(values)
        y, x, v, u = (np.concatenate(parts) for parts in ends)
        return cls((y, x), (v, u))

    @property
    def count(self) -> int:
        """N."""
        return len(self.first[0])

    def gradients(self, grey: NDArray[np.uint8]) -> NDArray[np.int16]:
        """|step| across every border in every frame: int16 (n, N), grey levels."""
        one = grey[:, self.first[0], self.first[1]].astype(np.int16)
        steps: NDArray[np.int16] = np.abs(one - grey[:, self.second[0], self.second[1]])
        return steps

    def gradient_ratio(self, source: NDArray[np.uint8], loop: NDArray[np.uint8]) -> float:
        """Mean step across the borders in the loop, to the mean step of the clip there.

        Both plus what nobody sees: on a dark wall twice a grey level is still nothing.
        """
        usual = float(self.gradients(source).mean())
        return (float(self.gradients(loop).mean()) + UNSEEN) / (usual + UNSEEN)

    def torn(self, source: NDArray[np.uint8], labels: LabelMap, n_frames: int) -> NDArray[np.bool_]:
        """Borders whose two sides at some moment show different things: bool (N,).

        Both labels of a border are followed at both of its pixels, as in PsiV ([O] Eq. 4), but the
        worst moment counts, not the mean, and before blending: a feather hides a tear from the
        gradient, not from the eye.
        """
        first = Timeline(labels, self.first, n_frames)
        second = Timeline(labels, self.second, n_frames)
        torn = np.zeros(self.count, bool)
        for f in range(n_frames):
            one_shows, two_shows = first.at(f), second.at(f)
            gap = np.zeros(self.count, np.int32)
            for rows, columns in (self.first, self.second):
                one = source[one_shows, rows, columns].astype(np.int32)
                gap += np.abs(one - source[two_shows, rows, columns])
            torn |= gap > 2 * DIFFERENT
        return torn


class Timeline:
    """:func:`cinekit.loop.time_map` for a list of pixels, many frames of one loop.

    pixels : selects M pixels of the labels: bool (H, W), or rows and columns.
    """

    def __init__(
        self,
        labels: LabelMap,
        pixels: NDArray[np.bool_] | tuple[NDArray[np.intp], NDArray[np.intp]],
        n_frames: int,
    ) -> None:
        self.table = label_table(labels.period[pixels], labels.start[pixels], labels.n_frames, 0)
        self.shows = labels.shows
        self.n_frames = n_frames

    def at(self, f: int) -> NDArray[np.int64]:
        """Source frame of every pixel in frame f: int64 (M,)."""
        table = self.table
        shown = table.start + phase(table.period, table.start, self.n_frames, f)
        source: NDArray[np.int64] = self.shows[shown][table.index]
        return source


def pops(source: NDArray[np.uint8], labels: LabelMap, mask: NDArray[np.bool_]) -> float:
    """Share of the looping pixels of a mask around which a whole patch changes at the jump.

    The signed jump V(s) - V(s + p - 1) is averaged over a box of 1/36 of the height (15 pixels of
    540): the jump of a texture averages out, that of a thing which is suddenly elsewhere does not.
    See :func:`usual_pops` for what a clip does by itself.

    source : uint8 (T, H, W), luma.
    """
    inside = mask & labels.looping
    if not inside.any():
        return 0.0
    height, width = labels.size
    rows, columns = np.indices((height, width), sparse=True)
    first = labels.start.astype(np.intp)
    shows = labels.shows
    jump = source[shows[first], rows, columns].astype(np.float32)
    jump -= source[shows[first + labels.period - 1], rows, columns]
    jump[labels.returns] = 0  # a step of the clip itself, however large
    return _changed_patches(jump, inside)


def usual_pops(source: NDArray[np.uint8], labels: LabelMap) -> float:
    """The same share for ordinary steps of the clip, on average: fire is elsewhere in every frame.

    source : uint8 (T, H, W), luma.
    """
    looping = labels.looping
    if not looping.any() or len(source) < 2:
        return 0.0
    at = np.unique(np.linspace(0, len(source) - 2, _SAMPLES).round().astype(int))
    steps = (source[t + 1].astype(np.float32) - source[t] for t in at)
    return float(np.mean([_changed_patches(step, looping) for step in steps]))


def _changed_patches(change: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    side = max(3, round(change.shape[0] / 36) | 1)
    patch = np.abs(cv2.blur(change, (side, side)))
    return float((patch[inside] > DIFFERENT).mean())
