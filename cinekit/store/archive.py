"""Dataclasses on disk without pickle: arrays, plus one json text, guided by types.

A dataclass is written field by field: arrays under their dotted path, plain values in the text.
Reading follows the annotations of the class that is asked for, so that a file can only ever produce
arrays, plain values and that class: nothing in it is executed.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from cinekit.model import is_constant
from cinekit.store.atomic import whole_file

Arrays = dict[str, NDArray[Any]]

_TEXT = "json"
"""The member of a file that holds the text, as UTF-8 bytes."""


def members(value: Any, **head: Any) -> Arrays:
    """A dataclass as the members of a file. head : plain values to be known before the class is."""
    arrays: Arrays = {}
    text = json.dumps({**head, "value": pack(value, "value", arrays)})
    arrays[_TEXT] = np.frombuffer(text.encode(), np.uint8)
    return arrays


def write(path: Path, arrays: Arrays) -> None:
    """Write what :func:`members` gave as an .npz; it appears whole or not at all.

    Raises
    ------
    WriteError
        When the folder is not writable or the disk is full.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The head of a file, its "value" for :func:`unpack`, and the arrays.

    Raises
    ------
    FileNotFoundError
        When there is no file.
    OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error
        When it is another or a damaged file.
    """
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays.pop(_TEXT).tobytes())
    return head, arrays


def pack(value: Any, path: str, arrays: Arrays) -> Any:
    """A value as something that json can write; its arrays go into ``arrays``, under their paths.

    An array that repeats its first item (a broadcast view along the first axis) is kept as that
    item.

    Raises
    ------
    TypeError
        For anything but dataclasses, arrays, enums, tuples, mappings with plain keys, and plain
        values.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: pack(getattr(value, f.name), f"{path}.{f.name}", arrays) for f in fields(value)
        }
    if isinstance(value, np.ndarray):
        if is_constant(value) and len(value) > 1:
            arrays[path] = value[:1]
            return {"array": path, "repeat": len(value)}
        arrays[path] = value
        return {"array": path}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [pack(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return [[key, pack(item, f"{path}.{key}", arrays)] for key, item in value.items()]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{path}: cannot keep a {type(value).__name__} in a file")


def plain(value: Any) -> Any:
    """A value as what json knows, for people and other programs; it cannot be read back.

    A dataclass becomes a dict that names its class, an enum its value, a number that is not finite
    None; floats keep 6 significant digits. Anything unknown becomes its ``str``.
    """
    if is_dataclass(value) and not isinstance(value, type):
        held = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"class": type(value).__name__, **held}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return float(f"{value:.6g}") if abs(value) < 1e6 else round(value, 1)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def unpack(kind: Any, value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The inverse of :func:`pack`. kind : the class or annotation of what is wanted.

    Raises
    ------
    KeyError, TypeError, ValueError
        When this is not the value of such a class. Of several classes it is the one whose fields
        the value has.
    """
    if get_origin(kind) in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        if value is None:
            return value
        named = [o for o in options if is_dataclass(o) and {f.name for f in fields(o)} == {*value}]
        if not named and len(options) > 1:
            return value
        (kind,) = named or options
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: unpack(hints[f.name], value[f.name], arrays) for f in fields(kind)})
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(unpack(inner[0], item, arrays) for item in value)
        return tuple(unpack(one, item, arrays) for one, item in zip(inner, value, strict=True))
    if get_origin(kind) is Mapping:
        to_key, to_item = get_args(kind)
        return {to_key(key): unpack(to_item, item, arrays) for key, item in value}
    if isinstance(value, dict):
        array = arrays[value["array"]]
        repeat = value.get("repeat")
        return array if repeat is None else np.broadcast_to(array, (repeat, *array.shape[1:]))
    return kind(value) if isinstance(kind, type) else value
