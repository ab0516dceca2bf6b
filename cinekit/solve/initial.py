"""Before a problem is solved: initial labels, whether there are any, and which labels matter."""

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


def dominant_labels(
    unary: NDArray[np.float32], keep: float, needed: NDArray[np.integer] | None = None
) -> NDArray[np.int64]:
    """The labels that hold a share of the gain, and those that some pixel cannot do without.

    [L15] tells pixels apart before it solves: *unchanging* ones cost the same whatever they show,
    *loopable* ones gain much by the right label, *unloopable* ones by none. Here each pixel has a
    say by what it gains: labels are kept, those with the most to gain by first, until nearly all of
    the gain is there. What that costs in energy, pair costs included, shows only afterwards.

    The gain is what all pixels together save by taking their cheapest label instead of any.

    Parameters
    ----------
    unary : float32 (L, h, w), inf forbids; every pixel has a finite one.
    keep : share of the gain, in (0, 1].
    needed : labels to keep in any case, such as those of a start.

    Returns
    -------
    int64 (L',), ascending.
    """
    allowed = np.isfinite(unary)
    count = allowed.sum(axis=0)  # (h, w)
    usual = np.where(allowed, unary, 0).sum(axis=0) / count
    favourite = unary.argmin(axis=0)
    lowest = np.take_along_axis(unary, favourite[None], axis=0)[0]
    gain = usual - lowest
    by_label = np.bincount(favourite.ravel(), gain.ravel(), minlength=unary.shape[0])
    missing = (1 - keep) * float(gain.sum(dtype=np.float64))
    kept: list[int] = []
    cost = usual
    for label in np.argsort(-by_label, kind="stable"):
        kept.append(int(label))
        cost = np.minimum(cost, unary[label])
        if float((cost - lowest).sum(dtype=np.float64)) <= missing:
            break
    stranded = ~allowed[kept].any(axis=0)
    others = np.empty(0, np.int64) if needed is None else needed.ravel()
    return np.unique(np.concatenate([kept, favourite[stranded], others])).astype(np.int64)
