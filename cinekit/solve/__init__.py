"""Finding the labels of low energy: solvers, and the stages of Algorithm 1 that use them.

Loading this package compiles nothing and is cheap; the kernels compile at their first use.
"""

from cinekit.solve.brute import BruteForceSolver
from cinekit.solve.expansion import ExpansionSolver
from cinekit.solve.grid_cut import MinimumCut, cut_cost, grid_cut
from cinekit.solve.multiscale import MultiscaleSolver
from cinekit.solve.stages import (
    PeriodStarts,
    SolvedCandidate,
    solve_candidates,
    solve_periods,
)

__all__ = [
    "BruteForceSolver",
    "ExpansionSolver",
    "MinimumCut",
    "MultiscaleSolver",
    "PeriodStarts",
    "SolvedCandidate",
    "cut_cost",
    "grid_cut",
    "solve_candidates",
    "solve_periods",
]
