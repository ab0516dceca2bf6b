"""Solver plugin for cinekit: expansion moves with PyMaxflow's minimum cut.

PyMaxflow is under the GPL: a program that runs this plugin must be passed on under the GPL.
"""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Solver, hookimpl


@hookimpl
def cinekit_solvers() -> Mapping[str, type[Solver]]:
    """``solver=maxflow``."""
    return LazyComponents({"maxflow": "cinekit_maxflow.solver:MaxflowSolver"})
