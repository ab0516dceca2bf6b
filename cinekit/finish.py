"""From the solver's labels of one candidate to a cinemagraph: full size, rendered, judged.

A candidate that is not good is made a second time with its things as whole pieces
(:mod:`cinekit.solve.whole`); the better verdict stays.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cinekit.render import (
    RenderOptions,
    begin_at,
    calmed,
    calmest_frame,
    choose_still,
    judge,
    longest_loop,
    loop_length,
    render_loop,
    to_clip_resolution,
)
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.refine import refine_borders
from cinekit.solve.whole import WholeOptions, WholePieces
from cinekit.types import Cinemagraph, Clip, LoopLabels, Result, Verdict

_COARSE_BAND = 2
"""Bands of whole pieces are so much wider: their borders come from a smaller picture."""

Made = tuple[Cinemagraph, NDArray[np.uint8]]
"""A cinemagraph and its frames, uint8 (n, H, W, 3)."""


class Finisher:
    """Finishes the candidates of one result, one after the other."""

    def __init__(self, result: Result, render: RenderOptions, whole: WholeOptions) -> None:
        self.result, self.render, self.whole = result, render, whole

    @cached_property
    def _pieces(self) -> WholePieces:
        clip = self.result.clip
        longest = longest_loop(clip.fps, self.render)
        return WholePieces(clip, self.result.regions, self.whole, longest)

    def finish(self, solved: SolvedCandidate, weights: BorderCosts) -> Made:
        """The candidate as its labels have it, or as whole pieces where that looks better.

        weights : of the candidate's borders, at the resolution of the clip.
        """
        labels = to_clip_resolution(solved.labels, self.result.clip, self.result.every)
        made = self._make(solved, labels, weights, self.render.band)
        if made[0].judgement.verdict is Verdict.GOOD or not self.whole.enabled:
            return made
        first = made[0]
        del made  # the frames of two loops at once would be the peak of the whole job
        pieces = self._pieces.labels(solved.candidate)
        if pieces is not None:
            other = self._make(solved, pieces, weights, _COARSE_BAND * self.render.band)
            if rank_of(other[0]) < rank_of(first):
                statistics = {**other[0].statistics, "whole pieces": 1.0}
                return dataclasses.replace(other[0], statistics=statistics), other[1]
            del other
        return first, frames_of(self.result.clip, first, self.render)

    def _make(
        self, solved: SolvedCandidate, labels: LoopLabels, weights: BorderCosts, band: int
    ) -> Made:
        """Still part, borders, frames, verdict."""
        clip, candidate = self.result.clip, solved.candidate
        # The still part first: borders are fitted to the frame that they will lie against.
        labels = choose_still(labels, clip, self.render.still)
        refined = refine_borders(clip, labels, weights, band)
        labels = refined.labels
        n_frames = loop_length(labels, clip.fps, self.render)
        shown = calmed(clip, labels, candidate, self.result.regions, self.render)
        frames = render_loop(clip, shown, n_frames, self.render)
        asked = dataclasses.replace(
            candidate, target=candidate.target & (shown.looping | ~labels.looping)
        )
        first = calmest_frame(frames, shown)
        judgement = judge(clip, shown, asked, self.result.regions, frames, first)
        begin_at(frames, first)
        energies = {
            **solved.energies,
            "borders before": refined.before,
            "borders after": refined.after,
        }
        made = Cinemagraph(
            candidate, shown, n_frames, judgement, energies, solved.statistics, first
        )
        return made, frames


def frames_of(clip: Clip, cinemagraph: Cinemagraph, options: RenderOptions) -> NDArray[np.uint8]:
    """The frames of a finished candidate as its file has them: uint8 (n, H, W, 3)."""
    frames = render_loop(clip, cinemagraph.labels, cinemagraph.n_frames, options)
    begin_at(frames, cinemagraph.first)
    return frames


def rank_of(cinemagraph: Cinemagraph) -> int:
    """0 for good, 1 for doubtful, 2 for refused."""
    return list(Verdict).index(cinemagraph.judgement.verdict)
