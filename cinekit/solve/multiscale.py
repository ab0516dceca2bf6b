"""The default solver: coarse to fine, with the structure of looping costs.

Where the pair costs are a line metric (all labels of one period p >= t/2): tree-reweighted message
passing with O(L) messages on the coarsest level of an energy-preserving pyramid, then on every
finer level rows and columns in turn, each solved exactly given the others.

Everywhere else: message passing with exact tables on blocks, then expansion moves on all pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve.expansion import counts, expand
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.moves import Fusion
from cinekit.solve.pyramid import LineGrid, upsample
from cinekit.solve.starts import first_labels
from cinekit.solve.table_metric import solve_tables

Labels = NDArray[np.int32]
Float = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class MultiscaleSolver:
    """Message passing on a coarse grid, exact refinement on finer ones.

    Parameters
    ----------
    levels : how often the grid of a line-metric problem is halved before message passing, >= 0.
        3 is fastest; 2 takes half as long again for 1 % less energy.
    block : side of the blocks for general problems, pixels, >= 1.
    iterations : most iterations of message passing, >= 1.
    chain_sweeps : sweeps over rows and columns on every level, >= 1.
    sweeps : most expansion sweeps of general problems, >= 1.
    tolerance : message passing and expansion stop when they gain less than this share, >= 0.
    table_megabytes : blocks are enlarged until their tables fit into this, > 0.
    """

    levels: int = 3
    block: int = 4
    iterations: int = 40
    chain_sweeps: int = 2
    sweeps: int = 2
    tolerance: float = 1e-3
    table_megabytes: int = 256

    def __post_init__(self) -> None:
        for name, least in (
            ("levels", 0),
            ("block", 1),
            ("iterations", 1),
            ("chain_sweeps", 1),
            ("sweeps", 1),
            ("table_megabytes", 1),
        ):
            if getattr(self, name) < least:
                raise ConfigError(f"expected {name} >= {least}, received {getattr(self, name)}")
        if not self.tolerance >= 0:
            raise ConfigError(f"expected tolerance >= 0, received {self.tolerance}")

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling of low energy, never above that of ``start``.

        Raises
        ------
        SolverError
            When a pixel has no allowed label, or the start uses a forbidden one.
        """
        warps = problem.line()
        if warps is None:
            return self._solve_general(problem, start, progress)
        return self._solve_line(problem, warps, start, progress)

    def _solve_line(
        self,
        problem: LabelProblem,
        warps: tuple[Float, Float],
        start: Labels | None,
        progress: Progress,
    ) -> Solution:
        given = first_labels(problem, start) if start is not None else None
        _require_labels(problem)
        unary = np.ascontiguousarray(np.moveaxis(problem.unary, 0, -1))  # (h, w, L)
        fine = LineGrid(unary, *warps)
        grids = [fine.softened()]
        while len(grids) <= self.levels and max(grids[-1].shape) > 1:
            grids.append(grids[-1].coarser())
        labels, bound, iterations = grids[-1].message_passing(self.iterations, self.tolerance)
        progress(0.5)
        grids[0] = fine
        for level in range(len(grids) - 1, -1, -1):
            if labels.shape != grids[level].shape:
                labels = upsample(labels, grids[level].shape)
            for _ in range(self.chain_sweeps):
                grids[level].sweep(labels)
            progress(1 - 0.5 * level / len(grids))
        energy = fine.energy(labels)
        if given is not None and fine.energy(given) < energy:
            labels, energy = given, fine.energy(given)
        return Solution(
            labels=labels,
            energy=energy,
            # A coarse grid bounds labellings that are constant on its blocks, not all of them.
            bound=bound if len(grids) == 1 else None,
            statistics={"iterations": iterations, "levels": len(grids), "coarse_bound": bound},
        )

    def _solve_general(
        self, problem: LabelProblem, start: Labels | None, progress: Progress
    ) -> Solution:
        labels = first_labels(problem, start)
        statistics: dict[str, float] = {}
        if start is None:
            coarse = self._coarse_labels(problem, statistics)
            if problem.energy(coarse) < problem.energy(labels):
                labels = coarse
        progress(0.3)
        fusion = Fusion(problem, labels, grid_cut)
        sweeps = expand(
            fusion, self.sweeps, self.tolerance, lambda share: progress(0.3 + 0.7 * share)
        )
        return Solution(
            labels=fusion.labels,
            energy=fusion.energy,
            statistics={**statistics, "sweeps": sweeps, **counts(fusion)},
        )

    def _coarse_labels(self, problem: LabelProblem, statistics: dict[str, float]) -> Labels:
        """Message passing on blocks, brought to all pixels, forbidden labels replaced."""
        (h, w), n = problem.shape, problem.n_labels
        size = self.block
        while 8 * n * n * -(-h // size) * -(-w // size) > self.table_megabytes * 2**20:
            size *= 2
        unary, vertical, horizontal = problem.blocks(size)
        unary = np.ascontiguousarray(np.moveaxis(unary, 0, -1))
        # A block whose pixels allow no label in common is left to its neighbours.
        unary[~np.isfinite(unary).any(axis=-1)] = 0
        labels, bound, iterations = solve_tables(
            unary, vertical, horizontal, self.iterations, self.tolerance
        )
        statistics |= {"block": size, "iterations": iterations, "coarse_bound": bound}
        labels = upsample(labels, (h, w), size)
        picked = np.take_along_axis(problem.unary, labels[None], axis=0)[0]
        cheapest = problem.unary.argmin(axis=0).astype(np.int32)
        return np.where(np.isfinite(picked), labels, cheapest)


def _require_labels(problem: LabelProblem) -> None:
    """SolverError unless every pixel has an allowed label."""
    first_labels(problem, problem.unary.argmin(axis=0).astype(np.int32))
