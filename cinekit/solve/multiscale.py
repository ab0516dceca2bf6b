"""The default solver: coarse to fine, with the structure of looping costs.

Where the pair costs are a line metric (one period, start frames at most p apart), or nearly one, an
energy-preserving pyramid over blocks of pixels is solved, from the coarsest level to that of 2 x 2
blocks: by messages first, then by chains, rows and columns in turn solved exactly given the others,
and a thinned sweep of moves on every level. Further labellings are found on the way and fused in.
When the clip is longer than two periods, overlapping windows of start frames are solved so, and
fused. On the pixels a thinned sweep of moves comes last, with the exact costs of all pairs.

Everywhere else (several periods at once): moves from the given start, without one from the best
simple labelling. Where labels are start frames in order they are a thinned sweep, else full sweeps
of expansion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Natural, NotNegative, Within
from cinekit.errors import SolverError
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve.coarse_to_fine import Effort, solve_line
from cinekit.solve.expansion import counts, expand, thinned_sweep
from cinekit.solve.initial import dominant_labels, first_labels, require_labels
from cinekit.solve.moves import Moves
from cinekit.solve.plane_readers import PeriodReader
from cinekit.solve.prospects import NEGLECT
from cinekit.solve.pyramid import upsample
from cinekit.solve.windows import Window, line_windows, one_period

Labels = NDArray[np.int32]

_LITTLE = 0.3
"""A coarse sweep that gains less than this share of the tolerance is followed by a fine one."""


@dataclass(frozen=True, kw_only=True)
class MultiscaleSolver(Checked):
    """Chains and moves on a pyramid, other labellings fused in.

    Parameters
    ----------
    levels : how often the grid of pixels is halved where costs are a line metric, >= 0.
    iterations : most rounds of messages on the coarsest grid, >= 0, and a quarter of them on finer
        ones; 0 begins with the best constant labelling. With ``levels`` 0 they give a lower bound.
    proposals : how many other labellings are fused in, >= 0. None is faster by a fifth; it ends
        0.2 to 0.5 % higher, where moves from one labelling get stuck up to 20 %.
    stride : expansion moves propose every ``stride``-th label, and jumps reach those between, >= 1,
        see :func:`cinekit.solve.expansion.thinned_sweep`. 2 takes 1.2 times as long for 0.2 % at
        most; 8 is hardly faster. Start frames of several periods: twice that, then half of it.
    polish : most sweeps of expansion moves over all labels after that, >= 0. One takes two thirds
        as long as everything before and gains 0.1 to 0.5 %.
    sweeps : most expansion sweeps of general problems whose labels have no order, >= 1.
    tolerance : expansion stops when a sweep gains less than this share of the energy, >= 0, and for
        general problems its moves look only where they could gain a few times that; on the coarsest
        grid, and message passing, when a round gains less than a hundredth of it.
    keep : share, in (0, 1], of what pixels gain by their cheapest labels that must be kept, see
        :func:`cinekit.solve.initial.dominant_labels`. 1 keeps all labels. Less is faster and
        ends higher: docs/performance.md has the price.
    """

    levels: Natural = 3
    iterations: Natural = 20
    proposals: Natural = 2
    stride: Count = 4
    polish: Natural = 0
    sweeps: Count = 2
    tolerance: NotNegative = 1e-3
    keep: Annotated[float, Within("(0, 1]")] = 1.0

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling of low energy, never above that of ``start``.

        Statistics: ``labels`` that were kept, ``windows`` (line metrics solved; 0 for a general
        problem), ``iterations`` of message passing, ``line_moves`` (cuts while windows were solved,
        on all levels), and the counts of :class:`cinekit.solve.ExpansionSolver` for what followed.

        Raises
        ------
        SolverError
            When a pixel has no allowed label, the start uses a forbidden one, or labels should be
            left out of a problem that has no ``part``.
        """
        if start is not None:
            start = first_labels(problem, start)
        elif not np.isfinite(problem.unary).all():
            require_labels(problem)
        if self.keep < 1:
            return self._solve_fewer(problem, start, progress)
        statistics: dict[str, float] = {
            "labels": problem.n_labels,
            "windows": 0,
            "iterations": 0,
            "line_moves": 0,
        }
        bound = None
        sweeps = self.sweeps
        # Two labels are one minimum cut: exact, and no dearer than a pyramid.
        windows = line_windows(problem, min(2, 2**self.levels)) if problem.n_labels > 2 else []
        if windows:
            moves, bound = self._solve_windows(problem, windows, start, statistics, progress)
            sweeps = self.polish
        else:
            moves = self._from(problem, first_labels(problem) if start is None else start)
        if not windows and getattr(problem, "in_order", False):
            self._sweep_frames(moves)
            sweeps = self.polish
        done = expand(moves, sweeps, self.tolerance, _part(progress, 0.5))
        progress(1.0)
        statistics |= {"sweeps": done, **counts(moves)}
        return Solution(moves.labels, moves.energy, bound, statistics)

    def _from(self, problem: LabelProblem, labels: Labels) -> Moves:
        exact = problem.n_labels <= 2
        neglect = 0.0 if exact else NEGLECT * self.tolerance
        return Moves.of(problem, labels, neglect=neglect, guess=not exact)

    def _sweep_frames(self, moves: Moves) -> None:
        """A coarse sweep over start frames; a fine one where that has little left to gain."""
        before = moves.energy
        thinned_sweep(moves, 2 * self.stride)
        if before - moves.energy <= _LITTLE * self.tolerance * before:
            thinned_sweep(moves, max(1, self.stride // 2))

    def _solve_fewer(
        self, problem: LabelProblem, start: Labels | None, progress: Progress
    ) -> Solution:
        """Solve with the dominant labels and those of the start."""
        part = getattr(problem, "part", None)
        if part is None:
            raise SolverError(
                f"expected a problem that labels can be left out of, received "
                f"{type(problem).__name__}: give it a method `part`, or set keep to 1"
            )
        kept = dominant_labels(problem.unary, self.keep, start)
        inside = None if start is None else np.searchsorted(kept, start).astype(np.int32)
        solution = replace(self, keep=1.0).solve(part(kept), inside, progress)
        # A bound on fewer labels is none on all.
        return replace(solution, labels=kept[solution.labels].astype(np.int32), bound=None)

    def _solve_windows(
        self,
        problem: LabelProblem,
        windows: list[Window],
        start: Labels | None,
        statistics: dict[str, float],
        progress: Progress,
    ) -> tuple[Moves, float | None]:
        """Solve every window alone, then fuse them and the start, best first.

        Costs that the windows only knew nearly are seen by the moves on the pixels.
        """
        effort = Effort(
            levels=self.levels - 1,
            iterations=self.iterations,
            tolerance=self.tolerance / 100,
            proposals=self.proposals,
            stride=self.stride,
        )
        found: list[Labels] = []
        others: list[Labels] = []
        bound = None
        size = min(2, 2**self.levels)
        for k, window in enumerate(windows):
            solution = solve_line(window.grid, effort)
            bound = solution.bound if size == 1 and window.exact else None
            statistics["iterations"] += solution.iterations
            statistics["line_moves"] += solution.moves
            found.append(_on_pixels(problem, solution.labels, size, window.first))
            # On the pixels one other is enough: what the rest open is in the labels by now.
            others += [
                _on_pixels(problem, other, size, window.first) for other in solution.others[:1]
            ]
            progress(0.5 * (k + 1) / len(windows))
        statistics["windows"] = len(windows)
        if start is not None:
            found.append(start)
        if len(found) > 1:
            found.sort(key=problem.energy)
        best, *proposals = *found, *others
        loops = one_period(problem)
        if loops is None:
            moves = Moves.of(problem, best)
        else:
            reader = PeriodReader(problem.unary, loops)
            moves = Moves(reader, best, problem.n_labels, neglect=None)
        for labels in proposals:
            moves.propose(labels)
        thinned_sweep(moves, self.stride)
        return moves, bound


def _on_pixels(problem: LabelProblem, blocks: Labels, size: int, first: int) -> Labels:
    """Labels of a window's blocks at the pixels; the cheapest one where theirs is forbidden.

    first : label of the problem that is the window's label 0.
    """
    labels = upsample(blocks, problem.shape, size) + np.int32(first)
    costs = np.take_along_axis(problem.unary, labels[None], axis=0)[0]
    if np.isfinite(costs).all():
        return labels
    cheapest = problem.unary.argmin(axis=0).astype(np.int32)
    return np.where(np.isfinite(costs), labels, cheapest)


def _part(progress: Progress, begin: float) -> Progress:
    return lambda share: progress(begin + (1 - begin) * share)
