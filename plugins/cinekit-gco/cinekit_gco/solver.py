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

Labels = NDArray[np.int32]

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
class GcoSolver(cinekit.Checked):
    """Expansion or swap moves by GCO (Boykov, Veksler, Zabih; research licence).

    Parameters
    ----------
    sweeps : most rounds over all moves, >= 1.
    tolerance : stop when a sweep lowers the energy by less than this share of it, >= 0.
    algorithm : which moves. Swap moves need no triangle inequality, but there are many more of
        them and they reach less.
    """

    sweeps: cinekit.Count = 6
    tolerance: cinekit.NotNegative = 1e-3
    algorithm: Moves = Moves.EXPANSION

    def unavailable(self) -> str | None:
        """Why this solver cannot run here, or None."""
        return cinekit.lacking("gco", "gco-wrapper>=3.0.9")

    def solve(
        self,
        problem: cinekit.LabelProblem,
        start: Labels | None = None,
        progress: cinekit.Progress = cinekit.silent,
    ) -> cinekit.Solution:
        """A labelling that no move of the last sweep could better by much.

        Statistics: ``sweeps``, ``moves``, ``accepted``, ``truncated`` (pair terms that had to be
        made submodular, over all moves), ``converged`` (1 when the last sweep gained no more than
        the tolerance).

        Raises
        ------
        SolverError
            When a pixel has no allowed label, the start uses a forbidden one, or pair costs are so
            much larger than all others that whole numbers cannot express both.
        """
        library = cinekit.require("gco.cgco", "gco-wrapper>=3.0.9", "solver 'gco'")
        labels = cinekit.first_labels(problem, start)
        energy = problem.energy(labels)
        if problem.n_labels == 1:  # no choice, and GCO would abort the process
            progress(1.0)
            return cinekit.Solution(labels, energy)
        count = dict.fromkeys(("sweeps", "moves", "accepted", "truncated", "converged"), 0.0)
        each = range(problem.n_labels)
        swaps = self.algorithm is Moves.SWAP
        moves = list(itertools.combinations(each, 2)) if swaps else [(alpha,) for alpha in each]
        with LOCK, _Graph(problem, library) as graph:
            move_of = graph.swap if swaps else graph.expand
            while count["sweeps"] < self.sweeps and not count["converged"]:
                before = energy
                for k, move in enumerate(moves):
                    proposed = move_of(labels, *move)
                    count["moves"] += 1
                    # GCO decides on rounded costs: the problem has the last word.
                    if (proposed != labels).any() and (new := problem.energy(proposed)) < energy:
                        labels, energy = proposed, new
                        count["accepted"] += 1
                    progress((count["sweeps"] + (k + 1) / len(moves)) / self.sweeps)
                count["sweeps"] += 1
                count["converged"] = float(before - energy <= self.tolerance * abs(before))
            count["truncated"] = float(graph.truncated)
        progress(1.0)
        return cinekit.Solution(labels, energy, None, count)


class _Graph:
    """GCO's graph of a problem, with costs rounded to whole numbers."""

    def __init__(self, problem: cinekit.LabelProblem, library: Any) -> None:
        from cinekit_gco import callback

        self.problem = problem
        self.truncated = 0
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
            raise cinekit.SolverError(
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

    def __enter__(self) -> _Graph:
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

    def expand(self, labels: Labels, alpha: int) -> Labels:
        """Every pixel keeps its label or takes alpha."""
        self._quantise(labels, np.full_like(labels, alpha))
        self._tell(labels, alpha)
        self._library.gcoExpansionOnAlpha(self._handle, alpha, np.zeros(1, np.intc))
        return self._decided(labels)

    def swap(self, labels: Labels, alpha: int, beta: int) -> Labels:
        """The pixels of two labels choose between them."""
        here = (labels == alpha) | (labels == beta)
        if not here.any():
            return labels
        self._quantise(
            np.where(here, np.int32(beta), labels), np.where(here, np.int32(alpha), labels)
        )
        self._tell(labels, alpha)
        self._library.gcoAlphaBetaSwap(self._handle, alpha, beta)
        return self._decided(labels)

    def _decided(self, labels: Labels) -> Labels:
        """GCO's labels; where one is forbidden, which is only dear to GCO, the one of before."""
        self._library.gcoGetLabels(self._handle, self._known)
        found = self._known.reshape(labels.shape).astype(np.int32)
        allowed = np.isfinite(np.take_along_axis(self.problem.unary, found[None], axis=0)[0])
        return np.where(allowed, found, labels)

    def _quantise(self, base: Labels, proposal: Labels) -> None:
        """Pair costs of every edge, whichever end takes the proposal, as whole numbers.

        They are made submodular: GCO aborts on others.
        """
        h, w = self.problem.shape
        for axis, out in ((0, self._costs[0, :, : h - 1]), (1, self._costs[1, :, :, : w - 1])):
            first, second = (
                [one[cut] if axis == 0 else one[:, cut] for one in (base, proposal)]
                for cut in (slice(None, -1), slice(1, None))
            )
            planes = np.stack([self.problem.pairwise(axis, a, b) for a in first for b in second])
            if planes.max(initial=0.0) * self._scale > FORBIDDEN / 2:
                raise cinekit.SolverError(
                    f"expected pair costs up to {FORBIDDEN / 2 / self._scale:g}, received "
                    f"{planes.max():g}: GCO's whole numbers cannot express it, "
                    "choose another solver"
                )
            whole = np.rint(planes * self._scale).astype(np.int32)
            most = whole[1] + whole[2] - whole[3]
            self.truncated += int(np.count_nonzero(whole[0] > most))
            whole[0] = np.minimum(whole[0], most)
            out[:] = whole

    def _tell(self, labels: Labels, alpha: int) -> None:
        """Point the callback to the costs, and make GCO's labels ours.

        At first all labels, later those of a move that was not accepted.
        """
        state, names = self._callback.STATE, self._callback
        state[names.VERTICAL] = self._costs[0].ctypes.data
        state[names.HORIZONTAL] = self._costs[1].ctypes.data
        state[names.WIDTH] = self.problem.shape[1]
        state[names.PIXELS] = labels.size
        state[names.ALPHA] = alpha
        ours = labels.ravel()
        for site in np.flatnonzero(self._known != ours):
            self._library.gcoInitLabelAtSite(self._handle, int(site), int(ours[site]))
        self._known[:] = ours


def _largest_pair_cost(problem: cinekit.LabelProblem) -> float:
    """From every label to its next one and to one far away."""
    n = problem.n_labels
    return max(
        float(problem.pairwise(axis, a, (a + step) % n).max(initial=0.0))
        for axis in (0, 1)
        for a in range(n)
        for step in (1, n // 2)
    )
