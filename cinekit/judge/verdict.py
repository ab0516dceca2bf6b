"""Whether a candidate can be shown to a person, and why not: a table of figures and limits.

The limits separate what looked right from what looked wrong on the clips of docs/results.md. They
are stricter where things are not natural: a wave may jump, an animal may not, and a low energy does
not mean untorn.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError
from cinekit.judge.figures import measure_loop, measure_things
from cinekit.labels import LabelMap
from cinekit.model import Candidate, Clip, Judgement, Regions, Verdict
from cinekit.view import ClipView

Limits = tuple[float, float]
"""A figure beyond the first is doubtful, beyond the second refused."""


@dataclass(frozen=True)
class Rule:
    """One line of the verdict.

    figures : names in :data:`cinekit.judge.MEASURES`; it holds when all of them are beyond their
        limits, and is as grave as the least of them.
    words : what a person reads; ``{value}`` is the first figure, ``{percent}`` and ``{rest}`` that
        in percent and what it leaves of 100.
    beyond : on which side of a limit a figure is wrong.
    """

    figures: tuple[str, ...]
    words: str
    beyond: Callable[[float, float], bool] = operator.gt

    def grade(self, figures: Mapping[str, float], judge: LimitJudge) -> int:
        """0 for good, 1 for doubtful, 2 for refused; a figure that does not exist is good."""
        if not all(name in figures for name in self.figures):
            return 0
        return min(
            sum(self.beyond(figures[name], limit) for limit in getattr(judge, name))
            for name in self.figures
        )

    def reason(self, figures: Mapping[str, float]) -> str:
        """The words, filled in."""
        value = figures[self.figures[0]]
        return self.words.format(value=value, percent=100 * value, rest=100 * (1 - value))


LEAST_MOTION = Rule(
    ("moving_area",), "almost nothing moves ({percent:.1f} % of the frame)", operator.lt
)
"""Refuses alone: the other figures tell nothing of a still picture."""

RULES = (
    LEAST_MOTION,
    Rule(
        figures=("target_motion",),
        words="the named object moves little ({percent:.0f} % of its motion)",
        beyond=operator.lt,
    ),
    Rule(("seen",), "it moves so little, or so seldom, that hardly anybody sees it", operator.lt),
    Rule(("inside_target",), "{rest:.0f} % of what moves is not the named object", operator.lt),
    Rule(
        # A loop of some of the clip's frames has another median: its steps may be the clip's own.
        figures=("worst_step", "step_to_clip", "largest_step"),
        words="jumps: one step is {value:.1f} times the usual",
    ),
    Rule(
        figures=("step_excess",),
        words="jumps: one step is {value:.1f} times what the clip does at that moment",
    ),
    Rule(("pops",), "things pop up or vanish on {value:.1%} of what loops"),
    Rule(("border_gradient",), "its borders show: {value:.1f} times the contrast there"),
    Rule(("tear",), "it is torn over {value:.1f} times the frame's height"),
    Rule(("rigid_tear",), "a solid object is torn over {value:.2f} of the frame's height"),
    Rule(("solid_tear",), "what moves in one piece is cut over {value:.2f} of the frame's height"),
    Rule(("rigid_pops",), "a solid object pops on {value:.1%} of the frame"),
    Rule(("rigid_gradient",), "a solid object is cut: {value:.1f} times the contrast there"),
    Rule(("rigid_jump",), "a solid object jumps: {value:.1f} times its usual step"),
)
"""In the order in which reasons are told, the gravest verdict first."""


@dataclass(frozen=True, kw_only=True)
class LimitJudge:
    """Holds figures against limits; the worst of them is the verdict.

    Every field is the pair of limits (doubtful, refused) of the figure of its name, whose unit and
    meaning :data:`cinekit.judge.MEASURES` tells. Two equal limits leave no doubt, and a limit that
    cannot be reached never refuses. The sources are the loops of docs/results.md: what looked right
    stays below the first, what looked wrong lies above the second; between them opinions differ.

    Raises
    ------
    ConfigError
        When a refused figure would not be doubtful.
    """

    # Least values: the further below, the worse.
    moving_area: Limits = (0.003, 0.003)
    target_motion: Limits = (0.25, 0.10)
    seen: Limits = (0.01, 0.0)
    inside_target: Limits = (0.5, 0.0)
    # Largest values.
    worst_step: Limits = (1.3, 2.5)
    step_to_clip: Limits = (1.1, 1.65)
    largest_step: Limits = (1.0, 1.0)
    step_excess: Limits = (2.5, 6.0)
    pops: Limits = (0.05, 0.12)
    border_gradient: Limits = (1.6, 2.5)
    tear: Limits = (3.0, 6.0)
    rigid_tear: Limits = (0.25, 0.6)
    solid_tear: Limits = (0.065, 0.4)
    rigid_pops: Limits = (0.003, 0.01)
    rigid_gradient: Limits = (1.3, 1.8)
    rigid_jump: Limits = (3.0, 6.0)

    def __post_init__(self) -> None:
        for rule in RULES:
            for name in rule.figures:
                doubtful, refused = getattr(self, name)
                if rule.beyond(doubtful, refused):
                    side = "falling" if rule.beyond is operator.lt else "rising"
                    raise ConfigError(
                        f"{name}: expected [doubtful, refused], {side}, "
                        f"received [{doubtful:g}, {refused:g}]"
                    )

    def judge(
        self,
        clip: Clip,
        labels: LabelMap,
        candidate: Candidate,
        regions: Regions,
        frames: NDArray[np.uint8],
        first: int = 0,
    ) -> Judgement:
        """See :class:`cinekit.protocols.Judge`; a still picture has no figures of things."""
        loop = ClipView(frames, clip.fps)
        figures = measure_loop(clip.view, loop, labels, candidate.target, first)
        if not LEAST_MOTION.grade(figures, self):
            figures |= measure_things(clip.view, loop, labels, regions.rigid)
        return self.verdict(figures)

    def verdict(self, figures: Mapping[str, float]) -> Judgement:
        """The verdict on figures by name, with its reasons."""
        rules = (LEAST_MOTION,) if LEAST_MOTION.grade(figures, self) else RULES
        grades = [rule.grade(figures, self) for rule in rules]
        gravest_first = sorted(range(len(rules)), key=lambda i: -grades[i])
        reasons = tuple(rules[i].reason(figures) for i in gravest_first if grades[i])
        return Judgement(list(Verdict)[max(grades)], reasons, figures)
