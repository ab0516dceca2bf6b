"""Two things have one fingerprint only if they are the same."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import sys
import types
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest

import cinekit.store.fingerprint
from cinekit.energy import EnergyOptions, WorkingClip
from cinekit.model import Clip
from cinekit.see import MaskSegmenter
from cinekit.see.motion import MotionSegmenter
from cinekit.store.fingerprint import fingerprint, identity


class Word(StrEnum):
    ONE = "1"


@dataclass(frozen=True, kw_only=True)
class Network:
    model: str = ""
    others: tuple[str, ...] = ()
    inner: object = None


@dataclass(frozen=True, kw_only=True)
class Service(Network):
    answer: str | None = None

    def cache_key(self) -> str | None:
        return self.answer


DIFFERENT = [
    *(1, True, 1.0, "1", b"1", Word.ONE, np.array(1), np.array([1]), (1,), ((1,),), {"1": 1}),
    *(np.zeros(4, np.uint8), np.zeros(4, np.int8), np.zeros((2, 2), np.uint8), np.zeros(1, "f4")),
    *(("a", "b"), ("ab",), ("a", ("b",)), ("", "ab"), {"a": "b"}, {"b": "a"}, ()),
    *(EnergyOptions(), EnergyOptions(alpha_static=0.2), Network(), Service(answer="")),
    *(Network(model="a"), Network(others=("a",)), float("nan"), 0.0, -0.0),
]


def test_what_differs_has_another_fingerprint() -> None:
    found = [fingerprint(value) for value in DIFFERENT]
    assert None not in found
    for (i, a), (j, b) in itertools.combinations(enumerate(found), 2):
        assert a != b, (DIFFERENT[i], DIFFERENT[j])


def test_the_same_content_has_the_same_fingerprint_however_it_lies_in_memory() -> None:
    block = np.arange(24.0).reshape(4, 6)
    assert fingerprint(block[:, ::2]) == fingerprint(block[:, ::2].copy())
    assert fingerprint(np.asfortranarray(block)) == fingerprint(block)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(EnergyOptions()) == fingerprint(EnergyOptions())


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(WorkingClip)])
def test_every_field_of_a_working_clip_counts(field: str) -> None:
    size = (3, 4)
    values = {
        "frames": np.zeros((5, *size, 3), np.float32),
        "response": np.broadcast_to(np.zeros((1, *size, 2), np.uint8), (5, *size, 2)),
        "histogram": np.zeros((*size, 2), np.float32),
        "natural": np.zeros(size, bool),
        "moving": np.zeros(size, bool),
        "rigid": np.zeros(size, np.int16),
        "every": 4,
        "source_frames": 20,
    }
    before = fingerprint(WorkingClip(**values))
    if isinstance(values[field], int):
        values[field] += 1
    else:
        changed = values[field].copy()
        changed.flat[-1] = 1
        values[field] = changed
    assert fingerprint(WorkingClip(**values)) != before


@pytest.mark.parametrize("value", [object(), len, np.array([object()]), {1}, [None, object()]])
def test_what_cannot_be_looked_into_has_none(value: object) -> None:
    assert fingerprint(value) is None
    assert identity(Network(inner=value)) is None


def test_one_unknown_part_makes_the_whole_unknown() -> None:
    assert fingerprint("a", None) is None
    assert fingerprint("a", Path("no such file")) is None


def test_a_path_stands_for_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    two.write_text("same")
    assert fingerprint(one) == fingerprint(two)
    two.write_text("other")
    assert fingerprint(one) != fingerprint(two)


def test_a_weights_file_counts_by_its_content(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    for name, component in {
        str(tmp_path / "a.bin"): Network(model=str(tmp_path / "a.bin")),
        "b.bin": Network(others=("x", "b.bin")),  # found in the models folder
        "c.bin": Network(inner=(Network(model="c.bin"),)),
    }.items():
        before = identity(component)
        file = tmp_path / "models" / name
        file.write_bytes(b"weights")
        first = identity(component)
        file.write_bytes(b"Weights")
        assert len({before, first, identity(component)}) == 3, name
        file.write_bytes(b"weights")
        assert identity(component) == first


def test_every_mask_of_a_folder_counts(tmp_path: Path) -> None:
    masks = MaskSegmenter(path=str(tmp_path))
    found = {identity(masks)}
    (tmp_path / "water.png").write_bytes(b"one")
    found.add(identity(masks))
    (tmp_path / "water.png").write_bytes(b"two")
    found.add(identity(masks))
    (tmp_path / "water.png").rename(tmp_path / "sea.png")
    found.add(identity(masks))
    assert len(found) == 4
    assert None not in found


def test_a_folder_too_large_to_look_through_is_unknown(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(cinekit.store.fingerprint, "MOST_FILES", 2)
    for i in range(3):
        (tmp_path / f"{i}").touch()
    assert identity(Network(model=str(tmp_path))) is None


def test_a_component_that_depends_on_more_says_so() -> None:
    assert identity(Service(answer="v1")) != identity(Service(answer="v2"))
    assert identity(Service(answer=None)) is None
    assert identity(Network(inner=Service(answer=None))) is None


def test_what_is_no_dataclass_is_unknown() -> None:
    class Plain:
        def respond(self, clip: Clip) -> None: ...

    assert identity(Plain()) is None
    assert identity(MotionSegmenter) is None
    assert identity(MotionSegmenter()) is not None


def test_the_code_of_a_component_counts(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "made_plugin"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Made:\n    n: int = 1\n"
    )
    (package / "helper.py").write_text("SCALE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = importlib.import_module("made_plugin").Made()
    before = identity(made)
    assert before is not None
    cinekit.store.fingerprint._hash_of_code.cache_clear()  # as in another run
    assert identity(made) == before
    (package / "helper.py").write_text("SCALE = 2\n")
    cinekit.store.fingerprint._hash_of_code.cache_clear()
    assert identity(made) != before
    cinekit.store.fingerprint._hash_of_code.cache_clear()
    del sys.modules["made_plugin"]


def test_a_class_without_a_file_is_unknown(monkeypatch) -> None:
    typed_in = types.ModuleType("typed_in")
    monkeypatch.setitem(sys.modules, "typed_in", typed_in)
    exec(
        "import dataclasses\n@dataclasses.dataclass\nclass Typed:\n    n: int = 1\n", vars(typed_in)
    )
    assert identity(typed_in.Typed()) is None
