"""From figures to a verdict: every limit is where it is, to within a few per cent.

The figures on either side of a limit are written out, so that a limit that is halved or doubled
fails here; whether a limit is right is for a table of clips that people have seen.
"""

import dataclasses

import pytest

from cinekit.errors import ConfigError
from cinekit.judge import MEASURES, LimitJudge
from cinekit.judge.verdict import RULES
from cinekit.model import Verdict
from cinekit.testing import JudgeSuite


class TestLimits(JudgeSuite):
    def judge(self):
        return LimitJudge()


GOOD = {
    "moving_area": 0.3,
    "target_motion": 1.0,
    "seen": 1.0,
    "inside_target": 1.0,
    "worst_step": 1.0,
    "step_to_clip": 1.0,
    "largest_step": 1.0,
    "step_excess": 1.0,
    "pops": 0.0,
    "border_gradient": 1.0,
    "tear": 0.0,
    "rigid_tear": 0.0,
    "solid_tear": 0.0,
    "rigid_pops": 0.0,
    "rigid_gradient": 1.0,
    "rigid_jump": 1.0,
}
"""A perfect loop."""

JUMPS = GOOD | {"worst_step": 9.0, "step_to_clip": 9.0, "largest_step": 9.0}
"""All three must be beyond their limits: each is tested with the others far beyond."""

TOLD = {
    # figure: good and doubtful, about the first limit; doubtful and refused, about the second
    "target_motion": (0.26, 0.24, 0.11, 0.09),
    "worst_step": (1.25, 1.35, 2.4, 2.6),
    "step_to_clip": (1.05, 1.15, 1.6, 1.7),
    "step_excess": (2.4, 2.6, 5.8, 6.2),
    "pops": (0.048, 0.052, 0.115, 0.125),
    "border_gradient": (1.55, 1.65, 2.4, 2.6),
    "tear": (2.9, 3.1, 5.8, 6.2),
    "rigid_tear": (0.24, 0.26, 0.58, 0.62),
    "solid_tear": (0.063, 0.067, 0.39, 0.41),
    "rigid_pops": (0.0029, 0.0031, 0.0096, 0.0104),
    "rigid_gradient": (1.25, 1.35, 1.75, 1.85),
    "rigid_jump": (2.9, 3.1, 5.8, 6.2),
}
DOUBTED = {"seen": (0.0105, 0.0095, 0.0), "inside_target": (0.52, 0.48, 0.0)}
"""Good and doubtful, about the first limit; and what is still not refused."""

REFUSED = {"moving_area": (0.0031, 0.0029), "largest_step": (0.98, 1.02)}
"""Good and refused: there is no doubt between them."""


def verdict(figures, **limits) -> Verdict:
    return LimitJudge(**limits).verdict(figures).verdict


def others(name: str) -> dict[str, float]:
    return JUMPS if name in ("worst_step", "step_to_clip", "largest_step") else GOOD


def test_every_limit_is_tested():
    limits = {field.name for field in dataclasses.fields(LimitJudge)}
    assert limits == {*TOLD, *DOUBTED, *REFUSED} == set(GOOD)
    assert limits == {name for rule in RULES for name in rule.figures}
    assert limits <= set(MEASURES)


def test_a_perfect_loop_is_good():
    judgement = LimitJudge().verdict(GOOD)
    assert judgement.verdict is Verdict.GOOD
    assert judgement.reasons == ()
    assert judgement.measures == GOOD


@pytest.mark.parametrize("name", TOLD)
def test_a_figure_is_good_doubtful_or_refused(name):
    found = [verdict(others(name) | {name: value}) for value in TOLD[name]]
    assert found == [Verdict.GOOD, Verdict.DOUBTFUL, Verdict.DOUBTFUL, Verdict.REFUSED]


@pytest.mark.parametrize("name", DOUBTED)
def test_a_figure_is_good_or_doubtful(name):
    found = [verdict(GOOD | {name: value}) for value in DOUBTED[name]]
    assert found == [Verdict.GOOD, Verdict.DOUBTFUL, Verdict.DOUBTFUL]


@pytest.mark.parametrize("name", REFUSED)
def test_a_figure_is_good_or_refused(name):
    found = [verdict(others(name) | {name: value}) for value in REFUSED[name]]
    assert found == [Verdict.GOOD, Verdict.REFUSED]


@pytest.mark.parametrize("by", [0.5, 2.0])
@pytest.mark.parametrize("name", sorted({*TOLD, *DOUBTED, *REFUSED}))
def test_a_limit_that_is_halved_or_doubled_changes_a_verdict(name, by):
    """The cases above would notice; so this table cannot go stale."""
    given = LimitJudge()
    for which in (0, 1):
        limits = list(getattr(given, name))
        if limits[which] == 0:
            continue  # a limit that cannot be reached
        limits[which] *= by
        values = (*TOLD.get(name, ()), *DOUBTED.get(name, ()), *REFUSED.get(name, ()))
        cases = [others(name) | {name: value} for value in values]
        try:
            changed = [verdict(one, **{name: tuple(limits)}) for one in cases]
        except ConfigError:
            continue  # the pair would be in the wrong order, which is refused
        assert changed != [verdict(one) for one in cases]


def test_the_gravest_reason_comes_first_and_a_still_picture_has_one():
    figures = GOOD | {"seen": 0.0, "tear": 7.0, "inside_target": 0.25}
    judgement = LimitJudge().verdict(figures)
    assert judgement.verdict is Verdict.REFUSED
    assert judgement.reasons == (
        "it is torn over 7.0 times the frame's height",
        "it moves so little, or so seldom, that hardly anybody sees it",
        "75 % of what moves is not the named object",
    )
    still = LimitJudge().verdict(figures | {"moving_area": 0.001})
    assert still.reasons == ("almost nothing moves (0.1 % of the frame)",)


def test_figures_that_do_not_exist_are_not_held_against_a_loop():
    assert verdict({"moving_area": 0.5}) is Verdict.GOOD


def test_limits_are_options_and_checked():
    assert verdict(GOOD | {"tear": 4.0}, tear=(5.0, 9.0)) is Verdict.GOOD
    with pytest.raises(ConfigError, match=r"tear: expected \[doubtful, refused\], rising, receiv"):
        LimitJudge(tear=(6.0, 3.0))
    with pytest.raises(ConfigError, match=r"seen: .* falling, received \[0.01, 0.02\]"):
        LimitJudge(seen=(0.01, 0.02))
