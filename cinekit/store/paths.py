"""Where cinekit keeps things of its user: one rule for every folder.

An environment variable names the folder; without it, it lies where the system keeps a user's caches
or an application's data (XDG base directories, ``~/Library``, ``%LOCALAPPDATA%``). None of these
need exist. Where a cache cannot be made, a private temporary folder takes its place.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import warnings
from functools import cache
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
    folder = _folder(CACHE, _CACHES, "cinekit/runs")
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if os.access(there, os.W_OK) or os.environ.get(CACHE):
        return folder
    return temporary_folder() / "runs"


def models_folder() -> Path:
    """Weights of networks: ``$CINEKIT_MODELS``, else ``cinekit/models`` in the user's cache."""
    return _folder(MODELS, _CACHES, "cinekit/models")


def home_folder() -> Path:
    """Ratings and trained rankers: ``$CINEKIT_HOME``, else ``cinekit`` in the user's data."""
    return _folder(HOME, _DATA, "cinekit")


@cache
def temporary_folder() -> Path:
    """A folder for caches of a user who can write neither at home nor beside the package.

    Compiled code is read back from there: a folder that somebody else could have filled is left
    alone, and one for this process is made instead. Warns when it is first asked for.
    """
    folder = Path(tempfile.gettempdir(), f"cinekit-{getattr(os, 'getuid', int)()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if hasattr(os, "getuid") and (
        not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022
    ):
        folder = Path(tempfile.mkdtemp(prefix="cinekit-"))
    warnings.warn(
        f"the home folder cannot be written to: compiled kernels and earlier runs are kept in "
        f"{folder} (NUMBA_CACHE_DIR and {CACHE} choose others)",
        RuntimeWarning,
        stacklevel=2,
    )
    return folder


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
