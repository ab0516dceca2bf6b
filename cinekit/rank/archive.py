"""Fitted rankers on disk, see :mod:`cinekit.store.archive`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeVar

from cinekit.errors import RankError
from cinekit.store import archive

FORMAT = 1
T = TypeVar("T")


def save(model: Any, kind: str, path: Path) -> None:
    """Write a dataclass to ``path``, whole or not at all. kind : names the ranker.

    Raises
    ------
    WriteError
        When the folder is not writable or the disk is full.
    """
    archive.write(path, archive.members(model, format=FORMAT, kind=kind))


def read_kind(path: Path) -> str:
    """The ranker that wrote a model file; raises RankError as :func:`load` does."""
    return str(_read(path)[0]["kind"])


def load(cls: type[T], path: Path) -> T:
    """Read a model file as ``cls``.

    Raises
    ------
    RankError
        When the file is missing, damaged, of another format version, or of another class.
    """
    head, arrays = _read(path)
    try:
        return archive.unpack(cls, head["value"], arrays)  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError) as error:
        raise RankError(
            f"{path}: not a model of {cls.__name__} ({error}); train again with 'cinekit train'"
        ) from None


def _read(path: Path) -> tuple[dict[str, Any], archive.Arrays]:
    try:
        head, arrays = archive.read(path)
        version = head["format"]
    except FileNotFoundError:
        raise RankError(f"{path}: no such model; make it with 'cinekit train'") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        raise RankError(
            f"{path}: expected a cinekit model, received another or a damaged file; "
            "train again with 'cinekit train'"
        ) from None
    if version != FORMAT:
        raise RankError(
            f"{path}: expected model format {FORMAT}, received {version}; train again with "
            "'cinekit train'"
        )
    return head, arrays
