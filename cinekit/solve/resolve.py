"""Algorithm 1 for the candidates that no earlier run has solved."""

from __future__ import annotations

from collections.abc import Sequence

from cinekit.energy import EnergyOptions, LoopCosts
from cinekit.energy.working import WorkingClip
from cinekit.model import Candidate
from cinekit.protocols import Progress, Solver
from cinekit.solve import SolvedCandidate, solve_candidates
from cinekit.solve.stages import PeriodStarts, solve_periods
from cinekit.store.cache import Recall


class Resolver:
    """The solutions of one working clip.

    Stage 1 and every candidate are kept each by itself: another target, as a user paints it, leaves
    stage 1 and the other candidates as they are.
    """

    def __init__(
        self, working: WorkingClip, energy: EnergyOptions, solver: Solver, recall: Recall
    ) -> None:
        self.working, self.energy, self.solver, self.recall = working, energy, solver, recall
        self._key = recall.key("starts", working, energy, component=solver)

    def key(self, candidate: Candidate) -> str | None:
        """What the solution of a candidate depends on."""
        return self.recall.key("solution", self._key, candidate)

    def solve(
        self,
        costs: LoopCosts,
        candidates: Sequence[Candidate],
        threads: int,
        progress: Progress,
    ) -> list[SolvedCandidate]:
        """The solution of every candidate, in their order.

        costs : of the working clip and the energy that this resolver was made with.
        """
        keys = [self.key(candidate) for candidate in candidates]
        known = [self.recall.load("solution", key, SolvedCandidate) for key in keys]
        missing = [i for i, solved in enumerate(known) if solved is None]
        if missing:
            shared = self._starts(costs, threads, lambda share: progress(0.5 * share))
            found = solve_candidates(
                costs,
                [candidates[i] for i in missing],
                self.solver,
                threads=threads,
                shared=shared,
                progress=lambda share: progress(0.5 + 0.5 * share),
            )
            for i, solved in zip(missing, found, strict=True):
                self.recall.save("solution", keys[i], solved)
                known[i] = solved
        progress(1.0)
        return [solved for solved in known if solved is not None]

    def _starts(self, costs: LoopCosts, threads: int, progress: Progress) -> PeriodStarts:
        """Stage 1."""
        starts = self.recall.load("starts", self._key, PeriodStarts)
        if starts is None:
            starts = solve_periods(costs, self.solver, threads=threads, progress=progress)
            self.recall.save("starts", self._key, starts)
        return starts
