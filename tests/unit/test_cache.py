"""What is kept, what is made again, and that nothing but the time it takes depends on it."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest

from cinekit.errors import ConfigError
from cinekit.model import Category, Motion, SemanticResponse
from cinekit.store.cache import Cache, Recall

KEY = "0" * 64


class Kind(StrEnum):
    ONE = "one"


@dataclass(frozen=True)
class Inner:
    name: str
    values: np.ndarray


@dataclass(frozen=True)
class Value:
    """One of everything that may be kept."""

    array: np.ndarray
    inner: tuple[Inner, ...]
    by_number: Mapping[int, np.ndarray]
    shares: Mapping[str, float]
    kind: Kind = Kind.ONE
    size: tuple[int, str] = (3, "x")
    missing: str | None = None
    note: str = "ü\n"
    counts: Mapping[str, Inner] = field(default_factory=dict)


def value(seed: int = 0, n: int = 6) -> Value:
    rng = np.random.default_rng(seed)
    return Value(
        array=rng.integers(0, 255, (n, 4), dtype=np.uint8),
        inner=(Inner("a", rng.random(3)), Inner("b", np.zeros((0, 2), np.int16))),
        by_number={4: rng.random((2, 2)).astype(np.float32), 2: np.arange(3)},
        shares={"pi": np.pi, "inf": float("inf"), "tiny": 5e-324, "whole": np.float64(2)},
        counts={"x.y": Inner("c", np.array([1]))},
    )


def same(a: object, b: object) -> bool:
    """Equal, and of equal types, to the last bit."""
    if isinstance(a, np.ndarray):
        assert isinstance(b, np.ndarray)
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, Mapping):
        assert isinstance(b, Mapping)
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        assert isinstance(b, tuple)
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def refuse(text: str) -> None:
    raise AssertionError(f"nothing to tell, but: {text}")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


def test_a_value_comes_back_bit_by_bit(cache: Cache) -> None:
    before = value()
    cache.save("value", KEY, before, refuse)
    after = cache.load("value", KEY, Value, refuse)
    assert after is not None
    assert same(before, after)
    assert type(after.kind) is Kind


def test_a_response_that_stands_still_is_kept_as_one_frame(cache: Cache) -> None:
    cell = np.full((30, 40, 1), 255, np.uint8)
    view = np.broadcast_to(cell, (100, *cell.shape))
    response = SemanticResponse(view, (Category("sea", Motion.NATURAL),), "test", ("a note",))
    cache.save("response", KEY, response, refuse)
    after = cache.load("response", KEY, SemanticResponse, refuse)
    assert after is not None
    assert same(response, after)
    assert after.probabilities.strides[0] == 0
    assert cache.path_of("response", KEY).stat().st_size < 2 * cell.nbytes + 2000


def test_what_was_never_kept_is_none(cache: Cache) -> None:
    assert cache.load("value", KEY, Value, refuse) is None
    assert cache.entries() == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "another class", "no zip"])
def test_a_damaged_entry_is_told_and_deleted(cache: Cache, damage: str) -> None:
    cache.save("value", KEY, value(n=4000), refuse)
    path = cache.path_of("value", KEY)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "another class":
        cache.save("value", KEY, Inner("a", np.zeros(2)), refuse)
    else:
        path.write_bytes(b"hello")
    told: list[str] = []
    assert cache.load("value", KEY, Value, told.append) is None
    (line,) = told
    assert "damaged" in line
    assert path.name in line
    assert not path.exists()
    cache.save("value", KEY, value(), refuse)
    assert cache.load("value", KEY, Value, refuse) is not None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    one = value(n=100_000)  # 0.4 MB
    cache = Cache(tmp_path, gigabytes=0.0014)
    for i, name in enumerate("abc"):
        cache.save("value", name, one, refuse)
        os.utime(cache.path_of("value", name), (1000 + i, 1000 + i))
    assert cache.load("value", "a", Value, refuse) is not None  # now b is the oldest
    cache.save("value", "d", one, refuse)
    assert {entry.path.stem for entry in cache.entries()} == {"value-a", "value-c", "value-d"}
    assert sum(entry.bytes for entry in cache.entries()) <= 1.4e6


def test_what_does_not_fit_at_all_drives_nothing_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path, gigabytes=0.0005)
    cache.save("value", "small", value(), refuse)
    cache.save("value", "large", value(n=1_000_000), refuse)
    assert [entry.path.stem for entry in cache.entries()] == ["value-small"]


def test_a_folder_that_cannot_be_written_is_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    told: list[str] = []
    Cache(tmp_path / "file").save("value", KEY, value(), told.append)
    (line,) = told
    assert "cannot keep the value" in line


@pytest.mark.parametrize("size", [0, -1, float("nan")])
def test_a_size_that_keeps_nothing_is_refused(size: float) -> None:
    with pytest.raises(ConfigError, match="cache_gigabytes: expected > 0"):
        Cache(gigabytes=size)


def test_a_run_killed_while_it_writes_leaves_no_entry(tmp_path: Path) -> None:
    code = f"""
        import os, signal, sys
        import numpy as np
        from cinekit.store.cache import Cache
        from cinekit.labels import LabelMap

        def savez(file, **arrays):
            file.write(b"half of it")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        np.savez = savez
        labels = LabelMap(np.ones((2, 2), np.int16), np.zeros((2, 2), np.int16), 8)
        Cache(__import__("pathlib").Path({str(tmp_path)!r})).save("labels", "k", labels, print)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    cache = Cache(tmp_path)
    assert cache.entries() == []
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"half of it"
    cache.save("value", "a", value(), refuse)
    assert left.exists(), "it may belong to a run that is still writing"
    old = time.time() - 7200
    os.utime(left, (old, old))
    cache.save("value", "b", value(), refuse)
    assert not left.exists()


