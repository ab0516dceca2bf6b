"""Whether a candidate can be shown to a person, and why not.

The thresholds below separate what looked right from what looked wrong on seven real clips; each
says what it saw. They are stricter where the target is not natural: a wave may jump, a rooster may
not, and a low energy does not mean untorn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.render.measure import luma, measure_loop
from cinekit.render.seams import Borders, own_jump
from cinekit.types import Candidate, Clip, Judgement, LoopLabels, Motion, Regions, Verdict

NOTHING_MOVES = 0.003
"""Share of the frame: below, a person looks for what moves."""

TARGET_STANDS = 0.10
"""Share of the clip's deviation inside the target that the loop must keep, or it is refused."""

TARGET_LAZY = 0.25
"""The same, below which the candidate is doubtful."""

ELSEWHERE = 0.5
"""Share of the moving area inside the target, below which something else moves as well."""

Limits = tuple[float, float]
"""A figure above the first is doubtful, above the second refused."""

STEP: Limits = (1.3, 2.5)
"""worst_step; the clip's own, where it is larger, takes the place of the first."""

TEAR: Limits = (0.10, 0.25)
RIGID_TEAR: Limits = (0.05, 0.15)
GRADIENT: Limits = (1.6, 2.5)
RIGID_GRADIENT: Limits = (1.3, 1.8)
RIGID_JUMP: Limits = (2.5, 5.0)
"""own_jump inside non-natural regions. Natural texture jumps more, and its motion hides it."""


def rigid_mask(regions: Regions) -> NDArray[np.bool_]:
    """Pixels of non-natural regions: bool (H, W)."""
    mask = np.zeros(regions.moving.shape, bool)
    for region in regions.regions:
        if region.motion is Motion.NON_NATURAL:
            mask |= region.mask
    return mask & ~regions.natural


def _rigid_figures(
    clip: Clip, labels: LoopLabels, frames: NDArray[np.uint8], rigid: NDArray[np.bool_]
) -> dict[str, float]:
    """Jump, border gradient and tear of the looping part of the rigid regions."""
    if (rigid & labels.looping).mean() < NOTHING_MOVES:
        return {}
    source, loop = luma(clip.frames), luma(frames)
    jump, step = own_jump(source, labels, rigid)
    figures = {"rigid_jump": jump / max(step, 1e-9)}
    borders = Borders.of(labels, rigid)
    if borders.count:
        figures["rigid_gradient"] = borders.gradient_ratio(source, loop)
        figures["rigid_tear"] = borders.tear(source, labels, len(frames))
    return figures


class _Case:
    """Gathers reasons; the verdict is that of the worst."""

    def __init__(self, figures: dict[str, float]) -> None:
        self.figures = figures
        self.refused: list[str] = []
        self.doubtful: list[str] = []

    def above(self, name: str, limits: Limits, reason: str) -> None:
        """Hold a figure against its limits; a figure that does not exist is fine."""
        value = self.figures.get(name)
        if value is None or value <= limits[0]:
            return
        (self.refused if value > limits[1] else self.doubtful).append(reason.format(value))

    def judgement(self) -> Judgement:
        reasons = (*self.refused, *self.doubtful)
        if self.refused:
            return Judgement(Verdict.REFUSED, reasons, self.figures)
        if self.doubtful:
            return Judgement(Verdict.DOUBTFUL, reasons, self.figures)
        return Judgement(Verdict.GOOD, (), self.figures)


def judge(
    clip: Clip,
    labels: LoopLabels,
    candidate: Candidate,
    regions: Regions,
    frames: NDArray[np.uint8],
) -> Judgement:
    """Rate a rendered candidate.

    Parameters
    ----------
    labels : at the resolution of the clip.
    regions : what moves in the clip; non-natural regions are held to stricter limits.
    frames : uint8 (n, H, W, 3), the rendered loop.

    Returns
    -------
    Judgement
        Reasons in plain words, the gravest first; measures as in
        :data:`cinekit.render.MEASURES`, and ``rigid_jump``, ``rigid_gradient``, ``rigid_tear``
        where a non-natural region loops.
    """
    figures = measure_loop(clip, labels, candidate.target, frames)
    case = _Case(figures)
    if figures["moving_area"] < NOTHING_MOVES:
        case.refused.append(
            f"almost nothing moves ({100 * figures['moving_area']:.1f} % of the frame)"
        )
        return case.judgement()
    figures |= _rigid_figures(clip, labels, frames, rigid_mask(regions))
    kept = figures["target_motion"]
    if kept < TARGET_STANDS:
        case.refused.append(f"the named object hardly moves ({100 * kept:.0f} % of its motion)")
    elif kept < TARGET_LAZY:
        case.doubtful.append(f"the named object moves little ({100 * kept:.0f} % of its motion)")
    if figures["inside_target"] < ELSEWHERE:
        share = 100 * (1 - figures["inside_target"])
        case.doubtful.append(f"{share:.0f} % of what moves is not the named object")
    usual_step = max(STEP[0], figures["source_worst_step"])
    case.above(
        "worst_step",
        (usual_step, max(STEP[1], 1.5 * usual_step)),
        "jumps: one step is {:.1f} times the usual",
    )
    case.above("border_tear", TEAR, "tears at its borders: new edges on {:.0%} of their length")
    case.above("border_gradient", GRADIENT, "its borders show: {:.1f} times the contrast there")
    case.above(
        "rigid_tear", RIGID_TEAR, "a solid object is torn: new edges on {:.0%} of its borders"
    )
    case.above(
        "rigid_gradient", RIGID_GRADIENT, "a solid object is cut: {:.1f} times the contrast there"
    )
    case.above("rigid_jump", RIGID_JUMP, "a solid object jumps: {:.1f} times its usual step")
    return case.judgement()
