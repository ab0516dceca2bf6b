"""Every plugin that the documents show is a plugin: each passes the suite of its kind, verbatim."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cinekit.plug import hooks
from cinekit.plug.kinds import KINDS
from cinekit.plug.providers import Provider
from cinekit.plug.registry import Plugins
from cinekit.testing import (
    AttemptSuite,
    FeatureSuite,
    FrameSegmenterSuite,
    JudgeSuite,
    Played,
    RankerSuite,
    SolverSuite,
    WriterSuite,
)

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted(ROOT.glob("examples/*/README.md"))


def examples() -> dict[str, str]:
    """Whole plugin modules: of the hooks' docstrings by the hook, of pages by page and number."""
    found = {}
    for hook in [kind.hook for kind in KINDS.values()]:
        text = inspect.getdoc(getattr(hooks, hook)) or ""
        (code,) = re.findall(r"module::\n\n((?: {4}.*\n|\n)+)", text + "\n")
        found[hook] = textwrap.dedent(code)
    for page in PAGES:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
        shown = [block for block in blocks if "@cinekit.hookimpl" in block]
        found |= {f"{page.relative_to(ROOT)} {i}": code for i, code in enumerate(shown)}
    return found


EXAMPLES = examples()


def shown(kind: str) -> Any:
    """A fixture that makes ``self.make`` the component of every example of a kind in turn."""
    names = [name for name, code in EXAMPLES.items() if f"def {KINDS[kind].hook}(" in code]

    @pytest.fixture(autouse=True, params=names)
    def make(self, request, monkeypatch):
        module = ModuleType(re.sub(r"\W", "_", request.param))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(EXAMPLES[request.param], request.param, "exec"), module.__dict__)
        plugins = Plugins()
        plugins.register(module, Provider("shown", "1.0", module.__name__))
        self.make = plugins.get(kind, plugins.names(kind)[0])

    return make


class TestSegmenters(FrameSegmenterSuite):
    of = shown("segmenter")

    def segmenter(self):
        return self.make()


class TestSolvers(SolverSuite):
    of = shown("solver")
    exact_on_binary = finds_planted = False

    def solver(self):
        return self.make()


class TestAttempts(AttemptSuite):
    of = shown("attempt")

    def attempt(self):
        return self.make()


class TestJudges(JudgeSuite):
    of = shown("judge")

    def judge(self):
        return self.make()


class TestRankers(RankerSuite):
    of = shown("ranker")

    def ranker(self):
        return self.make()


class TestFeatures(FeatureSuite):
    of = shown("features")

    def features(self):
        return self.make()


class TestWriters(WriterSuite):
    of = shown("writer")

    def writer(self):
        return self.make()

    def read(self, path):
        return Played(np.load(path), None, None, None)


def test_every_kind_has_an_example_and_a_suite():
    assert {kind.hook for kind in KINDS.values()} <= set(EXAMPLES)
    suites = [one for one in globals().values() if inspect.isclass(one) and hasattr(one, "of")]
    assert {suite.kind for suite in suites} == set(KINDS)
