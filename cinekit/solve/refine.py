"""Borders solved again at the resolution of the clip, in a band around them ([L15], masked cut).

Labels that come up from the working resolution end in stairs. In a band of a few pixels around
every label border each pixel may take any label that is present within the band's width, at the
exact cost of the full-resolution clip: expansion moves, one label after the other, with everything
outside the band held fixed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.errors import SolverError
from cinekit.labels import STILL, LabelMap
from cinekit.model import Clip, EnergyTerms
from cinekit.solve.band_moves import capacities, energy_of, gather
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.grid_cut import MinimumCut, grid_cut

_SWEEPS = 3
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Refined:
    """What the re-solve did.

    before, after : energy of the band (its pixels, and the edges that touch it).
    band : share of the frame that the band covers, in [0, 1].
    moves : expansion moves that were accepted. truncated : terms made submodular.
    """

    labels: LabelMap
    before: EnergyTerms
    after: EnergyTerms
    band: float
    moves: int
    truncated: int


def label_band(index: NDArray[np.int32], width: int) -> NDArray[np.bool_]:
    """bool (H, W): pixels at most ``width`` rows and columns from a pixel of another label."""
    border = np.zeros(index.shape, np.uint8)
    down, right = index[1:] != index[:-1], index[:, 1:] != index[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    return _grow(border, width - 1) > 0


def _grow(mask: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    if by < 1:
        return mask
    return np.asarray(cv2.dilate(mask, np.ones((2 * by + 1, 2 * by + 1), np.uint8)), np.uint8)


@dataclass(frozen=True, eq=False)
class _Move:
    """A label, the box it may reach, and the pixels of the box that may take it."""

    label: int
    box: tuple[int, int, int, int]
    allowed: NDArray[np.bool_]

    def meets(self, other: _Move) -> bool:
        """Whether the boxes touch or overlap."""
        a, b = self.box, other.box
        return a[0] <= b[1] and b[0] <= a[1] and a[2] <= b[3] and b[2] <= a[3]


def _moves(index: NDArray[np.int32], band: NDArray[np.bool_], width: int) -> list[_Move]:
    """Largest label first."""
    height, full = index.shape
    found = []
    for label, where in enumerate(ndimage.find_objects(index + 1)):
        if where is None:
            continue
        rows, columns = where
        top, bottom = max(rows.start - width, 0), min(rows.stop + width, height)
        left, right = max(columns.start - width, 0), min(columns.stop + width, full)
        present = (index[top:bottom, left:right] == label).astype(np.uint8)
        allowed = (_grow(present, width) > 0) & band[top:bottom, left:right]
        if allowed.any():
            found.append((-int(present.sum()), _Move(label, (top, bottom, left, right), allowed)))
    return [move for _, move in sorted(found, key=lambda item: (item[0], item[1].label))]


class _Band:
    """The pixels whose labels are in play, and their signals."""

    def __init__(
        self, clip: Clip, labels: LabelMap, costs: BorderCosts, index: NDArray[np.int32],
        active: NDArray[np.bool_], period: NDArray[np.int64], start: NDArray[np.int64],
    ) -> None:  # fmt: skip
        # Psi is taken at both ends of an edge, so the ring around the band is needed as well.
        needed = _grow(active.astype(np.uint8), 1) > 0
        rows, columns = np.nonzero(needed)
        self.row = np.full(labels.size, -1, np.int32)
        self.row[needed] = np.arange(len(rows), dtype=np.int32)
        self.signals = np.empty((len(rows), len(labels.shows), 3), np.uint8)
        gather(clip.frames, labels.shows, rows, columns, self.signals)
        self.sums = np.zeros((2, len(labels.shows), 3), np.int64)
        self.n_frames = clip.n_frames
        self.costs, self.index, self.active = costs.arrays(), index, active
        self.period, self.start = period, start

    def energy(self, active: NDArray[np.bool_], box: tuple[int, int, int, int]) -> float:
        """Unary and pair cost of what touches the active pixels, all inside the box."""
        return sum(self.terms(active, box))

    def terms(
        self, active: NDArray[np.bool_], box: tuple[int, int, int, int]
    ) -> tuple[float, float]:
        """The two parts of :meth:`energy`."""
        unary, pair = energy_of(
            self.index, active, box, self.period, self.start, self.row, self.signals, self.n_frames,
            self.costs, self.sums,
        )  # fmt: skip
        return float(unary), float(pair)

    def expand(self, move: _Move, cut: MinimumCut) -> tuple[bool, int]:
        """Try one move; True when the energy fell. Also the number of truncated terms."""
        top, bottom, left, right = move.box
        h, w = bottom - top, right - left
        terminal = np.zeros((h, w), np.float32)
        edges = tuple(
            np.zeros(shape, np.float32)
            for shape in ((h - 1, w), (h - 1, w), (h, w - 1), (h, w - 1))
        )
        truncated = capacities(
            move.label, move.box, move.allowed, self.index, self.period, self.start, self.row,
            self.signals, self.n_frames, self.costs, self.sums, terminal, edges,
        )  # fmt: skip
        taken, _ = cut(terminal, *edges)
        taken = taken & move.allowed & (self.index[top:bottom, left:right] != move.label)
        if not taken.any():
            return False, truncated
        here = self.index[top:bottom, left:right]
        kept = here.copy()
        changed = np.zeros(self.index.shape, bool)
        changed[top:bottom, left:right] = taken
        energy = self.energy(changed, move.box)
        here[taken] = move.label
        # Truncated terms may promise a fall that does not come.
        if self.energy(changed, move.box) >= energy - _TINY:
            here[...] = kept
            return False, truncated
        return True, truncated


def _sweep(state: _Band, moves: list[_Move], cut: MinimumCut) -> tuple[int, int]:
    """All moves in turn, several times: how many were accepted, and how many terms truncated.

    A move is tried again only when another one has changed a label inside its reach since.
    """
    changed: list[_Move] = []
    tried = [0] * len(moves)
    truncated = 0
    for sweep in range(_SWEEPS):
        for number, move in enumerate(moves):
            news = changed[tried[number] :]
            if sweep and not any(move.meets(other) for other in news if other is not move):
                continue
            fell, count = state.expand(move, cut)
            truncated += count
            if fell:
                changed.append(move)
            tried[number] = len(changed)
    return len(changed), truncated


def refine_borders(
    clip: Clip, labels: LabelMap, costs: BorderCosts, band: int = 6, cut: MinimumCut = grid_cut
) -> Refined:
    """Solve the label borders again at the resolution of the clip.

    Every pixel at most ``band`` pixels from a border may take any label present at most ``band``
    pixels from it. The energy never rises: a move is kept only when it falls.

    Parameters
    ----------
    labels : at the resolution of the clip.
    band : half width, pixels; 0 returns the labels as they are.
    cut : the minimum cut to use.

    Raises
    ------
    SolverError
        When shapes do not fit together.
    """
    if labels.size != clip.size or labels.n_frames != clip.n_frames:
        raise SolverError(
            f"expected labels of {clip.size} for {clip.n_frames} frames, received {labels.size} "
            f"for {labels.n_frames}; bring them to the resolution of the clip first"
        )
    if costs.temporal.shape != clip.size:
        raise SolverError(f"expected costs of {clip.size}, received {costs.temporal.shape}")
    table = labels.table
    index = table.index.copy()  # moves change it
    active = label_band(index, band) if band > 0 else np.zeros(labels.size, bool)
    if not active.any():
        nothing = EnergyTerms(0.0, 0.0, 0.0)
        return Refined(labels, nothing, nothing, 0.0, 0, 0)
    state = _Band(clip, labels, costs, index, active, table.period, table.start)
    before = _terms(state)
    accepted, truncated = _sweep(state, _moves(index, active, band), cut)
    after = _terms(state)
    refined = dataclasses.replace(
        labels,
        period=table.period[index].astype(np.int16),
        start=table.start[index].astype(np.int16),
    )
    return Refined(refined, before, after, float(active.mean()), accepted, truncated)


def _terms(state: _Band) -> EnergyTerms:
    """The band's energy; the label term is told apart by leaving the temporal weights out."""
    height, width = state.index.shape
    unary, pair = state.terms(state.active, (0, height, 0, width))
    moves = state.period[state.index] > STILL
    still, moving = state.costs[1], state.costs[2]
    label = float(np.where(moves, moving, still)[state.active].sum(dtype=np.float64))
    return EnergyTerms(temporal=unary - label, label=label, spatial=pair)
