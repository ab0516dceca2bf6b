"""A label map: per pixel a period and a start frame, and everything that is read off it.

A pixel with label ``l_x = (p_x, s_x)`` shows in frame f of a loop of n frames the index

    phi_x(f) = s_x + ((round(f * k_x p_x / n) - s_x) mod p_x),        k_x = cycles(p_x, n)

([O] section 3; for n a multiple of every period this is its time map). A period that fits the loop
no whole number of times is stretched: k cycles of n / k frames each, played at the speed k p / n.
Source frames are rounded, not interpolated: a mix of two frames of water is a blurred frame.

What is read off a map is made once, when asked, and kept with it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.text import Brief

STILL = 1
"""The period of a pixel that does not move ([O] section 3: ``p = 1`` is a still pixel)."""

Pixels = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of N pixels, (N,) each."""


def cycles(period: int, n_frames: int) -> int:
    """Whole cycles of a period in n frames: n / p rounded to where the speed changes less.

    >>> cycles(32, 64), cycles(60, 64), cycles(50, 64), cycles(90, 64)
    (2, 1, 1, 1)
    """
    below = n_frames // period
    if below == 0:
        return 1
    # Speed is a ratio: k and k + 1 are equally far from n / p at their geometric mean.
    ratio = n_frames / period
    return below if ratio * ratio <= below * (below + 1) else below + 1


def speed(period: int, n_frames: int) -> float:
    """Source frames per loop frame of a period in a loop of n frames; 1 is the clip's own."""
    return cycles(period, n_frames) * period / n_frames


