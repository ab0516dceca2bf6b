"""What is known of the memory, and that no step holds the clip several times over."""

from __future__ import annotations

import ctypes
import gc
import sys
import tracemalloc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import cinekit.job
from cinekit.api import make
from cinekit.judge import LimitJudge
from cinekit.judge.seams import own_jump
from cinekit.labels import LabelMap
from cinekit.see import CandidateOptions
from cinekit.store.memory import give_back, peak_memory
from cinekit.testing import planted_loop
from cinekit.write.report import megabytes


def test_the_peak_counts_what_was_touched() -> None:
    before = peak_memory()
    held = np.ones(before // 4, np.uint8)
    assert peak_memory() >= before
    del held
    assert 10e6 < before < 100e9


def test_a_system_that_does_not_tell_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() == 0
    assert megabytes(peak_memory()) == "not known"


def test_giving_back_needs_no_particular_library(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back()
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
    give_back()


def test_the_costs_are_gone_before_anything_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[object]] = []
    alive: list[object] = []
    costs, judge = cinekit.job.LoopCosts, LimitJudge.judge

    def watched(*arguments: object) -> object:
        one = costs(*arguments)
        made.extend((weakref.ref(one), weakref.ref(one.working)))
        return one

    def look(*arguments: object) -> object:
        gc.collect()
        alive.extend(one() for one in made)
        return judge(*arguments)

    monkeypatch.setattr(cinekit.job, "LoopCosts", watched)
    monkeypatch.setattr(LimitJudge, "judge", look)
    clip, _, _ = planted_loop(24, size=(72, 96), frames=60)
    make(clip, candidates=CandidateOptions(combine=1, everything=False))
    assert len(made) == 2
    assert alive
    assert set(alive) == {None}


def test_jumps_are_measured_without_copies_of_the_clip() -> None:
    rng = np.random.default_rng(0)
    source = rng.integers(0, 255, (150, 90, 160), dtype=np.uint8)
    labels = LabelMap(np.full((90, 160), 40, np.int16), np.full((90, 160), 7, np.int16), 150)
    tracemalloc.start()
    own_jump(source, labels, np.ones((90, 160), bool))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < source.nbytes
