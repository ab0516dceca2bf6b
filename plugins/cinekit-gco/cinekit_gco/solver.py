"""Expansion and swap moves decided by GCO."""

from __future__ import annotations

import ctypes
import itertools
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

import cinekit
from cinekit import (
    ConfigError,
    ExpansionSolver,
    LabelProblem,
    Progress,
    Solution,
    SolverError,
    first_labels,
    silent,
)
from cinekit.energy import MoveCosts
from cinekit.energy.area import Area
from cinekit.solve.expansion import counts, expand
from cinekit.solve.grid_cut import grid_cut
from cinekit.solve.moves import Fusion, Labels

LOCK = threading.Lock()
"""GCO's callback and its table of handles are global: one solve at a time."""

LARGEST = 1_000_000
"""What the largest cost becomes. GCO refuses terms above ten times this, for fear of overflow."""

FORBIDDEN = 10 * LARGEST

WIDEST = 1e4
"""How many times larger pair costs may be than unary ones, which must keep their digits."""


class Moves(StrEnum):
    """Which moves GCO makes."""

    EXPANSION = "expansion"
    """Every pixel may take one label: L moves a sweep."""
    SWAP = "swap"
    """The pixels of two labels may exchange them: L (L - 1) / 2 moves a sweep."""


@dataclass(frozen=True, kw_only=True)
class GcoSolver(ExpansionSolver):
    """Expansion or swap moves by GCO (Boykov, Veksler, Zabih; research licence).

    The other options are those of :class:`cinekit.solve.ExpansionSolver`.

    Parameters
    ----------
    algorithm : which moves. Swap moves need no triangle inequality, but there are many more of
        them and they reach less.
    """

    algorithm: Moves = Moves.EXPANSION

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            object.__setattr__(self, "algorithm", Moves(self.algorithm))
        except ValueError:
            raise ConfigError(
                f"expected algorithm expansion or swap, received {self.algorithm!r}"
            ) from None

    def unavailable(self) -> str | None:
        """Why this solver cannot run here, or None."""
        return cinekit.lacking("gco", "gco-wrapper>=3.0.9")

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling that no move of the last sweep could better by much.

        Statistics as those of :class:`cinekit.solve.ExpansionSolver`.

        Raises
        ------
        SolverError
            When a pixel has no allowed label, the start uses a forbidden one, or pair costs are so
            much larger than all others that whole numbers cannot express both.
        """
        library = cinekit.require("gco.cgco", "gco-wrapper>=3.0.9", "solver 'gco'")
        labels = first_labels(problem, start)
        if problem.n_labels == 1:  # no choice, and GCO would abort the process
            return Solution(labels, problem.energy(labels))
        with LOCK, _GcoFusion(problem, labels, library) as fusion:
            run = expand if self.algorithm is Moves.EXPANSION else _swap
            sweeps = run(fusion, self.sweeps, self.tolerance, progress)
        return Solution(fusion.labels, fusion.energy, None, {"sweeps": sweeps, **counts(fusion)})


def _swap(fusion: _GcoFusion, sweeps: int, tolerance: float, progress: Progress) -> float:
    """Sweep over all pairs of labels until one gains too little; the number of sweeps."""
    pairs = list(itertools.combinations(range(fusion.problem.n_labels), 2))
    for sweep in range(sweeps):
        before = fusion.energy
        for k, (alpha, beta) in enumerate(pairs):
            fusion.swap(alpha, beta)
            progress((sweep + (k + 1) / len(pairs)) / sweeps)
        fusion.converged = before - fusion.energy <= tolerance * abs(before)
        if fusion.converged:
            break
    progress(1.0)
    return float(sweep + 1)


class _GcoFusion(Fusion):
    """Moves decided by GCO on costs rounded to whole numbers."""

    def __init__(self, problem: LabelProblem, labels: Labels, library: Any) -> None:
        super().__init__(problem, labels, grid_cut)
        from cinekit_gco import callback

        self._callback = callback
        self._library = library._cgco
        self._function = ctypes.cast(callback.smooth_cost().address, library._SMOOTH_COST_FN)
        h, w = problem.shape
        unary = problem.unary.reshape(problem.n_labels, -1).T  # (pixels, L)
        finite = np.isfinite(unary)
        lowest = np.where(finite, unary, np.inf).min(axis=1, keepdims=True)
        extra = np.where(finite, unary - lowest, 0)  # a pixel's lowest cost changes no decision
        pairs = _largest_pair_cost(problem)
        if extra.any() and pairs > WIDEST * float(extra.max()):
            raise SolverError(
                f"expected pair costs at most {WIDEST:g} times the unary costs ({extra.max():g}), "
                f"received {pairs:g}: GCO's whole numbers cannot express both, "
                "choose another solver"
            )
        self._scale = LARGEST / max(float(extra.max()), pairs, 1e-12)
        whole = np.where(finite, np.rint(extra * self._scale), FORBIDDEN)
        self._data = np.ascontiguousarray(whole, np.intc)  # GCO keeps the pointer: must live
        # One more row and column than edges, so that an edge is found by its first pixel's number.
        self._costs = np.zeros((2, 4, h, w), np.int32)
        self._known = np.zeros(h * w, np.intc)
        self._handle = -1

    def __enter__(self) -> _GcoFusion:
        h, w = self.problem.shape
        handle = np.zeros(1, np.intc)
        self._library.gcoCreateGeneralGraph(h * w, self.problem.n_labels, handle)
        self._handle = int(handle[0])
        self._library.gcoSetDataCost(self._handle, self._data)
        pixels = np.arange(h * w, dtype=np.intc).reshape(h, w)
        first = np.concatenate([pixels[:-1].ravel(), pixels[:, :-1].ravel()])
        second = np.concatenate([pixels[1:].ravel(), pixels[:, 1:].ravel()])
        if len(first):
            ones = np.ones(len(first), np.intc)
            self._library.gcoSetAllNeighbors(self._handle, first, second, ones, len(first))
        self._library.gcoSetSmoothCostFunction(self._handle, self._function)
        return self

    def __exit__(self, *_error: object) -> None:
        self._library.gcoDestroyGraph(self._handle)

    def decide(
        self, proposal: Labels | int, unary: NDArray[np.float32], _area: Area
    ) -> NDArray[np.bool_]:
        """GCO's expansion on one label; a whole labelling is one that :meth:`swap` decided.

        The area is always the whole grid: this fusion neglects nothing.
        """
        if not isinstance(proposal, int):
            return np.isfinite(unary)
        self._quantise(self.costs)
        self._tell(proposal)
        success = np.zeros(1, np.intc)
        self._library.gcoExpansionOnAlpha(self._handle, proposal, success)
        self._library.gcoGetLabels(self._handle, self._known)
        taken: NDArray[np.bool_] = self._known.reshape(self.labels.shape) == proposal
        # A forbidden label is only dear to GCO.
        return taken & np.isfinite(unary)

    def swap(self, alpha: int, beta: int) -> int:
        """Let the pixels of two labels choose between them; how many changed."""
        here = (self.labels == alpha) | (self.labels == beta)
        if not here.any():
            return 0
        base = Fusion(self.problem, np.where(here, np.int32(beta), self.labels), grid_cut)
        base.pair_costs(np.where(here, np.int32(alpha), self.labels))
        self._quantise(base.costs)
        self._tell(alpha)
        self._library.gcoAlphaBetaSwap(self._handle, alpha, beta)
        self._library.gcoGetLabels(self._handle, self._known)
        swapped = self._known.reshape(self.labels.shape).astype(np.int32)
        allowed = np.isfinite(np.take_along_axis(self.problem.unary, swapped[None], axis=0)[0])
        return self.propose(np.where(allowed, swapped, self.labels))

    def _quantise(self, costs: MoveCosts) -> None:
        """The four costs of every edge as whole numbers, submodular: GCO aborts on others."""
        h, w = self.problem.shape
        for planes, out in zip(
            (costs.vertical, costs.horizontal),
            (self._costs[0, :, : h - 1], self._costs[1, :, :, : w - 1]),
            strict=True,
        ):
            if planes.max(initial=0.0) * self._scale > FORBIDDEN / 2:
                raise SolverError(
                    f"expected pair costs up to {FORBIDDEN / 2 / self._scale:g}, received "
                    f"{planes.max():g}: GCO's whole numbers cannot express it, "
                    "choose another solver"
                )
            whole = np.rint(planes * self._scale).astype(np.int32)
            most = whole[1] + whole[2] - whole[3]
            self.truncated += int(np.count_nonzero(whole[0] > most))
            whole[0] = np.minimum(whole[0], most)
            out[:] = whole

    def _tell(self, alpha: int) -> None:
        """Point the callback to the costs, and make GCO's labels ours.

        At first all labels, later those of a move that was not accepted.
        """
        state, names = self._callback.STATE, self._callback
        state[names.VERTICAL] = self._costs[0].ctypes.data
        state[names.HORIZONTAL] = self._costs[1].ctypes.data
        state[names.WIDTH] = self.problem.shape[1]
        state[names.PIXELS] = self.labels.size
        state[names.ALPHA] = alpha
        ours = self.labels.ravel()
        for site in np.flatnonzero(self._known != ours):
            self._library.gcoInitLabelAtSite(self._handle, int(site), int(ours[site]))
        self._known[:] = ours


def _largest_pair_cost(problem: LabelProblem) -> float:
    """From every label to its next one and to one far away."""
    n = problem.n_labels
    return max(
        float(problem.pairwise(axis, a, (a + step) % n).max(initial=0.0))
        for axis in (0, 1)
        for a in range(n)
        for step in (1, n // 2)
    )
