"""What every judge must keep, as tests to subclass.

from cinekit.testing import JudgeSuite

class TestMine(JudgeSuite):
    def judge(self):
        return MyJudge()
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cinekit import contract
from cinekit.model import Judgement, Verdict
from cinekit.testing.component_suite import ComponentSuite
from cinekit.testing.feature_suite import loop_of, moving_box


class JudgeSuite(ComponentSuite):
    """Subclass, give the method ``judge``, and pytest runs the contract against it."""

    kind = "judge"

    def judged(self, frames: NDArray[np.uint8], first: int = 0) -> Judgement:
        """The judgement on a loop of a box that moves, see :func:`moving_box`."""
        scene, loop = loop_of(frames)
        frames.flags.writeable = False  # nobody may change what others show afterwards
        return contract.judge(
            *(self.component(), scene.clip, loop.labels, loop.candidate),
            *(scene.regions, frames, first),
        )

    def test_reasons_are_lines_and_a_good_loop_has_none(self) -> None:
        for frames in (moving_box(), moving_box(speed=0), moving_box(speed=5)):
            found = self.judged(frames)
            assert isinstance(found.verdict, Verdict)
            assert (found.verdict is Verdict.GOOD) == (not found.reasons)
            for reason in found.reasons:
                assert reason == " ".join(reason.split()), "one line each"

    def test_measures_are_numbers_with_names(self) -> None:
        for frames in (moving_box(), moving_box(speed=0)):
            for name, value in self.judged(frames).measures.items():
                assert name.isidentifier()
                assert isinstance(value, (int, float, np.number)), name

    def test_the_same_loop_gets_the_same_verdict(self) -> None:
        one, two = self.judged(moving_box()), self.judged(moving_box())
        assert (one.verdict, one.reasons) == (two.verdict, two.reasons)
        np.testing.assert_array_equal(list(one.measures.values()), list(two.measures.values()))

    @pytest.mark.parametrize("first", [0, 7])
    @pytest.mark.parametrize("n", [2, 7, 24])
    def test_loops_of_any_length_that_begin_anywhere(self, n: int, first: int) -> None:
        assert self.judged(moving_box((54, 96), n), first % n)
