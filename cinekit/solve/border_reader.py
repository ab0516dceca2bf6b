"""Costs of moves at label borders, straight from the frames of the full-resolution clip.

Prefix sums pay where every pixel meets many labels; a pixel near a border meets two or three.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.energy.distance import WRAP, colour_phi, colour_psi
from cinekit.energy.jit import kernel
from cinekit.energy.problem import MoveCosts
from cinekit.labels import LabelMap
from cinekit.model import Clip
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.moves import Reader

Float = NDArray[np.float32]
Labels = NDArray[np.int32]

_SCALE = 3.0 * 255.0**2
"""Squared grey levels over three colours, of which Phi and Psi of [O] are the mean."""


class BorderReader(Reader):
    """The costs of the pixels near label borders.

    Everything else counts as 0: the energy is that of the active pixels and of the edges that touch
    one.

    Parameters
    ----------
    active : bool (H, W), the pixels that may change.
    period, start : int64 (L,), what the labels of the moves show, indices into ``labels.shows``.
    """

    def __init__(
        self,
        clip: Clip,
        labels: LabelMap,
        costs: BorderCosts,
        active: NDArray[np.bool_],
        period: NDArray[np.int64],
        start: NDArray[np.int64],
    ) -> None:
        # Psi is taken at both ends of an edge, so the ring around them is needed as well.
        needed = Area.around(active, (0, 0), active.shape).inside
        rows, columns = np.nonzero(needed)
        row = np.full(active.shape, -1, np.int32)
        row[needed] = np.arange(len(rows), dtype=np.int32)
        signals = np.empty((len(rows), len(labels.shows), 3), np.uint8)
        gather(clip.frames, labels.shows, rows, columns, signals)
        sums = np.zeros((2, len(labels.shows), 3), np.int64)
        self._signals = period, start, row.ravel(), signals, sums
        self._n_frames = clip.n_frames
        self._weights = costs.temporal.ravel(), costs.still.ravel(), costs.moving.ravel()
        self._edges = costs.down.ravel(), np.pad(costs.right, ((0, 0), (0, 1))).ravel()
        self._active = active
        self._unary = np.zeros(active.shape, np.float32)

    def unary(self, proposal: Labels | int, area: Area | None) -> Float:
        """E_temp + a1 E_label of the free pixels, all active ones by default."""
        area = area or Area.around(self._active, (0, 0), self._active.shape)
        unary_costs(
            area.flat, area.free.ravel(), _map(proposal), *self._signals[:4], self._n_frames,
            *self._weights, self._unary.ravel(),
        )  # fmt: skip
        return self._unary

    def pair_costs(
        self, labels: Labels, proposal: Labels | int, costs: MoveCosts, area: Area
    ) -> None:
        """a2 E_spa of the edges of free active pixels, 0 of the others in the area."""
        new, n = _map(proposal), labels.size
        some = (area.free & self._active).ravel()
        for weights, planes in zip(self._edges, (costs.vertical, costs.padded), strict=True):
            flat = planes.reshape(4, -1)
            step = n - flat.shape[1] or 1
            pair_costs(area.flat, step, some, labels.ravel(), new, weights, *self._signals, flat)


def _map(proposal: Labels | int) -> Labels:
    """Flat, one label for all as an array of one."""
    return np.asarray(proposal, np.int32).reshape(-1)


@kernel
def unary_costs(  # type: ignore[no-untyped-def]
    flat, free, proposal, period, start, row, signals, n, temporal, still, moving, out
):
    """E_temp + a1 E_label of the free pixels ([O] Eq. 2, 6); n : frames of the clip, T."""
    single = proposal.size == 1
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], flat[span, 1]):
            if not free[k]:
                continue
            label = proposal[0] if single else proposal[k]
            p = period[label]
            if p == 1:
                out[k] = still[k]
            else:
                phi, _sides = colour_phi(signals[row[k]], p, start[label], n, WRAP)
                out[k] = moving[k] + temporal[k] * phi / _SCALE


@kernel
def pair_costs(  # type: ignore[no-untyped-def]
    flat, step, some, labels, proposal, weights, period, start, row, signals, sums, costs
):
    """E01, E10 and E11 of the edges that have an end in ``some``, 0 of the others."""
    single = proposal.size == 1
    for span in range(flat.shape[0]):
        for k in range(flat[span, 0], min(flat[span, 1], labels.shape[0] - step)):
            m = k + step
            costs[1:, k] = 0
            if weights[k] == 0 or not (some[k] or some[m]):
                continue
            a, b = labels[k], labels[m]
            new_a = proposal[0] if single else proposal[k]
            new_b = proposal[0] if single else proposal[m]
            for which, one, two in ((1, a, new_b), (2, new_a, b), (3, new_a, new_b)):
                if one != two:
                    loops = period[one], start[one], period[two], start[two]
                    costs[which, k] = weights[k] * seen(k, m, loops, row, signals, sums) / _SCALE


@kernel
def seen(k, m, loops, row, signals, sums):  # type: ignore[no-untyped-def]
    """Psi of two loops at both ends of an edge, [O] Eq. 4, in squared grey levels."""
    p, s, q, r = loops
    here = colour_psi(signals[row[k]], p, s, q, r, sums)
    return here + colour_psi(signals[row[m]], p, s, q, r, sums)


@kernel
def gather(frames, shows, rows, columns, signals):  # type: ignore[no-untyped-def]
    """Copy the signals of single pixels: uint8 (N, T + E, 3) from uint8 (T, H, W, 3).

    shows : int32 (T + E,), the frame that each index of a label shows.
    """
    for t in range(shows.shape[0]):
        for k in range(rows.shape[0]):
            for c in range(3):
                signals[k, t, c] = frames[shows[t], rows[k], columns[k], c]
