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

from cinekit.energy.area import Area
from cinekit.errors import SolverError
from cinekit.labels import STILL, LabelMap
from cinekit.model import Clip, EnergyTerms
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.border_reader import BorderReader
from cinekit.solve.moves import Moves

_SWEEPS = 3


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


def _sweep(state: Moves, moves: list[_Move]) -> None:
    """All moves in turn, several times.

    A move is tried again only when another one has changed a label inside its reach since.
    """
    changed: list[_Move] = []
    tried = [0] * len(moves)
    for sweep in range(_SWEEPS):
        for number, move in enumerate(moves):
            news = changed[tried[number] :]
            if sweep and not any(move.meets(other) for other in news if other is not move):
                continue
            top, _, left, _ = move.box
            if state.propose(
                move.label, Area.around(move.allowed, (top, left), state.labels.shape)
            ):
                changed.append(move)
            tried[number] = len(changed)


def refine_borders(clip: Clip, labels: LabelMap, costs: BorderCosts, band: int = 6) -> Refined:
    """Solve the label borders again at the resolution of the clip.

    Every pixel at most ``band`` pixels from a border may take any label present at most ``band``
    pixels from it. The energy never rises: a move is kept only when it falls.

    Parameters
    ----------
    labels : at the resolution of the clip.
    band : half width, pixels; 0 returns the labels as they are.

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
    index, period, start = table.index, table.period, table.start
    active = label_band(index, band) if band > 0 else np.zeros(labels.size, bool)
    if not active.any():
        nothing = EnergyTerms(0.0, 0.0, 0.0)
        return Refined(labels, nothing, nothing, 0.0, 0, 0)
    reader = BorderReader(clip, labels, costs, active, period, start)
    state = Moves(reader, index, len(period), neglect=None)
    looks = costs, active, period
    before = _terms(state, *looks)
    _sweep(state, _moves(index, active, band))
    after = _terms(state, *looks)
    refined = dataclasses.replace(
        labels,
        period=period[state.labels].astype(np.int16),
        start=start[state.labels].astype(np.int16),
    )
    share = float(active.mean())
    return Refined(refined, before, after, share, state.accepted, state.truncated)


def _terms(
    state: Moves, costs: BorderCosts, active: NDArray[np.bool_], period: NDArray[np.int64]
) -> EnergyTerms:
    """The band's energy; its unary costs are the temporal and the label term."""
    unary = float(state.unary.sum(dtype=np.float64))
    loops = period[state.labels] > STILL
    label = float(np.where(loops, costs.moving, costs.still)[active].sum(dtype=np.float64))
    return EnergyTerms(temporal=unary - label, label=label, spatial=state.energy - unary)
