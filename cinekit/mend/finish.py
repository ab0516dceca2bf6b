"""From the solver's labels of one candidate to a cinemagraph: full size, rendered, judged.

A candidate that is not good is made again: without the things that pass through its texture
(:mod:`cinekit.mend.held`), then with its things as whole pieces (:mod:`cinekit.mend.whole`). The
best verdict stays, the first of equals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.judge.solid import SolidThings, solid_things
from cinekit.labels import LabelMap
from cinekit.loop import (
    RenderOptions,
    begin_at,
    calmed,
    calmest_frame,
    choose_still,
    longest_loop,
    loop_length,
    render_loop,
    to_clip_resolution,
)
from cinekit.mend.held import hold_still
from cinekit.mend.whole import WholeOptions, WholePieces
from cinekit.model import Candidate, Cinemagraph, Clip, Result, Verdict
from cinekit.protocols import Judge
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.refine import refine_borders

_COARSE_BAND = 2
"""Bands of whole pieces are so much wider: their borders come from a smaller picture."""

_FIRM = 100.0
"""What it costs that a pixel of a thing becomes still, or loops: more than any border of it."""

_LEAST = 0.02
"""Share of the frame: where less of a candidate is texture, or things, it is not made of both."""

_ELSEWHERE = 0.4
"""Share of what moves inside the target, below which a verdict will find most of it elsewhere; by
the clip and without knowing what will be seen, so less than the half it asks for."""

Made = tuple[Cinemagraph, NDArray[np.uint8]]
"""A cinemagraph and its frames, uint8 (n, H, W, 3)."""


@dataclass(frozen=True, eq=False)
class _Way:
    """A way to make a candidate.

    labels : at the resolution of the clip. band : half width of the band in which its borders are
    solved again, pixels. asked : bool (H, W), where it should move. firm : bool (H, W), pixels that
    stay still, or looping, as they are. statistics : what tells it from the others.
    """

    labels: LabelMap
    band: int
    asked: NDArray[np.bool_]
    firm: NDArray[np.bool_] | None = None
    statistics: dict[str, float] = field(default_factory=dict)


class Finisher:
    """Finishes the candidates of one result, one after the other."""

    def __init__(
        self, result: Result, render: RenderOptions, whole: WholeOptions, judge: Judge
    ) -> None:
        self.result, self.render, self.whole, self.judge = result, render, whole, judge

    @cached_property
    def _pieces(self) -> WholePieces:
        clip = self.result.clip
        longest = longest_loop(clip.fps, self.render)
        return WholePieces(clip, self.result.regions, self.whole, longest, self._solid.mask)

    @property
    def _solid(self) -> SolidThings:
        return self.result.clip.view.once(solid_things)

    def finish(self, solved: SolvedCandidate, weights: BorderCosts) -> Made:
        """The candidate as its labels have it, or in another way where that looks better.

        weights : of the candidate's borders, at the resolution of the clip.
        """
        candidate = solved.candidate
        labels = to_clip_resolution(solved.labels, self.result.clip, self.result.every)
        first = _Way(labels, self.render.band, candidate.target)
        best, frames = self._make(solved, first, weights)
        shown = best
        for way in self._other_ways(candidate, labels):
            if best.judgement.verdict is Verdict.GOOD:
                break
            if (
                best.judgement.verdict is Verdict.DOUBTFUL
                and self._pieces.inside(way.labels, way.asked) < _ELSEWHERE
            ):
                continue  # doubtful at best, and seconds of work
            del frames  # the frames of two loops at once would be the peak of the whole job
            shown, frames = self._make(solved, way, weights)
            if shown.judgement.verdict.rank < best.judgement.verdict.rank:
                best = shown
        if shown is not best:
            del frames
            frames = frames_of(self.result.clip, best, self.render)
        return best, frames

    def _other_ways(self, candidate: Candidate, labels: LabelMap) -> Iterator[_Way]:
        """What is tried when the labels of the solver, at the resolution of the clip, fail."""
        if not self.whole.enabled:
            return
        things, firm = self._solid.mask, self._solid.near
        held = hold_still(labels, things)
        if held is not None and self._is_texture(candidate):
            asked = candidate.target & ~things
            yield _Way(held, self.render.band, asked, firm, {"held still": 1.0})
        mixed = self._things_whole(candidate, labels)
        if mixed is not None:
            yield _Way(mixed, self.render.band, candidate.target, firm, {"things whole": 1.0})
        pieces = self._pieces.labels(candidate)
        if pieces is not None:
            band = _COARSE_BAND * self.render.band
            yield _Way(pieces, band, candidate.target, firm, {"whole pieces": 1.0})

    def _things_whole(self, candidate: Candidate, labels: LabelMap) -> LabelMap | None:
        """The texture as it was solved, the things in it as whole pieces."""
        things = self._solid.mask
        texture = labels.looping & self.result.regions.natural & ~things
        inside = candidate.target & things
        if texture.mean() < _LEAST or inside.mean() < _LEAST:
            return None
        pieces = self._pieces.labels(dataclasses.replace(candidate, target=inside))
        if pieces is None:
            return None
        kept = texture & ~pieces.looping
        return pieces.where(kept, labels.period, labels.start)

    def _is_texture(self, candidate: Candidate) -> bool:
        """Whether most of a candidate's target is natural."""
        return 2 * int((candidate.target & self.result.regions.natural).sum()) > int(
            candidate.target.sum()
        )

    def _make(self, solved: SolvedCandidate, way: _Way, weights: BorderCosts) -> Made:
        """Still part, borders, frames, verdict."""
        clip, candidate = self.result.clip, solved.candidate
        # The still part first: borders are fitted to the frame that they will lie against.
        labels = choose_still(way.labels, clip, self.render.still)
        if way.firm is not None:
            weights = _firmly(weights, way.firm, labels.looping)
        refined = refine_borders(clip, labels, weights, way.band)
        labels = refined.labels
        n_frames = loop_length(labels, clip.fps, self.render)
        shown = calmed(clip, labels, candidate, self.result.regions, self.render)
        frames = render_loop(clip, shown, n_frames, self.render)
        asked = dataclasses.replace(candidate, target=way.asked & (shown.looping | ~labels.looping))
        first = calmest_frame(frames, shown)
        judgement = contract.judge(
            self.judge, clip, shown, asked, self.result.regions, frames, first
        )
        begin_at(frames, first)
        energies = {
            **solved.energies,
            "borders before": refined.before,
            "borders after": refined.after,
        }
        statistics = {**solved.statistics, **way.statistics}
        made = Cinemagraph(candidate, shown, n_frames, judgement, energies, statistics, first)
        return made, frames


def frames_of(clip: Clip, cinemagraph: Cinemagraph, options: RenderOptions) -> NDArray[np.uint8]:
    """The frames of a finished candidate as its file has them: uint8 (n, H, W, 3)."""
    frames = render_loop(clip, cinemagraph.labels, cinemagraph.n_frames, options)
    begin_at(frames, cinemagraph.first)
    return frames


def _firmly(
    weights: BorderCosts, firm: NDArray[np.bool_], looping: NDArray[np.bool_]
) -> BorderCosts:
    """Weights under which the firm pixels stay looping or still, as they are."""
    still = np.where(firm & looping, np.float32(_FIRM), weights.still)
    moving = np.where(firm & ~looping, np.float32(_FIRM), weights.moving)
    return dataclasses.replace(weights, still=still, moving=moving)
