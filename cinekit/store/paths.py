"""Where cinekit keeps things of its user: one rule for every folder.

An environment variable names the folder; without it, it lies where the system keeps a user's caches
or an application's data (XDG base directories, ``~/Library``, ``%LOCALAPPDATA%``). No folder is
made here, none need exist.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cinekit.errors import ConfigError

CACHE, MODELS, HOME = "CINEKIT_CACHE", "CINEKIT_MODELS", "CINEKIT_HOME"
"""The environment variables that name the folders."""

_CACHES = {
    "win32": ("LOCALAPPDATA", "AppData/Local"),
    "darwin": (None, "Library/Caches"),
    "linux": ("XDG_CACHE_HOME", ".cache"),
}
_DATA = {
    "win32": ("LOCALAPPDATA", "AppData/Local"),
    "darwin": (None, "Library/Application Support"),
    "linux": ("XDG_DATA_HOME", ".local/share"),
}
"""Per system: the variable that the system has for such a folder, and its place below home."""


def cache_folder() -> Path:
    """What earlier runs found: ``$CINEKIT_CACHE``, else ``cinekit/runs`` in the user's cache."""
    return _folder(CACHE, _CACHES, "cinekit/runs")


def models_folder() -> Path:
    """Weights of networks: ``$CINEKIT_MODELS``, else ``cinekit/models`` in the user's cache."""
    return _folder(MODELS, _CACHES, "cinekit/models")


def home_folder() -> Path:
    """Ratings and trained rankers: ``$CINEKIT_HOME``, else ``cinekit`` in the user's data."""
    return _folder(HOME, _DATA, "cinekit")


def _folder(variable: str, places: dict[str, tuple[str | None, str]], below: str) -> Path:
    try:
        if chosen := os.environ.get(variable):
            return Path(chosen).expanduser()
        of_system, in_home = places.get(sys.platform, places["linux"])
        base = os.environ.get(of_system) if of_system else None
        return Path(base or Path.home() / in_home) / below
    except RuntimeError:  # no HOME, and the system knows none for this user
        raise ConfigError(
            f"expected a home folder to keep {below} in, this user has none; "
            f"set {variable} to a folder"
        ) from None