def test_an_interrupted_write_leaves_nothing(cache: Cache, monkeypatch) -> None:
    def interrupted(*_args: object, **_arrays: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.save("value", KEY, value(), refuse)
    assert list(cache.folder.iterdir()) == []


def test_two_processes_may_keep_the_same_value_at_once(tmp_path: Path) -> None:
    code = f"""
        import sys
        import numpy as np
        from pathlib import Path
        from cinekit.store.cache import Cache
        from cinekit.labels import LabelMap

        def fail(text):
            sys.exit(text)

        cache = Cache(Path({str(tmp_path)!r}), gigabytes=0.003)
        for i in range(60):
            labels = LabelMap(np.ones((300, 400), np.int16), np.zeros((300, 400), np.int16), 8)
            cache.save("labels", str(i % 10), labels, fail)
            found = cache.load("labels", str(i % 10), LabelMap, fail)
            if found is not None and found.size != (300, 400):
                fail("half an entry")
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert 0 < sum(entry.bytes for entry in Cache(tmp_path).entries()) <= 3e6


def test_clear_leaves_an_empty_folder(cache: Cache) -> None:
    for name in "ab":
        cache.save("value", name, value(), refuse)
    (cache.folder / ".value-c.npz.1234.tmp").write_bytes(b"half")
    assert cache.clear() == 2
    assert list(cache.folder.iterdir()) == []


def test_without_a_cache_nothing_is_kept_or_found() -> None:
    recall = Recall(None, refuse)
    assert recall.key("a") is None
    recall.save("value", KEY, value())
    assert recall.load("value", KEY, Value) is None
    assert recall.summary() == ()


def test_the_summary_says_what_was_found(cache: Cache) -> None:
    recall = Recall(cache, refuse)
    for name in "ab":
        recall.save("loop", name, value())
    recall.save("clip", "c", value())
    assert recall.summary() == ()
    assert Counter(recall.load("loop", name, Value) is None for name in "abz")[True] == 1
    recall.load("clip", "c", Value)
    assert recall.summary() == ("kept from an earlier run: loop (2), clip",)
