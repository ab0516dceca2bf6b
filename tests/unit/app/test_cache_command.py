from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cinekit.labels import LabelMap
from cinekit.store.cache import Cache


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """What the command sees: a folder with two entries."""
    monkeypatch.setenv("CINEKIT_CACHE", str(tmp_path / "kept"))
    cache = Cache()
    labels = LabelMap(np.ones((50, 50), np.int16), np.zeros((50, 50), np.int16), 8)
    for name in "ab":
        cache.save("labels", name, labels, print)
    return cache


def test_list_says_what_is_kept_and_where(run, kept):
    for arguments in (("cache",), ("cache", "list")):
        done = run(*arguments)
        assert done.status == 0
        assert "labels        2" in done.out
        assert f"2 entries, 0.0 MB in {kept.folder}" in done.out


def test_path_is_the_folder_alone(run, kept):
    assert run("cache", "path").out == f"{kept.folder}\n"


def test_clear_deletes_the_entries(run, kept):
    assert run("cache", "clear").out == f"2 entries deleted from {kept.folder}\n"
    assert kept.entries() == []
    assert "0 entries" in run("cache").out


def test_what_it_does_not_know_is_one_line(run, kept):
    assert "unknown command 'cache claer' (did you mean 'clear'?)" in run("cache", "claer").error
    assert "cache clear takes no arguments, received 'all'" in run("cache", "clear", "all").error
    assert len(kept.entries()) == 2


@pytest.mark.parametrize(
    ("override", "size"), [("cache=true", 4e9), ("cache_gigabytes=0.5", 0.5e9), ("cache=false", 0)]
)
def test_make_is_given_the_cache_that_was_asked_for(run, jobs, override, size):
    assert run("make", "clip.mp4", "segmenter=motion", override).status == 0
    assert (jobs.cache.most_bytes if jobs.cache else 0) == size


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cache_gigabytes=0", "cache_gigabytes: expected > 0, received 0.0"),
        ("cache_gigabytes=much", "cache_gigabytes: expected float, received 'much'"),
        ("cache=perhaps", "cache: expected bool, received 'perhaps'"),
    ],
)
def test_a_wrong_value_is_one_line(run, jobs, override, message):
    done = run("make", "clip.mp4", "segmenter=motion", override)
    assert done.status == 1
    assert message in done.error
    assert jobs.calls == []


def test_doctor_says_where_runs_are_kept(run, kept):
    assert str(kept.folder) in run("doctor").out
