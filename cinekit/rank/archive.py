"""Fitted models on disk: one .npz of arrays and a json text, see :mod:`cinekit.store.archive`."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.store.archive import pack, unpack

FORMAT = 1
T = TypeVar("T")


def save(model: Any, kind: str, path: Path) -> None:
    """Write a dataclass to ``path`` (whole or not at all). ``kind`` names the ranker."""
    arrays: dict[str, NDArray[Any]] = {}
    document = {"format": FORMAT, "kind": kind, "model": pack(model, "model", arrays)}
    arrays["json"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RankError(f"{path}: cannot write the model ({error.strerror or error})") from None


def read_kind(path: Path) -> str:
    """The ranker that wrote a model file."""
    return str(_read(path)[0]["kind"])


def load(cls: type[T], path: Path) -> T:
    """Read a model file as ``cls``.

    Raises
    ------
    RankError
        When the file is missing, damaged, of another format version, or of another class.
    """
    document, arrays = _read(path)
    try:
        return unpack(cls, document["model"], arrays)  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError) as error:
        raise RankError(
            f"{path}: not a model of {cls.__name__} ({error}); train again with 'cinekit train'"
        ) from None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        document = json.loads(arrays.pop("json").tobytes())
        version = document["format"]
    except FileNotFoundError:
        raise RankError(f"{path}: no such model; make it with 'cinekit train'") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise RankError(
            f"{path}: expected a cinekit model, received another or a damaged file; "
            "train again with 'cinekit train'"
        ) from None
    if version != FORMAT:
        raise RankError(
            f"{path}: expected model format {FORMAT}, received {version}; train again with "
            "'cinekit train'"
        )
    return document, arrays
