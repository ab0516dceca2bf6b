"""Whether a candidate can be shown to a person, and why not.

The thresholds separate what looked right from what looked wrong on real clips; each says what was
seen. They are stricter where things are not natural: a wave may jump, a rooster may
not, and a low energy does not mean untorn.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.judge.figures import measure_views
from cinekit.judge.seams import gradient_ratio, own_jump, pops, torn
from cinekit.judge.solid import solid_things
from cinekit.labels import LabelMap
from cinekit.model import Candidate, Clip, Judgement, Regions, Verdict
from cinekit.view import ClipView

NOTHING_MOVES = 0.003
"""Share of the frame: below, a person looks for what moves."""

HARDLY_SEEN = 0.01
"""Grey levels of seen: 0.026 a thin stream of coffee, 0.02 grass in a light wind; 0.008 a patch of
sea at a rock, 0.004 the shadow of a car that comes by once in the loop."""

TARGET_STANDS = 0.10
"""Share of the clip's deviation inside the target that the loop must keep, or it is refused."""

TARGET_LAZY = 0.25
"""The same, below which the candidate is doubtful."""

ELSEWHERE = 0.5
"""Share of the moving area inside the target, below which something else moves as well."""

Limits = tuple[float, float]
"""A figure above the first is doubtful, above the second refused."""

STEP: Limits = (1.3, 2.5)
"""worst_step; the clip's own and a tenth, where that is larger, takes the place of the first: a
loop of some of its frames has another median. Not held against a loop that nowhere moves faster
than the clip (largest_step): a dog that leaps across now and then has a median step of almost
nothing."""

EXCESS: Limits = (2.5, 6.0)
"""step_excess: 1.1 to 1.9 in loops that look smooth, 2.0 to 2.9 with things that jump."""

GRADIENT: Limits = (1.6, 2.5)
"""border_gradient: 0.9 to 1.1 nearly always, for the solver hides borders and the feather the rest.
"""

TEAR: Limits = (3.0, 6.0)
"""Frame heights: 1.2 to 2.0 in the foam of a sea, where nobody sees it. What is solid is held to
SOLID_TEAR; this is for large patches that change at once and go nowhere."""

POPS: Limits = (0.05, 0.12)
"""pops: up to 0.026 in water and flowers, and in fire beyond what its every step does."""

RIGID_TEAR: Limits = (0.25, 0.6)
"""Frame heights: 0.5 was a stream that missed its cup by a little; 0.65 a doubled tail, 0.7 and
0.9 a woman cut at the hip, 1.2 two heads, 1.5 a rooster in pieces. A length and not a share: one
cut through a face is enough, however long the borders elsewhere."""

SOLID_TEAR: Limits = (0.065, 0.4)
"""Frame heights at the worst moment, in any region. At most 0.06 in loops that looked right; 0.07
a girl's wrist, 0.09 a stream of coffee that breaks at the rim, 0.15 a hand cut at its sleeve and a
car cut in two, 0.3 to 0.6 hands without arms and a rooster without legs. Nothing in the foam of a
sea is solid."""

RIGID_POPS: Limits = (0.003, 0.01)
"""Share of the frame: 0.0027 a kettle that swings back, 0.015 a head that vanishes."""

RIGID_GRADIENT: Limits = (1.3, 1.8)

RIGID_JUMP: Limits = (3.0, 6.0)
"""own_jump inside non-natural regions: 0.9 to 2.5 when they come back by themselves, 3.3 when not.
Natural texture jumps more, and its motion hides it."""


