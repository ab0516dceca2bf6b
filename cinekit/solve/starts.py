"""Where a solver begins when nobody tells it, and whether the problem can be solved at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import SolverError
from cinekit.protocols import LabelProblem


def first_labels(
    problem: LabelProblem, start: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """A labelling of finite energy: ``start``, or the best of the simple ones.

    The simple ones are one label everywhere (with the cheapest allowed label where that one is
    forbidden), for each label, and the cheapest label of every pixel.

    Raises
    ------
    SolverError
        When a pixel has no allowed label, or ``start`` has another shape, an index outside
        ``[0, L)`` or a forbidden label.
    """
    if start is not None:
        require_labels(problem)
        return _checked(problem, start)
    unary = problem.unary
    cheapest = require_labels(problem)
    best = cheapest
    lowest = problem.energy(best)
    least = np.take_along_axis(unary, cheapest[None], axis=0)[0]
    bounds = [np.where(np.isfinite(u), u, least).sum(dtype=np.float64) for u in unary]
    # Pair costs are >= 0: no labelling is cheaper than its unary costs.
    for label in np.argsort(bounds, kind="stable"):
        if bounds[label] >= lowest:
            break
        labels = np.where(np.isfinite(unary[label]), np.int32(label), cheapest)
        energy = problem.energy(labels)
        if energy < lowest:
            best, lowest = labels, energy
    return best


def require_labels(problem: LabelProblem) -> NDArray[np.int32]:
    """The cheapest label of every pixel: int32 (h, w).

    Raises
    ------
    SolverError
        When a pixel has no allowed label.
    """
    cheapest: NDArray[np.int32] = problem.unary.argmin(axis=0).astype(np.int32)
    blocked = np.isinf(np.take_along_axis(problem.unary, cheapest[None], axis=0))
    if blocked.any():
        raise SolverError(
            f"expected an allowed label at every pixel, received {np.count_nonzero(blocked)} "
            f"pixels with all {problem.n_labels} labels forbidden: allow at least one there"
        )
    return cheapest


def _checked(problem: LabelProblem, start: NDArray[np.int32]) -> NDArray[np.int32]:
    if start.shape != problem.shape:
        raise SolverError(f"expected a start of shape {problem.shape}, received {start.shape}")
    if start.min() < 0 or start.max() >= problem.n_labels:
        raise SolverError(
            f"expected start labels in [0, {problem.n_labels}), "
            f"received {start.min()} to {start.max()}"
        )
    rows, columns = np.indices(problem.shape)
    forbidden = int(np.count_nonzero(~np.isfinite(problem.unary[start, rows, columns])))
    if forbidden:
        raise SolverError(
            f"expected a start of finite energy, received {forbidden} pixels on forbidden labels"
        )
    labels: NDArray[np.int32] = start.astype(np.int32)
    return labels
