"""Where a loop can show what it is made of: jumps in time and borders in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.render.fade import label_table
from cinekit.render.timemap import phase, time_map
from cinekit.types import LoopLabels

NEW_EDGE = 16.0
"""Grey levels by which a step across a border must exceed the clip's largest there to be a tear."""


def own_jump(
    source: NDArray[np.uint8], labels: LoopLabels, mask: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean |V(s) - V(s + p - 1)| over the looping pixels of a mask, and their mean step.

    source : uint8 (T, H, W), luma. Grey levels; (0, 0) without looping pixels.
    """
    table = label_table(labels.period, labels.start, labels.n_frames, 0)
    inside = mask & labels.looping
    total = int(inside.sum())
    if total == 0:
        return 0.0, 0.0
    index = table.index[inside]
    pixels = source[:, inside]  # (T, M)
    columns = np.arange(total)
    steps = np.zeros((len(source), total), np.int32)
    np.cumsum(np.abs(np.diff(pixels.astype(np.int16), axis=0)), axis=0, out=steps[1:])
    first = table.start[index]
    last = first + table.period[index] - 1
    jump = np.abs(pixels[first, columns].astype(np.int16) - pixels[last, columns])
    way = (steps[last, columns] - steps[first, columns]) / (table.period[index] - 1)
    return float(jump.mean()), float(way.mean())


def own_step(loop: NDArray[np.uint8], labels: LoopLabels) -> tuple[float, float]:
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
    def of(cls, labels: LoopLabels, mask: NDArray[np.bool_] | None = None) -> Borders:
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
        """Mean step across the borders in the loop, to the mean step of the clip there."""
        usual = float(self.gradients(source).mean())
        return float(self.gradients(loop).mean()) / max(usual, 1e-9)

    def tear(self, source: NDArray[np.uint8], labels: LoopLabels, n_frames: int) -> float:
        """Share of border length times time that shows an edge which the clip never has there.

        Taken from what the labels show, before blending: a feather hides a tear from the gradient,
        not from the eye.
        """
        limit = self.gradients(source).max(axis=0) + NEW_EDGE
        ends = [
            (end, LoopLabels(labels.period[end][None], labels.start[end][None], labels.n_frames))
            for end in (self.first, self.second)
        ]
        torn = 0
        for f in range(n_frames):
            shown = [
                source[time_map(at, n_frames, f)[0], end[0], end[1]].astype(np.int16)
                for end, at in ends
            ]
            torn += int((np.abs(shown[0] - shown[1]) > limit).sum())
        return torn / (n_frames * max(self.count, 1))
