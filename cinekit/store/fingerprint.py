"""What a result depends on, as one hash: values, files, code and libraries.

Two equal fingerprints mean the same content, options, code and environment, so that the result of
one may stand for the other. Where that cannot be known there is no fingerprint.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cinekit.model import is_constant
from cinekit.store.paths import models_folder
from cinekit.store.weights import checksum

MOST_FILES = 10_000
"""A folder with more files than this is not looked through."""


class _Unknown(TypeError):
    """A value whose content cannot be known from outside."""


def fingerprint(*parts: Any) -> str | None:
    """64 hex digits for what the parts hold; None when one of them is None, or cannot be known.

    parts : arrays, dataclasses, enums, mappings, tuples, lists and plain values; a path stands for
        the content of its file. The code of the packages that define the dataclasses counts,
        cinekit's always, and so does the environment.
    """
    digest = _Digest()
    try:
        for part in parts:
            if part is None:
                return None
            digest.feed(part)
        return digest.finish()
    except (_Unknown, OSError):
        return None


def identity(component: Any) -> str | None:
    """What the answers of a component depend on, besides its input; None when that is not known.

    By default: its class, its fields, the content of every file and folder that a field names (by
    its path, or by its name in the models folder), the code of its package, and the environment.
    A component that depends on more (a service, a device, the time) says so with an optional method
    ``cache_key() -> str | None``: the text counts too, and None means that no two answers of it can
    be taken for each other.
    """
    if not dataclasses.is_dataclass(component) or isinstance(component, type):
        return None
    digest = _Digest()
    try:
        digest.feed(component)
        for path in sorted({path for text in digest.names for path in _found(text)}):
            digest.feed((str(path), path))
        return digest.finish()
    except (_Unknown, OSError):
        return None


class _Digest:
    """SHA-256 over values, each written with its type, so that no two values look the same.

    names : the texts that were fed, each of which may name a file.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._hash = hashlib.sha256()
        self._modules = {"cinekit"}

    def feed(self, value: Any) -> None:
        """Add a value. Raises _Unknown, or OSError for a file that cannot be read."""
        if value is None or isinstance(value, (bool, int, float, complex)):
            self._add(type(value).__name__, repr(value).encode())
        elif isinstance(value, Enum):
            self._add("enum", f"{type(value).__qualname__}.{value.name}".encode())
        elif isinstance(value, str):
            self.names.add(value)
            self._add("text", value.encode(errors="surrogatepass"))
        elif isinstance(value, Path):
            self._add("file", checksum(value).encode())
        elif isinstance(value, bytes):
            self._add("bytes", value)
        elif isinstance(value, np.generic):
            self.feed(value.item())
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif isinstance(value, Mapping):
            self._add("mapping", str(len(value)).encode())
            for key in sorted(value, key=repr):
                self.feed(key)
                self.feed(value[key])
        elif isinstance(value, (tuple, list)):
            self._add("sequence", str(len(value)).encode())
            for item in value:
                self.feed(item)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            self._dataclass(value)
        else:
            raise _Unknown(type(value).__name__)

    def finish(self) -> str:
        """Close with code and environment: 64 hex digits."""
        for code in sorted({_code_of(module) for module in self._modules}):
            self._add("code", code.encode())
        self._add("environment", environment().encode())
        return self._hash.hexdigest()

    def _add(self, kind: str, content: bytes) -> None:
        self._hash.update(f"{kind}:{len(content)}:".encode())
        self._hash.update(content)

    def _array(self, value: np.ndarray[Any, Any]) -> None:
        if value.dtype.hasobject:
            raise _Unknown("array of objects")
        shape = value.shape
        if is_constant(value):
            value = value[:1]  # the same item over and over: reading it once is enough
        self._add("array", f"{value.dtype.str} {shape} {value.shape}".encode())
        self._hash.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)

    def _dataclass(self, value: Any) -> None:
        cls = type(value)
        for base in cls.__mro__:
            if base.__module__.partition(".")[0] not in sys.stdlib_module_names:
                self._modules.add(base.__module__)
        if callable(own := getattr(value, "cache_key", None)):
            if (said := own()) is None:
                raise _Unknown(f"{cls.__qualname__}: no two answers are the same")
            self._add("key", str(said).encode())
        fields = dataclasses.fields(value)
        self._add("dataclass", f"{cls.__module__}.{cls.__qualname__} {len(fields)}".encode())
        for field in fields:
            self._add("field", field.name.encode())
            self.feed(getattr(value, field.name))


def _code_of(module: str) -> str:
    """SHA-256 over the files of the package that a module is in, as hex digits.

    The version would do for a released package; the code also tells apart what is being written.

    Raises
    ------
    _Unknown
        When it has no files, like what was typed into an interpreter.
    """
    return _hash_of_code(_root(module))


@cache
def _hash_of_code(root: Path) -> str:
    digest = hashlib.sha256()
    files = [root] if root.is_file() else [p for p in _files(root) if "__pycache__" not in p.parts]
    for path in files:
        digest.update(f"{path.relative_to(root.parent).as_posix()}\n".encode())
        digest.update(checksum(path).encode())
    return digest.hexdigest()


@cache
def _root(module: str) -> Path:
    """The folder of the package that a module is in, or its own file when it is in none."""
    try:
        spec = find_spec(module.partition(".")[0])
    except (ImportError, ValueError):  # __main__, and modules that were loaded by hand
        spec = None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if len(folders) == 1:
        return Path(folders[0])
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not Path(file).is_file():
        raise _Unknown(f"module {module}")
    return Path(file)


@cache
def environment() -> str:
    """Python, machine, and every installed distribution with its version."""
    installed = {
        f"{one.metadata['Name']} {one.version}" for one in importlib.metadata.distributions()
    }
    python = f"{sys.implementation.cache_tag} {platform.python_version()} {platform.machine()}"
    return "\n".join([python, sys.platform, *sorted(installed)])


def _found(text: str) -> Iterator[Path]:
    """The files that a text names: one, all of a folder, or one of the models folder."""
    for folder in (Path, models_folder):
        try:
            place = folder() / Path(text).expanduser()
            if text and place.is_file():
                yield place
            elif text and place.is_dir():
                yield from _files(place)
        except (OSError, ValueError, RuntimeError):  # no name of a file, or no home
            continue


def _files(folder: Path) -> list[Path]:
    """All files below a folder, sorted. Raises _Unknown when there are too many."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            found.append(path)
            if len(found) > MOST_FILES:
                raise _Unknown(f"{folder} holds too many files")
    return sorted(found)
