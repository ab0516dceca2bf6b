"""Alpha-expansion: the loop is the core's, the minimum cut is anybody's.

Y. Boykov, O. Veksler, R. Zabih. *Fast Approximate Energy Minimization via Graph Cuts.* PAMI 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.moves import Fusion
from cinekit.solve.prospects import NEGLECT
from cinekit.solve.starts import first_labels


@dataclass(frozen=True, kw_only=True)
class ExpansionSolver:
    """Expansion moves over all labels in turn, until a sweep brings too little.

    A backend that is only a minimum cut subclasses this and overrides :meth:`cut`.

    Parameters
    ----------
    sweeps : most rounds over all labels, >= 1. Two reach within 1 % of convergence on clips.
    tolerance : stop when a sweep lowers the energy by less than this share of it, >= 0.
        Moves look only where they could gain a few times that; 0 makes every move exact.
    """

    sweeps: int = 6
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        if self.sweeps < 1:
            raise ConfigError(f"expected sweeps >= 1, received {self.sweeps}")
        if not self.tolerance >= 0:
            raise ConfigError(f"expected tolerance >= 0, received {self.tolerance}")

    def cut(
        self,
        terminal: NDArray[np.float32],
        down: NDArray[np.float32],
        up: NDArray[np.float32],
        right: NDArray[np.float32],
        left: NDArray[np.float32],
    ) -> tuple[NDArray[np.bool_], float]:
        """The minimum cut; see :func:`cinekit.solve.grid_cut.grid_cut` for the convention."""
        return grid_cut(terminal, down, up, right, left)

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling that no expansion move of the last sweep could better by much.

        Statistics: ``sweeps``, ``moves`` (cuts), ``accepted``, ``truncated`` (pair terms that had
        to be made submodular, over all moves), ``converged`` (1 when the last sweep gained no
        more than the tolerance, 0 when ``sweeps`` ended it).

        Raises
        ------
        SolverError
            When a pixel has no allowed label, or the start uses a forbidden one.
        """
        labels = first_labels(problem, start)
        fusion = Fusion(problem, labels, self.cut, NEGLECT * self.tolerance)
        sweeps = expand(fusion, self.sweeps, self.tolerance, progress)
        return Solution(
            labels=fusion.labels,
            energy=fusion.energy,
            statistics={"sweeps": sweeps, **counts(fusion)},
        )


def expand(fusion: Fusion, sweeps: int, tolerance: float, progress: Progress = silent) -> float:
    """Sweep over all labels until nothing changes or too little; the number of sweeps.

    A label whose move was tried when the labelling was the same as now is not tried again. Labels
    that gained nothing before are: what others changed since may have opened the way for them.
    """
    n_labels = fusion.problem.n_labels
    energy = fusion.energy
    version = done = 0
    tried = [-1] * n_labels
    for sweep in range(sweeps):
        for label in range(n_labels):
            if tried[label] != version:
                version += fusion.propose(label) > 0
                # The move that was just made is optimal for this label: no need to repeat it.
                tried[label] = version
            progress((sweep + (label + 1) / n_labels) / sweeps)
        done += 1
        before, energy = energy, fusion.energy
        fusion.converged = before - energy <= tolerance * abs(before)
        if fusion.converged:
            break
    progress(1.0)
    return float(done)


def counts(fusion: Fusion) -> dict[str, float]:
    """What a fusion did, for statistics."""
    return {
        "moves": float(fusion.moves),
        "accepted": float(fusion.accepted),
        "truncated": float(fusion.truncated),
        "converged": float(fusion.converged),
    }
