"""Gradient-domain blending: offsets that turn jumps into the clip's own gradients ([L13], [L15]).

With B the composite of source frames and o the offsets that are added to it, minimised is

    sum over neighbours in space and time  ((o_z - o_x) - d_xz)^2  +  screening * sum o_x^2

where d is what the difference of two neighbours should change by, zero but at seams, see
:func:`cinekit.loop.poisson_kernels.add_forces`. Time is periodic, the frame's edge is free, and
pixels that stand still are held at zero: they stay what they are, bit for bit.

A seam pulls at everything around it, but what it pulls at from afar is smooth. So the offsets are
solved on cells of 4x4 pixels first. Time is not coarsened: a Fourier transform over it leaves one
plane problem per frequency (:mod:`cinekit.loop.multigrid`). The rest is fine detail close to the
seams, which a few sweeps over the pixels take away; they follow each other through the frames, so
that only a few frames of offsets exist at a time.

Jumps that are steps like any other, as in fire, are left alone (:mod:`cinekit.loop.jumps`). At the
others the offsets make the middle sizes of a texture the mean of its two sides, and a mean of two
waves that do not agree is flatter than either. There fine detail is scaled up until gradients are
nearly as strong as in the source frames (:func:`give_back`), at some hundredths of the gradient
error, which the offsets made least.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cinekit.labels import LabelMap, LabelTable
from cinekit.loop.multigrid import Level, levels_of, solve_plane
from cinekit.loop.poisson_kernels import add_forces, relax, show, spread
from cinekit.model import Clip

SCREENING = 1e-3
"""As in the published renderer: offsets fade over some 30 pixels or frames."""

CELL = 4
"""Pixels a side of the cells on which the smooth part is solved."""

SWEEPS = 3
"""Over the pixels. Two leave the gradient error 3.7 % above the exact solution's, three 1.4 %."""

OVER = 1.35
"""Of successive over-relaxation: what three sweeps leave is least there."""


REACH = 4
"""Frames on either side of a jump in which the loss can be seen."""

_DETAIL = 1 / 180
"""Share of the height, standard deviation of the Gaussian that leaves only what is no detail."""

_LEAST_DETAIL = 2.0
"""Pixels; less would sharpen noise only."""

_BOX = 1 / 18
"""Share of the height over which gradients are averaged: a wave, not a crest."""

_MOST = 1.5
"""Largest gain."""

_GIVEN_BACK = 0.9
"""Of the loss: the last tenth would cost more gradient error than it shows."""

_FLAT = 1.0
"""Grey levels: gradients that are no texture."""


