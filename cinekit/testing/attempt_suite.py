"""What every attempt must keep, as tests to subclass.

from cinekit.testing import AttemptSuite

class TestMine(AttemptSuite):
    def attempt(self):
        return MyAttempt()
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cinekit import contract
from cinekit.labels import LabelMap
from cinekit.protocols import Proposal
from cinekit.testing.component_suite import ComponentSuite
from cinekit.testing.feature_suite import loop_of, moving_box

LONGEST = 60
"""Frames of the longest loop that the suite asks for."""


class AttemptSuite(ComponentSuite):
    """Subclass, give the method ``attempt``, and pytest runs the contract against it."""

    kind = "attempt"

    def proposed(self, frames: NDArray[np.uint8]) -> tuple[LabelMap, Proposal | None]:
        """Labels of a box that moves, see :func:`moving_box`, and what is proposed instead."""
        result, made = loop_of(frames)
        return made.labels, contract.propose(
            *(self.component(), result.clip, result.regions, made.candidate, made.labels, LONGEST)
        )

    @pytest.mark.parametrize("n", [2, 7, 24, 60])
    @pytest.mark.parametrize("speed", [0.0, 1.0, 5.0])
    def test_it_offers_labels_of_the_clip_or_nothing(self, n: int, speed: float) -> None:
        _, found = self.proposed(moving_box((54, 96), n, speed))
        if found is not None:
            assert found.words == " ".join(found.words.split()) != "", "a few words on one line"
            assert found.labels.n_frames == n, "of the same clip"
            assert found.asked.dtype == bool
            assert found.firm is None or found.firm.dtype == bool
            assert found.band >= 1

    def test_the_same_candidate_gets_the_same_proposal(self) -> None:
        (_, one), (_, two) = (self.proposed(moving_box((54, 96), 24)) for _ in range(2))
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert one.words == two.words
            np.testing.assert_array_equal(one.labels.period, two.labels.period)
            np.testing.assert_array_equal(one.labels.start, two.labels.start)

    def test_clip_and_labels_are_left_as_they_were(self) -> None:
        frames = moving_box((54, 96), 24)
        frames.flags.writeable = False
        labels, _ = self.proposed(frames)
        wanted = loop_of(frames)[1].labels
        np.testing.assert_array_equal(labels.period, wanted.period)
        np.testing.assert_array_equal(labels.start, wanted.start)
