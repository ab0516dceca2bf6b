"""Its heavy component needs a library that is not there; its light one does not."""

from dataclasses import dataclass

import cinekit


@dataclass(frozen=True, kw_only=True)
class LightSolver:
    def solve(self, problem, start=None, progress=cinekit.silent):
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class LateSolver:
    """Imports its library when it is called, as it should."""

    def solve(self, problem, start=None, progress=cinekit.silent):
        return cinekit.require("some_absent_library.deep", "some-absent-library", "solver 'late'")


@cinekit.hookimpl
def cinekit_solvers():
    return cinekit.LazyComponents(
        {
            "light": "fake_missing:LightSolver",
            "late": "fake_missing:LateSolver",
            "deep": "fake_missing_deep:DeepSolver",
        }
    )
