"""The code of docs/segmenters.md runs."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cinekit.model import Motion
from cinekit.see.vocabulary import parse_vocabulary
from cinekit.testing import FrameSegmenterSuite

PAGE = Path(__file__).parents[3] / "docs" / "segmenters.md"


def block(start: str) -> str:
    """The indented block of the page that starts with a line."""
    text = PAGE.read_text("utf-8")
    (found,) = re.findall(rf"(?m)^    {re.escape(start)}\n(?:(?:    .*)?\n)*", text)
    return textwrap.dedent(found)


@pytest.fixture
def documented(monkeypatch) -> ModuleType:
    """The segmenter in ten lines, and the network that it leaves to the reader."""
    module = ModuleType("documented")
    monkeypatch.setitem(sys.modules, "documented", module)
    exec(compile(block("from dataclasses import dataclass"), str(PAGE), "exec"), module.__dict__)

    def my_network(model):
        assert model == "net.bin"

        def run(frames):
            bright = frames[:, ::4, ::4].mean(axis=-1, keepdims=True, dtype=np.float32) / 255
            return np.concatenate([bright, np.repeat((1 - bright) / 149, 149, axis=-1)], axis=-1)

        return run

    module.my_network = my_network
    return module


class TestTenLines(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def page(self, documented):
        self.module = documented

    def segmenter(self):
        return self.module.MySegmenter(model="net.bin")


def test_it_is_ten_lines():
    code = block("from dataclasses import dataclass")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_the_table_of_the_page_is_one():
    table = parse_vocabulary(block("classes:"), "my.yaml")
    assert table.classes == ("sea", "lava")
    assert {c.name: c.motion for c in table.categories} == {
        "water": Motion.NATURAL,
        "lava": Motion.NATURAL,
    }


def test_pictures_are_there():
    names = re.findall(r"\]\((images/[^)]+)\)", PAGE.read_text("utf-8"))
    assert len(names) >= 4
    assert all((PAGE.parent / name).is_file() for name in names)
