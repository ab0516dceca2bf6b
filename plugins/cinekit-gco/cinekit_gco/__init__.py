"""Solver plugin for cinekit: GCO's expansion moves.

The GCO library is for research purposes only; commercial use needs its authors' permission.
"""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Solver, hookimpl


@hookimpl
def cinekit_solvers() -> Mapping[str, type[Solver]]:
    """``solver=gco``."""
    return LazyComponents({"gco": "cinekit_gco.solver:GcoSolver"})
