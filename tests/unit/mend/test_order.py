"""The best verdict stays, the first of equals, and attempts are tried in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from cinekit.labels import LabelMap
from cinekit.loop import RenderOptions
from cinekit.mend import finish
from cinekit.model import Candidate, Clip, EnergyTerms, Judgement, Regions, Verdict
from cinekit.protocols import Proposal
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts

SIZE, FRAMES = (24, 32), 20
FIELD = np.zeros(SIZE, bool)
FIELD[4:20, 4:28] = True
NOBODY = np.zeros(SIZE, bool)


def clip() -> Clip:
    rng = np.random.default_rng(0)
    frames = np.full((FRAMES, *SIZE, 3), 90, np.uint8)
    frames[:, FIELD] = rng.integers(60, 120, (FRAMES, int(FIELD.sum()), 3), dtype=np.uint8)
    return Clip(frames, 10.0)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Proposes loops from another frame on; the start tells who made a loop."""

    start: int
    asked: Any = field(default_factory=lambda: FIELD)
    tried: list[int] = field(default_factory=list)

    def propose(self, clip, regions, candidate, labels, longest) -> Proposal | None:
        self.tried.append(self.start)
        return Proposal(f"from {self.start}", labels.where(FIELD, 10, self.start), self.asked)


@dataclass(frozen=True, kw_only=True)
class ByStart:
    """The verdict of a loop is that of its start."""

    verdicts: Mapping[int, Verdict]

    def judge(self, clip, labels, candidate, regions, frames, first=0) -> Judgement:
        start = int(np.median(labels.start[labels.looping]))
        return Judgement(self.verdicts[start], (), {"start": start})


def finished(verdicts: str, **changes: Any) -> tuple[str, list[int], bool]:
    """How a candidate ends when its own loop and three attempts get these verdicts.

    Returns the words of the one that stays, the attempts that were asked, and whether the frames
    are those of its labels.
    """
    words = {word[0]: word for word in Verdict}
    starts = (2, 3, 5, 7)
    judge = ByStart(verdicts={s: Verdict(words[v]) for s, v in zip(starts, verdicts, strict=True)})
    tried: list[int] = []
    attempts = [Shift(start=start, tried=tried, **changes) for start in starts[1:]]
    candidate = Candidate("field", ("field",), FIELD)
    labels = LabelMap.still(SIZE, 0, FRAMES).where(FIELD, 10, starts[0])
    terms = {"choice": EnergyTerms(0.0, 0.0, 0.0)}
    (h, w), zeros = SIZE, partial(np.zeros, dtype=np.float32)
    made, frames = finish(
        clip(),
        Regions((), (), FIELD),
        SolvedCandidate(candidate, labels, terms, {}, 0.0),
        labels,
        BorderCosts(*map(zeros, (SIZE, SIZE, SIZE, (h - 1, w), (h, w - 1)))),
        render=RenderOptions(band=0),
        judge=judge,
        attempts=attempts,
    )
    (words_of,) = list(made.statistics) or [""]
    return words_of, tried, bool(len(frames) == made.n_frames)


@pytest.mark.parametrize(
    ("verdicts", "stays", "tried"),
    [
        ("grrr", "", []),
        ("rrrr", "", [3, 5, 7]),
        ("rdgr", "from 5", [3, 5]),
        ("rddd", "from 3", [3, 5, 7]),
        ("dddd", "", [3, 5, 7]),
        ("drrg", "from 7", [3, 5, 7]),
    ],
)
def test_the_best_verdict_stays_and_the_first_of_equals(verdicts, stays, tried):
    assert finished(verdicts) == (stays, tried, True)


def test_what_moves_elsewhere_is_not_worth_making_again():
    assert finished("dggg", asked=NOBODY)[0] == ""
    assert finished("rggg", asked=NOBODY)[0] == "from 3"
