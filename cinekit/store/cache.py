"""What earlier runs found, kept on disk by the content of everything that it depends on.

An entry is a dataclass in a file whose name is the :func:`~cinekit.store.fingerprint.fingerprint`
of its inputs, so that nothing is ever out of date: another input is another name. Entries appear
whole or not at all, a damaged one is made again, and those that were not used for longest go first
when there are too many. A run with a cache gives what a run without one gives, bit for bit.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cinekit.errors import ConfigError
from cinekit.store import archive
from cinekit.store.atomic import UNFINISHED
from cinekit.store.fingerprint import fingerprint, identity
from cinekit.store.paths import cache_folder

T = TypeVar("T")
Tell = Callable[[str], None]

GIGABYTES = 4.0
"""What the entries may take together: about fifteen clips of 150 frames at 960x540."""

_SUFFIX = ".npz"

_ABANDONED_SECONDS = 3600.0
"""An unfinished file older than this belongs to a run that was killed."""


@dataclass(frozen=True)
class Entry:
    """One file of the cache. kind : "response" ... used : time stamp of the last use, seconds."""

    path: Path
    bytes: int
    used: float

    @property
    def kind(self) -> str:
        """What it holds."""
        return self.path.name.partition("-")[0]


class Cache:
    """A folder of entries. Several processes may use it at once.

    folder : None takes :func:`cache_folder`. It is made with the first entry.
    gigabytes : entries are deleted, those that were not used for longest first, to stay below.
    """

    def __init__(self, folder: Path | None = None, gigabytes: float = GIGABYTES) -> None:
        if not gigabytes > 0:
            raise ConfigError(
                f"cache_gigabytes: expected > 0, received {gigabytes}; cache=false keeps nothing"
            )
        self.folder = cache_folder() if folder is None else folder
        self.most_bytes = int(gigabytes * 1e9)

    def path_of(self, kind: str, key: str) -> Path:
        """The file of an entry, whether it exists or not."""
        return self.folder / f"{kind}-{key}{_SUFFIX}"

    def load(self, kind: str, key: str, cls: type[T], tell: Tell) -> T | None:
        """The entry, or None when there is none that can be read.

        tell : is told when a damaged entry was found; it is deleted.
        """
        path = self.path_of(kind, key)
        try:
            head, arrays = archive.read(path)
            value = archive.unpack(cls, head["value"], arrays)
        except FileNotFoundError:
            return None
        except Exception as error:  # damaged bytes raise whatever they hit upon
            tell(f"cache: {path.name} is damaged ({type(error).__name__}), made again")
            _delete(path)
            return None
        with suppress(OSError):  # another process may have deleted it by now
            os.utime(path)
        return value  # type: ignore[no-any-return]

    def save(self, kind: str, key: str, value: Any, tell: Tell) -> None:
        """Keep a dataclass. A full disk or a folder without rights is told, and nothing more."""
        path = self.path_of(kind, key)
        arrays = archive.members(value)
        if sum(array.nbytes for array in arrays.values()) > self.most_bytes:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            archive.write(path, arrays)
        except OSError as error:
            tell(f"cache: cannot keep the {kind} in {self.folder} ({error.__cause__ or error})")
            return
        self._make_room(path)

    def entries(self) -> list[Entry]:
        """Everything that is kept, least recently used first."""
        found = []
        for path in self._files(_SUFFIX):
            with suppress(OSError):
                status = path.stat()
                found.append(Entry(path, status.st_size, status.st_mtime))
        return sorted(found, key=lambda entry: (entry.used, entry.path.name))

    def clear(self) -> int:
        """Delete every entry, and what killed runs left; returns how many entries there were."""
        entries = self.entries()
        for path in [*(entry.path for entry in entries), *self._files(UNFINISHED)]:
            _delete(path)
        return len(entries)

    def _make_room(self, newest: Path) -> None:
        """Delete old entries until the rest fits, and what killed runs left."""
        entries = self.entries()
        total = sum(entry.bytes for entry in entries)
        for entry in entries:
            if total <= self.most_bytes:
                break
            if entry.path != newest:
                _delete(entry.path)
                total -= entry.bytes
        for path in self._files(UNFINISHED):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    _delete(path)

    def _files(self, suffix: str) -> Iterator[Path]:
        return self.folder.glob(f"*{suffix}") if self.folder.is_dir() else iter(())


class Recall:
    """A job's view of the cache: what it found there, and nothing at all without one.

    tell : told what is wrong with the cache; a job never fails for it.
    """

    def __init__(self, cache: Cache | None, tell: Tell) -> None:
        self._cache, self._tell = cache, tell
        self._found: Counter[str] = Counter()

    def key(self, *parts: Any, component: Any = None) -> str | None:
        """The fingerprint of what a value depends on; None when it cannot be kept.

        parts : a path stands for the content of its file.
        component : whose answer the value is, if it is one's.
        """
        if self._cache is None:
            return None
        if component is not None:
            parts = (*parts, identity(component))
        return fingerprint(*parts)

    def load(self, kind: str, key: str | None, cls: type[T]) -> T | None:
        """What an earlier run kept under this key."""
        if self._cache is None or key is None:
            return None
        value = self._cache.load(kind, key, cls, self._tell)
        self._found[kind] += value is not None
        return value

    def save(self, kind: str, key: str | None, value: Any) -> None:
        """Keep a value for later runs."""
        if self._cache is not None and key is not None:
            self._cache.save(kind, key, value, self._tell)

    def summary(self) -> tuple[str, ...]:
        """What was found, in one line, or in none."""
        found = [f"{kind} ({n})" if n > 1 else kind for kind, n in self._found.items() if n]
        return (f"kept from an earlier run: {', '.join(found)}",) if found else ()


def _delete(path: Path) -> None:
    with suppress(OSError):  # gone already, or open in another process of Windows
        path.unlink()
