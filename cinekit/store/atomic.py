"""Files that appear whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinekit.errors import CinekitError, WriteError

UNFINISHED = ".tmp"
"""The suffix of a file that is being written; a killed process leaves it behind."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes it when the block ends well.

    The temporary file lies in the same folder, because a rename is atomic only within one file
    system. On any exception, a KeyboardInterrupt included, it is removed and whatever was at
    ``path`` before stays as it was.

    Raises
    ------
    WriteError
        In place of every OSError inside the block: no such folder, not writable, disk full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        try:
            temporary.open("xb").close()
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except CinekitError:
        raise
    except OSError as error:
        raise WriteError(_explain(path, error)) from error


def _explain(path: Path, error: OSError) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"cannot write {path}: expected an existing folder, {folder} is none; create it"
    reason = error.strerror or str(error) or type(error).__name__
    return f"cannot write {path}: {reason}; choose a folder that is writable and has room"


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; the file appears whole or not at all.

    Raises
    ------
    WriteError
        When the folder is not writable or the disk is full.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes; the file appears whole or not at all.

    Raises
    ------
    WriteError
        When the folder is not writable or the disk is full.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(data)