@dataclass(frozen=True, eq=False)
class Seams:
    """Where the offsets are pulled at, in the box around what moves.

    top, left : the box's corner in the frame; it has a margin of one pixel where the frame has.
    table : labels of the box's pixels, (h, w). moving : bool (h, w).
    members : int32 (M, 2), moving pixels, label by label; span : int64 (L + 1,), whose they are.
    border : int32 (B, 2), moving pixels beside another label.
    opens : bool (L,), labels that jump; a loop that goes there and back closes without.
    hide : float32 (h, w) in [0, 1], how much of each pixel's jump is blended.
    """

    top: int
    left: int
    table: LabelTable
    moving: NDArray[np.bool_]
    members: NDArray[np.int32]
    span: NDArray[np.int64]
    border: NDArray[np.int32]
    opens: NDArray[np.bool_]
    hide: NDArray[np.float32]

    @classmethod
    def of(cls, labels: LabelMap, hide: NDArray[np.float32]) -> Seams:
        """Of a label map in which something moves; hide : float32 (H, W)."""
        rows, columns = np.flatnonzero(labels.looping.any(1)), np.flatnonzero(labels.looping.any(0))
        top, left = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
        box = slice(top, int(rows[-1]) + 2), slice(left, int(columns[-1]) + 2)
        table = labels.table.of(box)
        moving = np.ascontiguousarray(labels.looping[box])
        members = np.argwhere(moving).astype(np.int32)
        owner = table.index[moving]
        order = np.argsort(owner, kind="stable")
        span = np.searchsorted(owner[order], np.arange(len(table.period) + 1)).astype(np.int64)
        beside = np.zeros(labels.size, bool)
        for end in (labels.borders.first, labels.borders.second):
            beside[end] = True
        border = np.argwhere(beside[box] & moving).astype(np.int32)
        return cls(
            top, left, table, moving, members[order], span, border,
            table.start < labels.n_frames, np.ascontiguousarray(hide[box]),
        )  # fmt: skip

    def sources(self, n_frames: int, f: int) -> NDArray[np.int32]:
        """Source frame of every label in frame f of the loop: int32 (L,)."""
        return self.table.shows[self.table.at(f, n_frames)]

    def near_jumps(self, n_frames: int, f: int) -> NDArray[np.bool_]:
        """Pixels with a blended jump at most REACH frames from frame f: bool (h, w)."""
        table = self.table
        played = table.phase(f, n_frames)
        near = self.opens & ((played < REACH) | (played >= table.period - REACH))
        inside: NDArray[np.bool_] = near[table.index] & self.moving & (self.hide > 0)
        return inside

    def add_forces(
        self, clip: Clip, n_frames: int, f: int, cell: int, out: NDArray[np.float32]
    ) -> None:
        """Add the forces of frame f to out, float32 (h / cell, w / cell, 3)."""
        table = self.table
        before, now, after = (table.at(f + d, n_frames) for d in (-1, 0, 1))
        add_forces(
            clip.frames, self.top, self.left, table.index, table.period,
            table.shows[before], table.shows[now], table.shows[after],
            self.opens & (now < before), self.opens & (after < now), self.hide,
            self.members, self.span, self.border, cell, out,
        )  # fmt: skip


def cell_level(moving: NDArray[np.bool_]) -> Level:
    """The plane problem on cells of 4x4 pixels."""
    return Level.of_pixels(moving).coarser().coarser()


def cell_offsets(clip: Clip, seams: Seams, n_frames: int) -> NDArray[np.float32]:
    """The offsets on cells of 4x4 pixels: float32 (n, h / 4, w / 4, 3), grey levels."""
    levels = levels_of(cell_level(seams.moving))
    volume = np.zeros((n_frames, *levels[0].mass.shape, 3), np.float32)
    for f in range(n_frames):
        seams.add_forces(clip, n_frames, f, CELL, volume[f])
    spectrum = fft.rfft(volume, axis=0, overwrite_x=True)
    del volume  # as large again

    def solve(k: int) -> None:
        shift = SCREENING + 2 - 2 * np.cos(2 * np.pi * k / n_frames)
        solve_plane(levels, shift, spectrum[k].view(np.float32))

    with ThreadPoolExecutor() as pool:
        list(pool.map(solve, range(len(spectrum))))
    offsets: NDArray[np.float32] = fft.irfft(spectrum, n_frames, axis=0, overwrite_x=True)
    return offsets


