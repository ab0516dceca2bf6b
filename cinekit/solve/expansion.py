"""Alpha-expansion: the loop is the core's, the minimum cut is anybody's.

Y. Boykov, O. Veksler, R. Zabih. *Fast Approximate Energy Minimization via Graph Cuts.* PAMI 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, NotNegative
from cinekit.protocols import LabelProblem, Progress, Solution, silent
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.initial import first_labels
from cinekit.solve.moves import Moves
from cinekit.solve.prospects import NEGLECT


@dataclass(frozen=True, kw_only=True)
class ExpansionSolver(Checked):
    """Expansion moves over all labels in turn, until a sweep brings too little.

    A backend that is only a minimum cut subclasses this and overrides :meth:`cut`.

    Parameters
    ----------
    sweeps : most rounds over all labels, >= 1. Two reach within 1 % of convergence on clips.
    tolerance : stop when a sweep lowers the energy by less than this share of it, >= 0.
        Moves look only where they could gain a few times that; 0 makes every move exact.
    """

    sweeps: Count = 6
    tolerance: NotNegative = 1e-3

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
        # Moves know the own cut by its name, and give it their planes without copies or checks.
        own = type(self).cut is ExpansionSolver.cut
        cut = grid_cut if own else self.cut
        moves = Moves.of(problem, labels, cut, NEGLECT * self.tolerance)
        sweeps = expand(moves, self.sweeps, self.tolerance, progress)
        return Solution(
            labels=moves.labels,
            energy=moves.energy,
            statistics={"sweeps": sweeps, **counts(moves)},
        )


def expand(moves: Moves, sweeps: int, tolerance: float, progress: Progress = silent) -> float:
    """Sweep over all labels until nothing changes or too little; the number of sweeps.

    A label whose move was tried when the labelling was the same as now is not tried again. Labels
    that gained nothing before are: what others changed since may have opened the way for them.
    """
    n_labels = moves.n_labels
    energy = moves.energy
    version = done = 0
    tried = [-1] * n_labels
    for sweep in range(sweeps):
        for label in range(n_labels):
            if tried[label] != version:
                version += moves.propose(label) > 0
                # The move that was just made is optimal for this label: no need to repeat it.
                tried[label] = version
            progress((sweep + (label + 1) / n_labels) / sweeps)
        done += 1
        before, energy = energy, moves.energy
        moves.converged = before - energy <= tolerance * abs(before)
        if moves.converged:
            break
    progress(1.0)
    return float(done)


def thinned_sweep(moves: Moves, stride: int) -> None:
    """A sweep with few cuts, for labels in an order in which neighbours cost much the same.

    On start frames of one period an expansion sweep spends most of its cuts on labels beside ones
    that were just tried. Here every ``stride``-th label is proposed, and then every pixel may go on
    from its label by half of that, up or down, by a quarter, and so on to 1: L / k + 2 log2 k cuts,
    which on clips end about as low as the L cuts of a full sweep. Jumps by a constant are
    submodular on every line metric (Veksler, *Efficient Graph-Based Energy Minimization Methods in
    Computer Vision*, 1999).

    stride : >= 1, a power of 2 to reach every label; 1 is a full sweep. Halved while that costs no
        more cuts.
    """
    n_labels = moves.n_labels
    while stride > 1 and n_labels <= 2 * stride:
        stride //= 2
    for label in range(stride // 2, n_labels, stride):
        moves.propose(label)
    step = stride // 2
    while step >= 1:
        for jump in (step, -step):
            moves.propose(np.clip(moves.labels + np.int32(jump), 0, n_labels - 1))
        step //= 2


def counts(moves: Moves) -> dict[str, float]:
    """What moves did, for statistics."""
    return {
        "moves": float(moves.moves),
        "accepted": float(moves.accepted),
        "truncated": float(moves.truncated),
        "converged": float(moves.converged),
    }
