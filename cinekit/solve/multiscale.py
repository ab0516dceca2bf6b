"""The default solver: coarse to fine, with the structure of looping costs.

Where the pair costs are a line metric (one period, start frames at most p apart): tree-reweighted
message passing with O(L) messages on the coarsest level of an energy-preserving pyramid, then on
every finer level rows and columns in turn, each solved exactly given the others, and expansion
moves on all levels but the pixels. When the clip is longer than two periods, this is done for
overlapping windows of start frames, and the solutions are fused by minimum cuts with the exact
costs of all pairs. Expansion moves may polish the result.

Everywhere else (several periods at once): expansion moves from the given start; without one, from
message passing with exact tables on blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cinekit.energy import LoopProblem
from cinekit.errors import ConfigError, SolverError
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve import table_metric
from cinekit.solve.coarse_to_fine import Effort, solve_line
from cinekit.solve.expansion import counts, expand
from cinekit.solve.fewer_labels import dominant_labels
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.messages import pass_messages
from cinekit.solve.moves import Fusion
from cinekit.solve.prospects import NEGLECT
from cinekit.solve.pyramid import LineGrid, upsample
from cinekit.solve.starts import first_labels, require_labels
from cinekit.solve.windows import Window, line_windows

Labels = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class MultiscaleSolver:
    """Message passing on a coarse grid, exact refinement on finer ones.

    Parameters
    ----------
    levels : how often the grid of a line-metric problem is halved before message passing, >= 0.
        1 and 3 take as long; 3 ends higher now and then.
    iterations : most iterations of message passing, >= 1.
    chain_sweeps : sweeps over rows and columns on every level, >= 1.
    coarse_moves : most sweeps of expansion moves on every level but the finest, >= 0.
    polish : most sweeps of expansion moves on all pixels after that, >= 0. 0 takes half the time;
        stage 1 then ends 1 to 8 % higher, and some candidates by 3 %.
    block : side of the blocks for general problems that come without a start, pixels, >= 1.
    sweeps : most expansion sweeps of general problems, >= 1.
    tolerance : expansion stops when a sweep gains less than this share of the energy, >= 0, and its
        moves look only where they could gain a few times that; message passing stops when an
        iteration gains less than a hundredth of it.
    table_megabytes : blocks are enlarged until their tables fit into this, >= 1.
    keep : share, in (0, 1], of what pixels gain by their cheapest labels that must be kept, see
        :func:`cinekit.solve.fewer_labels.dominant_labels`. 1 keeps all labels. Less is faster and
        ends higher: docs/performance.md has the price.
    """

    levels: int = 2
    iterations: int = 30
    chain_sweeps: int = 1
    coarse_moves: int = 1
    polish: int = 1
    block: int = 4
    sweeps: int = 2
    tolerance: float = 1e-3
    table_megabytes: int = 256
    keep: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (
            ("levels", 0),
            ("iterations", 1),
            ("chain_sweeps", 1),
            ("coarse_moves", 0),
            ("polish", 0),
            ("block", 1),
            ("sweeps", 1),
            ("table_megabytes", 1),
        ):
            if not getattr(self, name) >= least:
                raise ConfigError(f"expected {name} >= {least}, received {getattr(self, name)}")
        if not self.tolerance >= 0:
            raise ConfigError(f"expected tolerance >= 0, received {self.tolerance}")
        if not 0 < self.keep <= 1:
            raise ConfigError(f"expected keep in (0, 1], received {self.keep}")

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling of low energy, never above that of ``start``.

        Statistics: ``labels`` that were kept, ``windows`` (line metrics solved; 0 for a general
        problem), ``iterations`` of message passing, ``coarse_moves``, and the counts of
        :class:`cinekit.solve.ExpansionSolver`.

        Raises
        ------
        SolverError
            When a pixel has no allowed label, the start uses a forbidden one, or labels should be
            left out of a problem that is not one of loops.
        """
        labels = require_labels(problem) if start is None else first_labels(problem, start)
        if self.keep < 1:
            return self._solve_fewer(problem, start, progress)
        statistics: dict[str, float] = {
            "labels": problem.n_labels,
            "windows": 0,
            "iterations": 0,
            "coarse_moves": 0,
        }
        bound = None
        # Two labels are one minimum cut: exact, and no dearer than a pyramid.
        windows = line_windows(problem) if problem.n_labels > 2 else []
        if windows:
            fusion, bound = self._solve_windows(problem, windows, start, statistics, progress)
            sweeps = self.polish
        elif start is None:
            fusion = self._fusion(problem, self._solve_blocks(problem, statistics))
            sweeps = self.sweeps
        else:
            fusion = self._fusion(problem, labels)
            sweeps = self.sweeps
        done = expand(fusion, sweeps, self.tolerance, _part(progress, 0.5))
        progress(1.0)
        statistics |= {"sweeps": done, **counts(fusion)}
        return Solution(fusion.labels, fusion.energy, bound, statistics)

    def _fusion(self, problem: LabelProblem, labels: Labels) -> Fusion:
        return Fusion(problem, labels, grid_cut, NEGLECT * self.tolerance)

    def _solve_fewer(
        self, problem: LabelProblem, start: Labels | None, progress: Progress
    ) -> Solution:
        """Solve with the dominant labels and those of the start."""
        if not isinstance(problem, LoopProblem):
            raise SolverError(
                f"expected a problem of loops to leave labels out of, received "
                f"{type(problem).__name__}: set keep to 1"
            )
        kept = dominant_labels(problem.unary, self.keep, start)
        inside = None if start is None else np.searchsorted(kept, start).astype(np.int32)
        solution = replace(self, keep=1.0).solve(problem.part(kept), inside, progress)
        # A bound on fewer labels is none on all.
        return replace(solution, labels=kept[solution.labels].astype(np.int32), bound=None)

    def _solve_windows(
        self,
        problem: LabelProblem,
        windows: list[Window],
        start: Labels | None,
        statistics: dict[str, float],
        progress: Progress,
    ) -> tuple[Fusion, float | None]:
        """Solve every window alone, then fuse them and the start, best first."""
        effort = Effort(
            levels=self.levels,
            iterations=self.iterations,
            tolerance=self.tolerance / 100,
            chain_sweeps=self.chain_sweeps,
            coarse_moves=self.coarse_moves,
            polished=self.polish > 0,
        )
        proposals: list[tuple[float, Labels]] = []
        bound = None
        for k, window in enumerate(windows):
            grid = LineGrid.of(window.unary, window.vertical, window.horizontal)
            solution = solve_line(grid, effort)
            bound = solution.bound
            statistics["iterations"] += solution.iterations
            statistics["coarse_moves"] += solution.moves
            proposals.append((solution.energy, solution.labels + np.int32(window.first)))
            progress(0.5 * (k + 1) / len(windows))
        statistics["windows"] = len(windows)
        if start is not None:
            proposals.append((problem.energy(start), start))
        proposals.sort(key=lambda proposal: proposal[0])
        if not np.isfinite(proposals[0][0]):
            # Every window forbids all labels of some pixel: none is a labelling by itself.
            proposals.insert(0, (np.inf, first_labels(problem)))
        fusion = Fusion(problem, proposals[0][1], grid_cut)
        for _, labels in proposals[1:]:
            fusion.propose(labels)
        return fusion, bound if len(windows) == 1 else None

    def _solve_blocks(self, problem: LabelProblem, statistics: dict[str, float]) -> Labels:
        """Message passing on blocks, or the best simple labelling where that is better."""
        (h, w), n = problem.shape, problem.n_labels
        size = self.block
        while 8 * n * n * -(-h // size) * -(-w // size) > self.table_megabytes * 2**20:
            size *= 2
        unary, vertical, horizontal = problem.blocks(size)
        unary = np.ascontiguousarray(np.moveaxis(unary, 0, -1))
        # A block whose pixels allow no label in common is left to its neighbours.
        unary[~np.isfinite(unary).any(axis=-1)] = 0
        coarse, _, iterations = pass_messages(
            table_metric.trws_iteration,
            table_metric.decode,
            (unary, vertical, horizontal),
            self.iterations,
            self.tolerance / 100,
        )
        statistics["iterations"] += iterations
        statistics["block"] = size
        labels = upsample(coarse, (h, w), size)
        allowed = np.isfinite(np.take_along_axis(problem.unary, labels[None], axis=0)[0])
        labels = np.where(allowed, labels, require_labels(problem))
        simple = first_labels(problem)
        return labels if problem.energy(labels) < problem.energy(simple) else simple


def _part(progress: Progress, begin: float) -> Progress:
    return lambda share: progress(begin + (1 - begin) * share)
