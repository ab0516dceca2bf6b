"""From the solver's labels of one candidate to a cinemagraph: full size, rendered, judged.

A candidate that is not good is made again in the ways that the attempts propose, in their order,
until one is good. The best verdict stays, the first of equals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
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
)
from cinekit.mend.whole import share_inside
from cinekit.model import Candidate, Clip, Loop, Regions, Verdict
from cinekit.protocols import Attempt, Judge, Proposal
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts
from cinekit.solve.refine import refine_borders

_FIRM = 100.0
"""What it costs that a firm pixel becomes still, or loops: more than any border of it."""

_ELSEWHERE = 0.4
"""Share of what moves inside the target, below which another verdict than doubtful is not worth the
seconds that making it takes: by the clip, so less than the half that the judge asks for."""

Made = tuple[Loop, NDArray[np.uint8]]
"""A cinemagraph and its frames, uint8 (n, H, W, 3)."""


def finish(
    clip: Clip,
    regions: Regions,
    solved: SolvedCandidate,
    labels: LabelMap,
    weights: BorderCosts,
    *,
    render: RenderOptions,
    judge: Judge,
    attempts: Sequence[Attempt],
) -> Made:
    """A candidate as its labels have it, or in another way where that looks better.

    labels : those of the solver, at the resolution of the clip.
    weights : of the candidate's borders, at the resolution of the clip.
    """
    candidate = solved.candidate
    make = partial(_make, clip, regions, solved, weights, render, judge)
    best, frames = make(Proposal("", labels, asked=candidate.target))
    shown = best
    longest = longest_loop(clip.fps, render)
    for attempt in attempts:
        verdict = best.judgement.verdict
        if verdict is Verdict.GOOD:
            break
        proposal = contract.propose(attempt, clip, regions, candidate, labels, longest)
        if proposal is None or (
            verdict is Verdict.DOUBTFUL
            and share_inside(clip, proposal.labels, proposal.asked) < _ELSEWHERE
        ):
            continue
        del frames  # the frames of two loops at once would be the peak of the whole job
        shown, frames = make(proposal)
        if shown.judgement.verdict.rank < verdict.rank:
            best = shown
    if shown is not best:
        del frames
        frames = frames_of(clip, best, render)
    return best, frames


def _make(
    clip: Clip,
    regions: Regions,
    solved: SolvedCandidate,
    weights: BorderCosts,
    render: RenderOptions,
    judge: Judge,
    proposal: Proposal,
) -> Made:
    """Still part, borders, frames, verdict."""
    candidate = solved.candidate
    # The still part first: borders are fitted to the frame that they will lie against.
    labels = choose_still(proposal.labels, clip, render.still)
    if proposal.firm is not None:
        weights = _firmly(weights, proposal.firm, labels.looping)
    refined = refine_borders(clip, labels, weights, proposal.band * render.band)
    labels = refined.labels
    n_frames = loop_length(labels, clip.fps, render)
    shown = calmed(clip, labels, candidate, regions, render)
    frames = render_loop(clip, shown, n_frames, render)
    # What was calmed on purpose is not held against the loop.
    asked = Candidate(
        candidate.id, candidate.regions, proposal.asked & (shown.looping | ~labels.looping)
    )
    first = calmest_frame(frames, shown)
    judgement = contract.judge(judge, clip, shown, asked, regions, frames, first)
    begin_at(frames, first)
    borders = {"borders before": refined.before, "borders after": refined.after}
    words = {proposal.words: 1.0} if proposal.words else {}
    made = Loop(
        candidate,
        labels=shown,
        n_frames=n_frames,
        judgement=judgement,
        energies={**solved.energies, **borders},
        statistics={**solved.statistics, **words},
        first=first,
    )
    return made, frames


def frames_of(clip: Clip, loop: Loop, options: RenderOptions) -> NDArray[np.uint8]:
    """The frames of a finished candidate as its file has them: uint8 (n, H, W, 3)."""
    frames = render_loop(clip, loop.labels, loop.n_frames, options)
    begin_at(frames, loop.first)
    return frames


def _firmly(
    weights: BorderCosts, firm: NDArray[np.bool_], looping: NDArray[np.bool_]
) -> BorderCosts:
    """Weights under which the firm pixels stay looping or still, as they are."""
    still = np.where(firm & looping, np.float32(_FIRM), weights.still)
    moving = np.where(firm & ~looping, np.float32(_FIRM), weights.moving)
    return dataclasses.replace(weights, still=still, moving=moving)
