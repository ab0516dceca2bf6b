"""``icm``: iterated conditional modes, the simplest solver that respects neighbours.

J. Besag. On the Statistical Analysis of Dirty Pictures. Journal of the Royal Statistical Society B,
1986. Every pixel takes the label that is cheapest given its neighbours, until nothing changes. It
stops in the first local minimum it meets: expect seams that a real solver would not leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import cinekit


@dataclass(frozen=True, kw_only=True)
class IcmSolver(cinekit.Checked):
    """Iterated conditional modes on a checkerboard: pixels of one colour do not touch.

    Parameters
    ----------
    sweeps : at most so many passes over the picture, >= 1; it stops when nothing changes.
    """

    sweeps: cinekit.Count = 20

    def solve(
        self,
        problem: cinekit.LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: cinekit.Progress = cinekit.silent,
    ) -> cinekit.Solution:
        """A local minimum, never above the start (the cheapest label of each pixel without one).

        Raises
        ------
        SolverError
            When a pixel has no allowed label.
        """
        if not np.isfinite(problem.unary.min(axis=0)).all():
            raise cinekit.SolverError(
                "expected an allowed label at every pixel, received a pixel without one: "
                "relax what forbids it"
            )
        labels = problem.unary.argmin(axis=0).astype(np.int32) if start is None else start.copy()
        energy = problem.energy(labels)
        h, w = problem.shape
        odd = (np.arange(h)[:, None] + np.arange(w)) % 2 == 1
        sweep = 0
        for sweep in range(1, self.sweeps + 1):
            proposed = labels
            for colour in (odd, ~odd):
                proposed = np.where(colour, _cheapest(problem, proposed), proposed)
            reached = problem.energy(proposed)
            # Also guards against float32 rounding: only a true descent counts.
            if not reached < energy:
                break
            labels, energy = proposed, reached
            progress(sweep / self.sweeps)
        progress(1.0)
        return cinekit.Solution(labels, energy=energy, statistics={"sweeps": float(sweep)})


def _cheapest(problem: cinekit.LabelProblem, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """int32 (h, w): the best label of each pixel while its neighbours keep theirs."""
    best = labels.copy()
    lowest = np.full(problem.shape, np.inf, np.float32)
    for label in range(problem.n_labels):
        cost = problem.unary[label].copy()  # (h, w)
        cost[1:] += problem.pairwise(0, labels[:-1], label)
        cost[:-1] += problem.pairwise(0, label, labels[1:])
        cost[:, 1:] += problem.pairwise(1, labels[:, :-1], label)
        cost[:, :-1] += problem.pairwise(1, label, labels[:, 1:])
        better = cost < lowest
        best[better] = label
        lowest[better] = cost[better]
    return best
