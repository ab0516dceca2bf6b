"""A component that breaks its promise is one line that names it and its package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cinekit
from cinekit import contract
from cinekit.labels import LabelMap
from cinekit.plug.registry import load_plugins
from cinekit.testing import random_problem, still_clip
from cinekit.write import Mp4Writer

PROMISES = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
import cinekit

ANSWER = None

@dataclass(frozen=True, kw_only=True)
class Careless:
    suffix: ClassVar[str] = ".x"
    media_type: ClassVar[str] = "text/plain"
    fitted: ClassVar[type] = dict
    def respond(self, clip, progress): return ANSWER
    def solve(self, problem, start, progress): return ANSWER
    def write(self, frames, fps, path, repeat): return ANSWER
    def extract(self, scene, loop, frames): return ANSWER
    def fit(self, features, ratings): return ANSWER
    def judge(self, clip, labels, candidate, regions, frames, first): return ANSWER
    def propose(self, clip, regions, candidate, labels, longest): return ANSWER

@cinekit.hookimpl
def cinekit_segmenters(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_solvers(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_judges(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_attempts(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_writers(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_features(): return {"careless": Careless}
@cinekit.hookimpl
def cinekit_rankers(): return {"careless": Careless}
"""

CLIP, PROBLEM = still_clip(), random_problem(0, (2, 2), 2)
NAMES = (cinekit.Category("rest", cinekit.Motion.STATIC),)
RESPONSE = cinekit.SemanticResponse(np.full((1, 2, 2, 1), 255, np.uint8), NAMES, "test")

STILL, EMPTY = LabelMap.still((2, 2), 0, 9), np.zeros((2, 2), bool)
WHOLE = LabelMap.still(CLIP.size, 0, CLIP.n_frames)


@pytest.mark.parametrize(
    ("kind", "answer", "message"),
    [
        ("segmenter", None, "expected a SemanticResponse from respond(), received None"),
        ("segmenter", np.zeros(3), "a SemanticResponse from respond(), received ndarray"),
        ("segmenter", RESPONSE, "frames of the clip from respond(), received one for 1"),
        ("solver", None, "a Solution from solve(), received None"),
        ("solver", cinekit.Solution(np.zeros((2, 2)), 0.0), "int32 labels from solve(), received"),
        ("solver", cinekit.Solution(np.zeros((3, 2), np.int32), 0.0), "received (3, 2)"),
        ("solver", cinekit.Solution(np.full((2, 2), 9, np.int32), 0.0), "received 9 to 9"),
        ("judge", 1.0, "a Judgement from judge(), received float"),
        ("attempt", STILL, "a Proposal or None from propose(), received LabelMap"),
        ("attempt", cinekit.Proposal("x", STILL, EMPTY), "labels (96, 128) from propose(), rec"),
        ("attempt", cinekit.Proposal("x", WHOLE, EMPTY), "asked (96, 128) from propose(), rec"),
        ("writer", None, "the file loop.x from write(), received nothing"),
        ("features", [1.0], "a mapping from names to numbers from extract(), received list"),
        ("features", {"a": "b"}, "from extract(), received 'a': str"),
        ("ranker", None, "a dict from fit(), received None"),
    ],
)
def test_a_wrong_answer_names_who_gave_it(written, tmp_path, kind, answer, message):
    written("fake_x", PROMISES)
    component = load_plugins().get(kind, "careless")()
    import fake_x

    fake_x.ANSWER = answer
    calls = {
        "segmenter": lambda: contract.respond(component, CLIP),
        "solver": lambda: contract.solve(component, PROBLEM),
        "judge": lambda: contract.judge(component, CLIP, WHOLE, None, None, CLIP.frames),
        "attempt": lambda: contract.propose(component, CLIP, None, None, WHOLE, 60),
        "writer": lambda: contract.write(component, CLIP.frames, 25.0, tmp_path / "loop.x"),
        "features": lambda: contract.extract(component, None, None, CLIP.frames),
        "ranker": lambda: contract.fit(component, None, None),
    }
    with pytest.raises(cinekit.BrokenPluginError) as caught:
        calls[kind]()
    assert str(caught.value).startswith("Careless of fake-x 1.0: expected ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_line_says_it_too(written, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Mp4Writer().write(CLIP.frames, 25.0, Path("clip.mp4"))
    written("fake_x", PROMISES, {"conf/segmenter/careless.yaml": "name: careless\n"})
    done = run("segment", "clip.mp4", "segmenter=careless")
    assert done.status == 1
    assert "cinekit: Careless of fake-x 1.0: expected a SemanticResponse" in done.err
    assert "Traceback" not in done.err
