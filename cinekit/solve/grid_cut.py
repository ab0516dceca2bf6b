"""Minimum cut on a 4-connected grid: what a move needs, and what a backend implements."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.errors import SolverError
from cinekit.solve.breadth_first_cut import breadth_first_cut
from cinekit.solve.grid_records import RECORD, mark_forest
from cinekit.solve.straight_pushes import has_deficit, push_straight

Capacities = tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
]
"""terminal, down, up, right, left as :func:`grid_cut` takes them, but for one more column, which no
edge has, in the latter two: pixels and edges are numbered alike."""


class MinimumCut(Protocol):
    """What a backend that is only a minimum cut implements: the signature of :func:`grid_cut`."""

    def __call__(
        self,
        terminal: NDArray[np.float32],
        down: NDArray[np.float32],
        up: NDArray[np.float32],
        right: NDArray[np.float32],
        left: NDArray[np.float32],
    ) -> tuple[NDArray[np.bool_], float]:
        """Segments and flow; see :func:`grid_cut`."""
        ...


def grid_cut(
    terminal: NDArray[np.float32],
    down: NDArray[np.float32],
    up: NDArray[np.float32],
    right: NDArray[np.float32],
    left: NDArray[np.float32],
) -> tuple[NDArray[np.bool_], float]:
    """The cheapest binary labelling ``x`` of a grid.

    Minimises, over x in {0, 1} per pixel,

        sum_i max(terminal_i, 0) x_i + max(-terminal_i, 0) (1 - x_i)
        + sum over edges (i, j), i above or left of j, of forward_ij [x_i = 0, x_j = 1]
                                                       + backward_ij [x_i = 1, x_j = 0]

    Parameters
    ----------
    terminal : float32 (h, w)
        Cost of x = 1 where positive; minus the cost of x = 0 where negative. Finite.
    down, up : float32 (h - 1, w)
        Forward and backward capacity between (i, j) and (i + 1, j), finite and >= 0.
    right, left : float32 (h, w - 1)
        Forward and backward capacity between (i, j) and (i, j + 1), finite and >= 0.

    Returns
    -------
    segments : bool (h, w)
        x. Of several cheapest labellings, the one with the fewest ones: pixels that still reach
        a deficit when the flow is a maximum.
    flow : float
        The minimum, accumulated in float64; equal to the cost of the segments up to the float32
        rounding of the residual capacities.

    Raises
    ------
    SolverError
        When shapes do not fit or a capacity is negative or not finite.
    """
    h, w = terminal.shape
    vertical, horizontal = (h - 1, w), (h, w - 1)
    if (down.shape, up.shape, right.shape, left.shape) != (vertical,) * 2 + (horizontal,) * 2:
        raise SolverError(
            f"expected capacities of shape {vertical} and {horizontal} for a grid of {(h, w)}, "
            f"received {down.shape}, {up.shape}, {right.shape}, {left.shape}"
        )
    capacities = [np.array(plane, np.float32) for plane in (down, up, right, left)]
    for k in (2, 3):
        capacities[k] = np.pad(capacities[k], ((0, 0), (0, 1)))
    excess = np.array(terminal, np.float32)
    if not (np.isfinite(excess).all() and all(_capacity(plane) for plane in capacities)):
        raise SolverError(
            "expected finite terminals and finite capacities >= 0, received others: "
            "replace infinite costs by large finite ones before the cut"
        )
    cut = AreaCut((h, w))
    area = Area.whole((h, w))
    return cut.solve(area, excess, *capacities)


class AreaCut:
    """Minimum cuts on parts of a grid, one after the other, with the same working memory."""

    def __init__(self, shape: tuple[int, int]) -> None:
        h, w = shape
        n = (h + 2) * (w + 2)
        self._wanted = np.zeros(shape, np.float32)
        self._state = np.zeros((n, RECORD), np.float32)
        self._node = self._state.view(np.int32)
        self._layers = np.empty((3, n), np.int32)

    def solve(
        self,
        area: Area,
        excess: NDArray[np.float32],
        down: NDArray[np.float32],
        up: NDArray[np.float32],
        right: NDArray[np.float32],
        left: NDArray[np.float32],
    ) -> tuple[NDArray[np.bool_], float]:
        """:func:`grid_cut` of the pixels of an area, all others staying 0; overwrites what it gets.

        right, left : float32 (h, w), see :data:`Capacities`.

        Pixels that are not free have neither excess nor capacities, and an edge that leaves the
        area has none either way.
        """
        segments = np.zeros(excess.shape, np.bool_)
        flow = float(push_straight(excess, down, up, right, left, area.spans, self._wanted))
        if has_deficit(excess, area.spans):
            flow += float(
                breadth_first_cut(
                    excess, down, up, right, left, area.spans,
                    self._state, self._node, self._layers,
                )
            )  # fmt: skip
            mark_forest(self._node, area.spans, segments)
        return segments, flow


def cut_box(
    cut: MinimumCut,
    area: Area,
    terminal: NDArray[np.float32],
    down: NDArray[np.float32],
    up: NDArray[np.float32],
    right: NDArray[np.float32],
    left: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """The segments of an area by a cut that takes a whole grid: that of the area's bounding box.

    The arguments are those of :meth:`AreaCut.solve`; what they hold outside the area is ignored.
    """
    inside = area.inside
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    top, bottom, first, end = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    box = np.s_[top:bottom, first:end]
    free = area.free[box]
    vertical, horizontal = free[:-1] & free[1:], free[:, :-1] & free[:, 1:]
    segments = np.zeros(inside.shape, np.bool_)
    segments[box], _ = cut(
        np.where(free, terminal[box], 0),
        np.where(vertical, down[top : bottom - 1, first:end], 0),
        np.where(vertical, up[top : bottom - 1, first:end], 0),
        np.where(horizontal, right[top:bottom, first : end - 1], 0),
        np.where(horizontal, left[top:bottom, first : end - 1], 0),
    )
    segments &= area.free
    return segments


def _capacity(plane: NDArray[np.float32]) -> bool:
    """Whether all values are finite and >= 0."""
    return plane.size == 0 or bool(plane.min() >= 0 and plane.max() < np.inf)


def cut_cost(
    segments: NDArray[np.bool_],
    terminal: NDArray[np.float32],
    down: NDArray[np.float32],
    up: NDArray[np.float32],
    right: NDArray[np.float32],
    left: NDArray[np.float32],
) -> float:
    """What a binary labelling costs: the sum in :func:`grid_cut`, in float64.

    A segmentation whose cost equals the flow is a proof that both are optimal (max-flow min-cut).
    """
    x = segments
    cost = np.where(x, np.maximum(terminal, 0), np.maximum(-terminal, 0)).sum(dtype=np.float64)
    for axis_first, axis_second, forward, backward in (
        (x[:-1], x[1:], down, up),
        (x[:, :-1], x[:, 1:], right, left),
    ):
        cost += forward[~axis_first & axis_second].sum(dtype=np.float64)
        cost += backward[axis_first & ~axis_second].sum(dtype=np.float64)
    return float(cost)
