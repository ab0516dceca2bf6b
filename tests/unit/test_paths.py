"""Where things of a user lie, on three systems, and without a home."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cinekit.errors import ConfigError
from cinekit.store.paths import cache_folder, home_folder, models_folder

FOLDERS: dict[str, Callable[[], Path]] = {
    "CINEKIT_CACHE": cache_folder,
    "CINEKIT_MODELS": models_folder,
    "CINEKIT_HOME": home_folder,
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FOLDERS, "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))


@pytest.mark.parametrize(
    ("system", "cache", "data"),
    [
        ("linux", ".cache", ".local/share"),
        ("freebsd14", ".cache", ".local/share"),
        ("darwin", "Library/Caches", "Library/Application Support"),
        ("win32", "AppData/Local", "AppData/Local"),
    ],
)
def test_each_system_has_its_own_places(system, cache, data, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    home = Path("/home/ann")
    assert cache_folder() == home / cache / "cinekit" / "runs"
    assert models_folder() == home / cache / "cinekit" / "models"
    assert home_folder() == home / data / "cinekit"


@pytest.mark.parametrize("variable", list(FOLDERS))
def test_the_variable_names_the_folder_itself(variable, monkeypatch) -> None:
    monkeypatch.setenv(variable, "/data/mine")
    assert FOLDERS[variable]() == Path("/data/mine")
    monkeypatch.setenv(variable, "")  # as good as unset
    assert FOLDERS[variable]().is_relative_to("/home/ann")


def test_the_system_s_variables_name_the_base(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert cache_folder() == Path("/caches/cinekit/runs")
    assert home_folder() == Path("/data/cinekit")


@pytest.mark.parametrize("variable", list(FOLDERS))
def test_without_a_home_the_line_names_the_variable(variable, monkeypatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(ConfigError, match=f"this user has none; set {variable} to a folder"):
        FOLDERS[variable]()
