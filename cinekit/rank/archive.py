"""Fitted models on disk without pickle: one .npz of arrays plus one json text, guided by types.

A dataclass is written field by field: arrays as npz members under their dotted path, plain values
in the json. Reading follows the annotations of the class that is asked for, so that a file can
only ever produce arrays, plain values and that class: nothing in it is executed.
"""

from __future__ import annotations

import json
import os
import types
import zipfile
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError

FORMAT = 1
T = TypeVar("T")


def save(model: Any, kind: str, path: Path) -> None:
    """Write a dataclass to ``path`` (whole or not at all). ``kind`` names the ranker."""
    arrays: dict[str, NDArray[Any]] = {}
    document = {"format": FORMAT, "kind": kind, "model": _pack(model, "model", arrays)}
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
        return _unpack(cls, document["model"], "model", arrays)  # type: ignore[no-any-return]
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


def _pack(value: Any, path: str, arrays: dict[str, NDArray[Any]]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: _pack(getattr(value, f.name), f"{path}.{f.name}", arrays) for f in fields(value)
        }
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_pack(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{path}: cannot keep a {type(value).__name__} in a model file")


def _unpack(kind: Any, value: Any, path: str, arrays: dict[str, NDArray[Any]]) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        if value is None:
            return None
        (kind,) = [option for option in get_args(kind) if option is not type(None)]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        given = {
            f.name: _unpack(hints[f.name], value[f.name], f"{path}.{f.name}", arrays)
            for f in fields(kind)
        }
        return kind(**given)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(_unpack(inner, item, f"{path}.{i}", arrays) for i, item in enumerate(value))
    if isinstance(value, dict):
        return arrays[value["array"]]
    if isinstance(kind, type):
        return kind(value)
    return value
