"""The energy of a loop labelling ([O] section 3), and the label problems that solvers get.

working = make_working(clip, response, regions, WorkingOptions())
costs = LoopCosts(working, EnergyOptions())
problem = period_problem(costs, costs.periods[0])
labels = problem.unary.argmin(axis=0).astype("int32")
energy_terms(costs, None, problem.loops(labels)).total == approx(problem.energy(labels))
"""

from cinekit.energy.costs import LoopCosts
from cinekit.energy.evaluate import energy_terms
from cinekit.energy.options import PRESETS, EnergyOptions, GammaSpatial, WorkingOptions
from cinekit.energy.problem import LoopProblem, MoveCosts
from cinekit.energy.stages import (
    choice_problem,
    constant_starts,
    either_problem,
    label_cost,
    period_problem,
    start_problem,
    still_frames,
    target_map,
)
from cinekit.energy.working import WorkingClip, make_working

__all__ = [
    "PRESETS",
    "EnergyOptions",
    "GammaSpatial",
    "LoopCosts",
    "LoopProblem",
    "MoveCosts",
    "WorkingClip",
    "WorkingOptions",
    "choice_problem",
    "constant_starts",
    "either_problem",
    "energy_terms",
    "label_cost",
    "make_working",
    "period_problem",
    "start_problem",
    "still_frames",
    "target_map",
]