def offset_frames(clip: Clip, seams: Seams, n_frames: int) -> Iterator[NDArray[np.float32]]:
    """The offsets of one frame of the loop after another: float32 (h, w, 3), grey levels.

    The array is used again: take what you need before the next.
    """
    cells, moving = cell_offsets(clip, seams, n_frames), seams.moving
    halves = 2 * SWEEPS
    # Frames enter at one end. Half sweep k works 2 (k + 1) frames behind, so that what it reads
    # beside it is through with half sweep k - 1, and nobody else is at work there.
    delay = 2 * halves
    ring = [np.zeros((2, *moving.shape, 3), np.float32) for _ in range(delay + 2)]

    def enter(f: int) -> None:
        offset, force = ring[f % len(ring)]
        spread(cells[f % n_frames], CELL, moving, offset)
        force[:] = 0
        seams.add_forces(clip, n_frames, f, 1, force)

    def sweep(k: int, f: int) -> None:
        earlier, (here, force), later = (ring[(f + d) % len(ring)] for d in (-1, 0, 1))
        relax(earlier[0], here, later[0], force, moving, (f + k) % 2, SCREENING, OVER)

    with ThreadPoolExecutor() as pool:
        for newest in range(-halves, n_frames + delay):
            jobs = [pool.submit(enter, newest)] if newest < n_frames + halves else []
            for k in range(halves):
                f = newest - 2 * (k + 1)
                if k - halves < f < n_frames + halves - k - 1:
                    jobs.append(pool.submit(sweep, k, f))
            for job in jobs:
                job.result()
            if newest >= delay:
                yield ring[(newest - delay) % len(ring)][0]


def poisson_frames(
    clip: Clip, labels: LabelMap, n_frames: int, hide: NDArray[np.float32]
) -> Iterator[NDArray[np.uint8]]:
    """The frames of the loop, blended in the gradient domain: each a new uint8 (H, W, 3) array.

    hide : float32 (H, W) in [0, 1], how much of each pixel's jump is blended.
    """
    rows, columns = np.indices(labels.size, sparse=True)
    backdrop = clip.frames[labels.first_frame, rows, columns]
    if not labels.looping.any():
        for _ in range(n_frames):
            yield backdrop.copy()
        return
    seams = Seams.of(labels, hide)
    for f, offset in enumerate(offset_frames(clip, seams, n_frames)):
        out = backdrop.copy()
        now = seams.sources(n_frames, f)
        offset = _contrasted(clip, seams, n_frames, f, offset)
        show(clip.frames, seams.top, seams.left, seams.table.index, seams.moving, now, offset, out)
        yield out


def _contrasted(
    clip: Clip, seams: Seams, n_frames: int, f: int, offset: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The offsets of frame f with the contrast of what they blend: float32 (h, w, 3)."""
    near = seams.near_jumps(n_frames, f)
    if not near.any():
        return offset
    height, width = near.shape
    rows, columns = np.arange(height)[:, None] + seams.top, np.arange(width) + seams.left
    now = seams.sources(n_frames, f)[seams.table.index]
    source = clip.frames[now, rows, columns].astype(np.float32)
    return give_back(source, offset, near)


def give_back(
    source: NDArray[np.float32], offset: NDArray[np.float32], where: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Offsets with the contrast of the source: float32 (h, w, 3), grey levels.

    source : float32 (h, w, 3), the frame of the loop before blending, in [0, 255].
    offset : float32 (h, w, 3). where : bool (h, w), pixels near a jump, the only ones that change.
    """
    if not where.any():
        return offset
    height = where.shape[0]
    sigma, box = max(height * _DETAIL, _LEAST_DETAIL), max(7, round(height * _BOX) | 1)
    shown = source + offset
    weight = where.astype(np.float32)
    wanted, found = (_mean_gradient(frame, weight, box) for frame in (source, shown))
    gain = np.clip((wanted + _FLAT) / (found + _FLAT), 1, _MOST)
    gain = (gain - 1) * np.float32(_GIVEN_BACK) * weight
    detail = shown - cv2.GaussianBlur(shown, (0, 0), sigma)
    out: NDArray[np.float32] = offset + gain[..., None] * detail
    return out


def _mean_gradient(
    frame: NDArray[np.float32], weight: NDArray[np.float32], box: int
) -> NDArray[np.float32]:
    """|dx| + |dy| of the luma, summed over a box around each pixel: float32 (h, w)."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    steps = (np.abs(cv2.Sobel(grey, cv2.CV_32F, *way, ksize=1)) for way in ((1, 0), (0, 1)))
    mean: NDArray[np.float32] = np.asarray(cv2.blur(sum(steps) * weight, (box, box)), np.float32)
    return mean