def _rigid_figures(
    source: NDArray[np.uint8],
    loop: NDArray[np.uint8],
    labels: LabelMap,
    rigid: NDArray[np.bool_],
) -> dict[str, float]:
    """Jump, pops, border gradient and tears of the looping part of the rigid regions."""
    share = float((rigid & labels.looping).mean())
    if share < NOTHING_MOVES:
        return {}
    jump, step = own_jump(source, labels, rigid)
    inside = source[:, rigid & labels.looping].astype(np.int16)  # (T, M)
    clip_step = float(np.abs(np.diff(inside, axis=0)).mean())
    figures = {
        "rigid_jump": jump / max(step, clip_step, 1e-9),
        "rigid_pops": share * pops(source, labels, rigid),
    }
    # A piece that runs to and fro is a thing to its border, wherever its region ends.
    piece = cv2.dilate(labels.returns.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    borders = labels.borders.inside(rigid | piece)
    if len(borders):
        figures["rigid_gradient"] = gradient_ratio(borders, source, loop)
        tears = torn(borders, labels, source, len(loop))
        figures["rigid_tear"] = float(tears.sum()) / labels.size[0]
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
    labels: LabelMap,
    candidate: Candidate,
    regions: Regions,
    frames: NDArray[np.uint8],
    first: int = 0,
) -> Judgement:
    """Rate a rendered candidate.

    Parameters
    ----------
    labels : at the resolution of the clip.
    regions : what moves in the clip; non-natural regions are held to stricter limits.
    frames : uint8 (n, H, W, 3), the rendered loop, from frame 0 of the time map on.
    first : the frame that its file begins with.

    Returns
    -------
    Judgement
        Reasons in plain words, the gravest first; measures as in
        :data:`cinekit.judge.MEASURES`, and the ``rigid_...`` ones
        where a non-natural region loops.

    Raises
    ------
    RenderError
        When the sizes differ.
    """
    if frames.shape[1:3] != clip.size or labels.size != clip.size:
        raise RenderError(
            f"expected frames and labels of {clip.size}, received {frames.shape[1:3]} and "
            f"{labels.size}"
        )
    loop = ClipView(frames, clip.fps)
    figures = measure_views(clip.view, loop, labels, candidate.target, first)
    case = _Case(figures)
    if figures["moving_area"] < NOTHING_MOVES:
        case.refused.append(
            f"almost nothing moves ({100 * figures['moving_area']:.1f} % of the frame)"
        )
        return case.judgement()
    figures |= _rigid_figures(clip.view.luma, loop.luma, labels, regions.rigid)
    figures["solid_tear"] = clip.view.once(solid_things).torn(labels, len(frames))
    kept = figures["target_motion"]
    if kept < TARGET_STANDS:
        case.refused.append(f"the named object hardly moves ({100 * kept:.0f} % of its motion)")
    elif kept < TARGET_LAZY:
        case.doubtful.append(f"the named object moves little ({100 * kept:.0f} % of its motion)")
    if figures["seen"] < HARDLY_SEEN:
        case.doubtful.append("it moves so little, or so seldom, that hardly anybody sees it")
    if figures["inside_target"] < ELSEWHERE:
        share = 100 * (1 - figures["inside_target"])
        case.doubtful.append(f"{share:.0f} % of what moves is not the named object")
    if figures["largest_step"] > 1:
        usual_step = max(STEP[0], 1.1 * figures["source_worst_step"])
        case.above(
            "worst_step",
            (usual_step, max(STEP[1], 1.5 * usual_step)),
            "jumps: one step is {:.1f} times the usual",
        )
    case.above(
        "step_excess", EXCESS, "jumps: one step is {:.1f} times what the clip does at that moment"
    )
    case.above("pops", POPS, "things pop up or vanish on {:.1%} of what loops")
    case.above("border_gradient", GRADIENT, "its borders show: {:.1f} times the contrast there")
    case.above("tear", TEAR, "it is torn over {:.1f} times the frame's height")
    case.above("rigid_tear", RIGID_TEAR, "a solid object is torn over {:.2f} of the frame's height")
    case.above(
        "solid_tear", SOLID_TEAR, "what moves in one piece is cut over {:.2f} of the frame's height"
    )
    case.above("rigid_pops", RIGID_POPS, "a solid object pops on {:.1%} of the frame")
    case.above(
        "rigid_gradient", RIGID_GRADIENT, "a solid object is cut: {:.1f} times the contrast there"
    )
    case.above("rigid_jump", RIGID_JUMP, "a solid object jumps: {:.1f} times its usual step")
    return case.judgement()