def covering(own: tuple[int, ...], size: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
    """What selects, from a grid of one size, for each pixel of another the one that covers it."""
    return np.ix_(*(np.arange(n) * there // n for n, there in zip(size, own, strict=True)))


def neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """What selects the first and the second ends of all neighbours along an axis of an array."""
    before = (slice(None),) * axis
    return (*before, slice(None, -1)), (*before, slice(1, None))


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The L distinct labels of some pixels, ordered by (p, s).

    index : int32 (H, W), or (N,) for a list of pixels; which label each of them has.
    period, start : int64 (L,), frames.
    shows : int32 (T + E,), see :attr:`LabelMap.shows`.
    """

    index: NDArray[np.int32]
    period: NDArray[np.int64]
    start: NDArray[np.int64]
    shows: NDArray[np.int32]

    def of(self, pixels: Any) -> LabelTable:
        """The table of other pixels: whatever selects from the index (mask, slices, lists)."""
        return dataclasses.replace(self, index=np.ascontiguousarray(self.index[pixels]))

    def phase(self, f: int, n_frames: int) -> NDArray[np.int64]:
        """``phi(f) - s`` of every label in frame f of a loop of n, any f: int64 (L,) in [0, p)."""
        if n_frames < 1:
            raise RenderError(f"expected a loop of at least 1 frame, received {n_frames}")
        periods, where = np.unique(self.period, return_inverse=True)
        turns = np.array([cycles(int(p), n_frames) for p in periods], np.int64)
        played = (2 * f * turns * periods + n_frames) // (2 * n_frames)  # rounded, exact
        phase: NDArray[np.int64] = np.mod(played[where] - self.start, self.period)
        return phase

    def at(self, f: int, n_frames: int) -> NDArray[np.int64]:
        """``phi(f)`` of every label: int64 (L,), indices of ``shows``."""
        return self.start + self.phase(f, n_frames)

    def frame_at(self, f: int, n_frames: int) -> NDArray[np.int32]:
        """The frame of the clip that every pixel shows, int32 in the shape of the index."""
        frame: NDArray[np.int32] = self.shows[self.at(f, n_frames)][self.index]
        return frame


@dataclass(frozen=True, eq=False)
class Borders:
    """N pairs of neighbouring pixels with different labels.

    Those of a pixel and the one below it first, then those of a pixel and the one to its right,
    each in reading order.
    """

    first: Pixels
    second: Pixels

    def __len__(self) -> int:
        return len(self.first[0])

    def inside(self, mask: NDArray[np.bool_]) -> Borders:
        """Those with both ends inside a mask, bool (H, W)."""
        return self._of(mask[self.first] & mask[self.second])

    def between(self, one: NDArray[np.bool_], two: NDArray[np.bool_]) -> Borders:
        """Those with an end in each of two masks, the end in the first mask first."""
        ahead = self._of(one[self.first] & two[self.second])
        back = self._of(two[self.first] & one[self.second])
        return Borders(_joined(ahead.first, back.second), _joined(ahead.second, back.first))

    def _of(self, kept: NDArray[np.bool_]) -> Borders:
        (y, x), (v, u) = self.first, self.second
        return Borders((y[kept], x[kept]), (v[kept], u[kept]))


def _joined(one: Pixels, two: Pixels) -> Pixels:
    return np.concatenate([one[0], two[0]]), np.concatenate([one[1], two[1]])


@dataclass(frozen=True, eq=False)
class Patches:
    """The P 4-connected patches of equal labels.

    number : int32 (H, W), which patch each pixel is of. period, start : int32 (P,), its label.
    """

    number: NDArray[np.int32]
    period: NDArray[np.int32]
    start: NDArray[np.int32]


@dataclass(frozen=True, eq=False, repr=False)
class LabelMap(Brief):
    """The solution: per pixel a period and a start frame, ``l_x = (p_x, s_x)`` ([O] section 3).

    period : int16 (H, W) in frames; 1 is a still pixel.
    start : int16 (H, W), an index of ``shows``; ``0 <= s`` and ``s + p <= len(shows)`` (a still
        pixel shows frame s).
    n_frames : T of the clip that the labels index.
    unrolled : int16 (E,), frames of the clip that the indices T, T + 1, ... show. Empty, unless a
        thing goes there and back: its loop is written out here, so that it is a label like any
        other (:meth:`there_and_back`).
    """

    period: NDArray[np.int16]
    start: NDArray[np.int16]
    n_frames: int
    unrolled: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))

    def __post_init__(self) -> None:
        if self.period.shape != self.start.shape or self.period.ndim != 2 or not self.period.size:
            raise ValueError(
                "expected period and start of one (H, W) shape of at least one pixel, "
                f"received {self.period.shape} and {self.start.shape}"
            )
        if self.period.min() < 1 or self.start.min() < 0:
            raise ValueError(
                "expected periods >= 1 and starts >= 0, received minima "
                f"{self.period.min()} and {self.start.min()}"
            )
        last = int((self.start.astype(np.int32) + self.period).max())
        if last > self.n_frames + len(self.unrolled):
            raise ValueError(
                f"expected s + p <= {self.n_frames + len(self.unrolled)} frames at every pixel, "
                f"received {last}"
            )
        if ((self.unrolled < 0) | (self.unrolled >= self.n_frames)).any():
            raise ValueError(
                f"expected unrolled frames of a clip of {self.n_frames}, received "
                f"{self.unrolled.min()} to {self.unrolled.max()}"
            )

    @classmethod
    def still(cls, size: tuple[int, int], frame: int, n_frames: int) -> LabelMap:
        """A map of (H, W) in which everything shows one frame of a clip of n_frames."""
        return cls(np.full(size, STILL, np.int16), np.full(size, frame, np.int16), n_frames)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return int(self.period.shape[0]), int(self.period.shape[1])

    @cached_property
    def shows(self) -> NDArray[np.int32]:
        """Frame of the clip that each index shows: int32 (T + E,)."""
        return np.concatenate(
            [np.arange(self.n_frames, dtype=np.int32), self.unrolled.astype(np.int32)]
        )

    @cached_property
    def looping(self) -> NDArray[np.bool_]:
        """bool (H, W): pixels that are labelled as moving."""
        looping: NDArray[np.bool_] = self.period > STILL
        return looping

    @property
    def returns(self) -> NDArray[np.bool_]:
        """bool (H, W): pixels whose loop goes there and back."""
        returns: NDArray[np.bool_] = self.looping & (self.start >= self.n_frames)
        return returns

    @property
    def first_frame(self) -> NDArray[np.int32]:
        """The frame of the clip from which each pixel's loop departs: int32 (H, W)."""
        return self.shows[self.start]

    @cached_property
    def table(self) -> LabelTable:
        """The distinct labels."""
        key = self.period.astype(np.int64) * 65536 + self.start
        found, where = np.unique(key, return_inverse=True)
        index = where.reshape(self.size).astype(np.int32)
        return LabelTable(index, found // 65536, found % 65536, self.shows)

    def frame_at(self, f: int, n_frames: int) -> NDArray[np.int32]:
        """Source frame of every pixel in frame f of a loop of n frames: int32 (H, W).

        Any integer f: ``frame_at(f + n, n) == frame_at(f, n)``, and for a loop of p frames a pixel
        of period p repeats with f + p.

        Raises
        ------
        RenderError
            When n_frames is below 1.
        """
        return self.table.frame_at(f, n_frames)

    @cached_property
    def edges(self) -> Borders:
        """Where two labels meet, two still ones too."""
        label = self.table.index
        (y, x), (v, u) = (
            np.nonzero(label[1:] != label[:-1]),
            np.nonzero(label[:, 1:] != label[:, :-1]),
        )
        return Borders(_joined((y, x), (v, u)), _joined((y + 1, x), (v, u + 1)))

    @cached_property
    def borders(self) -> Borders:
        """Where two labels meet of which at least one loops: what a loop can show."""
        edges = self.edges
        return edges._of(self.looping[edges.first] | self.looping[edges.second])

    @cached_property
    def patches(self) -> Patches:
        """Connected patches of equal labels."""
        from scipy.sparse import coo_array  # heavy, and models are imported by everything
        from scipy.sparse.csgraph import connected_components

        label = self.table.index
        pixel = np.arange(label.size, dtype=np.int32).reshape(label.shape)
        right, down = label[:, 1:] == label[:, :-1], label[1:] == label[:-1]
        one = np.concatenate([pixel[:, :-1][right], pixel[:-1][down]])
        two = np.concatenate([pixel[:, 1:][right], pixel[1:][down]])
        graph = coo_array((np.ones(len(one), np.int8), (one, two)), shape=(label.size, label.size))
        count, number = connected_components(graph, directed=False)
        member = np.zeros(count, np.int64)
        member[number[::-1]] = pixel.ravel()[::-1]
        return Patches(
            number.reshape(label.shape).astype(np.int32),
            self.period.ravel()[member].astype(np.int32),
            self.start.ravel()[member].astype(np.int32),
        )

    def at_size(self, size: tuple[int, int]) -> LabelMap:
        """The same on another grid (H, W): each pixel has the label of the one that covers it."""
        at = covering(self.size, size)
        return dataclasses.replace(self, period=self.period[at], start=self.start[at])

    def where(
        self, pixels: NDArray[np.bool_], period: NDArray[Any] | int, start: NDArray[Any] | int
    ) -> LabelMap:
        """The same with another label at some pixels.

        pixels : bool (H, W). period, start : one for all, or (H, W) each.
        """
        return dataclasses.replace(
            self,
            period=np.where(pixels, period, self.period).astype(np.int16),
            start=np.where(pixels, start, self.start).astype(np.int16),
        )

    def there_and_back(self, pixels: NDArray[np.bool_], first: int, last: int) -> LabelMap:
        """The same with some pixels looping over the frames first, ..., last, ..., first + 1.

        Their label is ``(2 (last - first), i + 1)``, i being the first new index of ``shows``. One
        more frame at either end is what the loop shows before and after, so that its jump costs
        nothing ([O] Eq. 2).

        pixels : bool (H, W).
        """
        forth, back = np.arange(first, last + 1), np.arange(last - 1, first, -1)
        new = np.concatenate([[first + 1], forth, back, [first]]).astype(np.int16)
        longer = dataclasses.replace(self, unrolled=np.concatenate([self.unrolled, new]))
        return longer.where(pixels, 2 * (last - first), len(self.shows) + 1)
