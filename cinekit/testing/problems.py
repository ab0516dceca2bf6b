"""Small labelling problems with explicit tables: what solvers are tested on.

Costs of the real energy come from a clip; these come from a seed, so that a test can hold the
optimum (:func:`planted_problem`, brute force on :func:`random_problem`) or the structure
(:func:`line_problem`, :func:`binary_problem`) in its hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.protocols import LabelProblem

Table = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TableProblem:
    """A :class:`cinekit.protocols.LabelProblem` whose costs are all written down.

    unary : float32 (L, h, w), inf forbids.
    vertical : float32 (h - 1, w, L, L), cost of labels (a, b) at (i, j) and (i + 1, j).
    horizontal : float32 (h, w - 1, L, L), cost of labels (a, b) at (i, j) and (i, j + 1).
    warps : the line metric behind the tables, when there is one: float32 (h - 1, w, L) and
        (h, w - 1, L), non-decreasing along L.
    """

    unary: Table
    vertical: Table
    horizontal: Table
    warps: tuple[Table, Table] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return int(self.unary.shape[1]), int(self.unary.shape[2])

    @property
    def n_labels(self) -> int:
        """L."""
        return int(self.unary.shape[0])

    def pairwise(self, axis: int, a: NDArray[np.int32] | int, b: NDArray[np.int32] | int) -> Table:
        """Cost of every edge along an axis: float32 (h - 1, w) or (h, w - 1)."""
        table = self.vertical if axis == 0 else self.horizontal
        rows, columns = np.indices(table.shape[:2])
        cost: Table = table[rows, columns, a, b]
        return cost

    def line(self) -> tuple[Table, Table] | None:
        """The warps."""
        return self.warps

    def energy(self, labels: NDArray[np.int32]) -> float:
        """Sum of all costs, in float64."""
        rows, columns = np.indices(self.shape)
        total = self.unary[labels, rows, columns].sum(dtype=np.float64)
        total += self.pairwise(0, labels[:-1], labels[1:]).sum(dtype=np.float64)
        total += self.pairwise(1, labels[:, :-1], labels[:, 1:]).sum(dtype=np.float64)
        return float(total)


def random_problem(
    seed: int, shape: tuple[int, int] = (3, 4), n_labels: int = 3, *, forbid: float = 0.0
) -> TableProblem:
    """Uniform random costs: asymmetric tables that break the triangle inequality now and then.

    forbid : share of (label, pixel) pairs that are forbidden; label 0 never is.
    """
    rng = np.random.default_rng(seed)
    (h, w), n = shape, n_labels
    unary = (2 * rng.random((n, h, w))).astype(np.float32)
    unary[1:][rng.random((n - 1, h, w)) < forbid] = np.inf
    return TableProblem(unary, _random_tables(rng, h - 1, w, n), _random_tables(rng, h, w - 1, n))


def _random_tables(rng: np.random.Generator, rows: int, columns: int, n: int) -> Table:
    tables = rng.random((rows, columns, n, n)).astype(np.float32)
    tables[..., np.arange(n), np.arange(n)] = 0
    return tables


def binary_problem(seed: int, shape: tuple[int, int] = (4, 4)) -> TableProblem:
    """Two labels and submodular pairs: a minimum cut is its exact optimum."""
    rng = np.random.default_rng(seed)
    problem = random_problem(seed, shape, 2)
    for tables in (problem.vertical, problem.horizontal):
        # Some cost for equal labels too, as long as they stay the cheaper pair of the table.
        for k in range(2):
            tables[..., k, k] = 0.2 * rng.random(tables.shape[:2])
            tables[..., k, 1 - k] += 0.2
    return TableProblem(problem.unary - 1, problem.vertical, problem.horizontal)


def line_problem(
    seed: int,
    shape: tuple[int, int] = (4, 5),
    n_labels: int = 4,
    *,
    forbid: float = 0.0,
    strength: float = 0.5,
) -> TableProblem:
    """Pair costs |warp[a] - warp[b]| with a random non-decreasing warp per edge.

    strength : mean step of a warp; unaries are uniform in [0, 2).
    """
    rng = np.random.default_rng(seed)
    (h, w), n = shape, n_labels
    unary = (2 * rng.random((n, h, w))).astype(np.float32)
    unary[1:][rng.random((n - 1, h, w)) < forbid] = np.inf
    warps = []
    for rows, columns in ((h - 1, w), (h, w - 1)):
        steps = 2 * strength * rng.random((rows, columns, n))
        warps.append(np.cumsum(steps, axis=-1).astype(np.float32))
    tables = [np.abs(warp[..., :, None] - warp[..., None, :]) for warp in warps]
    return TableProblem(unary, tables[0], tables[1], (warps[0], warps[1]))


def planted_problem(
    labels: NDArray[np.int32], n_labels: int, *, line: bool = False, seed: int = 0
) -> TableProblem:
    """A problem whose only optimum is ``labels``, although no pixel says so by itself.

    Every pixel slightly prefers a wrong label; edges charge for every label difference other than
    the planted one. The planted labelling costs 0.1 a pixel, and no other labelling is cheaper:
    leaving it at a set of pixels saves at most 0.1 each and pays at least 1 an edge of its rim.

    labels : int32 (h, w). With ``line`` it must be constant, since a line metric charges for
        every change of label.
    """
    rng = np.random.default_rng(seed)
    h, w = labels.shape
    unary = (1 + rng.random((n_labels, h, w))).astype(np.float32)
    rows, columns = np.indices((h, w))
    wrong = (labels + 1 + rng.integers(0, n_labels - 1, (h, w))) % n_labels
    unary[wrong, rows, columns] = 0.0
    unary[labels, rows, columns] = 0.1
    if line:
        if (labels != labels.flat[0]).any():
            raise ValueError("expected constant labels for a line metric, received several")
        steps = np.arange(n_labels, dtype=np.float32)
        warps = (
            np.broadcast_to(steps, (h - 1, w, n_labels)).copy(),
            np.broadcast_to(steps, (h, w - 1, n_labels)).copy(),
        )
        tables = [np.abs(warp[..., :, None] - warp[..., None, :]) for warp in warps]
        return TableProblem(unary, tables[0], tables[1], warps)
    vertical = np.ones((h - 1, w, n_labels, n_labels), np.float32)
    horizontal = np.ones((h, w - 1, n_labels, n_labels), np.float32)
    for table, first, second in (
        (vertical, labels[:-1], labels[1:]),
        (horizontal, labels[:, :-1], labels[:, 1:]),
    ):
        r, c = np.indices(first.shape)
        table[r, c, first, second] = 0.0
    return TableProblem(unary, vertical, horizontal)


def random_labels(seed: int, problem: LabelProblem) -> NDArray[np.int32]:
    """Labels int32 (h, w) at random; the cheapest one where that is forbidden."""
    labels = np.random.default_rng(seed).integers(0, problem.n_labels, problem.shape)
    allowed = np.isfinite(np.take_along_axis(problem.unary, labels[None], axis=0)[0])
    return np.where(allowed, labels, problem.unary.argmin(axis=0)).astype(np.int32)
