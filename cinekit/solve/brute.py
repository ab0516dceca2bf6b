"""Every labelling in turn: the oracle for tiny grids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count
from cinekit.errors import SolverError
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve.initial import first_labels


@dataclass(frozen=True, kw_only=True)
class BruteForceSolver(Checked):
    """Tries all L^(h w) labellings; exact, and only for tests.

    Parameters
    ----------
    most : refuse problems with more labellings than this, >= 1.
    """

    most: Count = 200_000

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """The optimum, and the same figure as its lower bound.

        Raises
        ------
        SolverError
            When there are more than ``most`` labellings, or a pixel has no allowed label.
        """
        h, w = problem.shape
        count = problem.n_labels ** (h * w)
        if count > self.most:
            raise SolverError(
                f"expected at most {self.most} labellings, received {problem.n_labels} labels on "
                f"{h}x{w} pixels: brute_force is for tiny grids, choose another solver"
            )
        best = first_labels(problem, start)
        lowest = problem.energy(best)
        labellings = itertools.product(range(problem.n_labels), repeat=h * w)
        for k, flat in enumerate(labellings):
            labels = np.array(flat, np.int32).reshape(h, w)
            energy = problem.energy(labels)
            if energy < lowest:
                best, lowest = labels, energy
            if k % 1024 == 0:
                progress(k / count)
        progress(1.0)
        return Solution(labels=best, energy=lowest, bound=lowest, statistics={"labellings": count})
