"""``numba.njit`` whose cache on disk notices changes in *called* kernels too.

numba stamps a cached function with the time and size of its own file. A kernel that calls one of
another file keeps the callee's old code compiled in when only that other file changes, and then
computes yesterday's energy without a word. Here the stamp holds the text of every module that the
function's own imports as well, however far away.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numba
from numba import njit

from cinekit.store.paths import temporary_folder

_ROOT = Path(__file__).parents[2]
"""The folder that holds the package cinekit."""


def kernel(
    function: Callable[..., Any] | None = None,
    *,
    fastmath: bool | set[str] = False,
    inline: bool = False,
) -> Any:
    """Compile a function on its first call: without the GIL, cached on disk.

    Used as ``@kernel`` or ``@kernel(fastmath={...})``. With ``inline`` it becomes part of the
    kernels that call it, which saves two atomic reference counts per array argument and call.
    """
    if function is None:
        return partial(kernel, fastmath=fastmath, inline=inline)
    how: dict[str, Any] = {
        "nogil": True,
        "fastmath": fastmath,
        "inline": "always" if inline else "never",
    }
    try:
        compiled = njit(cache=True, **how)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        folder = str(temporary_folder() / "kernels")
        os.environ["NUMBA_CACHE_DIR"] = folder  # for processes that this one starts
        numba.config.CACHE_DIR = folder  # type: ignore[attr-defined]
        compiled = njit(cache=True, **how)(function)
    file: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):
        file._source_stamp = (file._source_stamp, sources(Path(function.__code__.co_filename)))
        return compiled
    # This numba keeps its stamp elsewhere (or compiles nothing): a slow start, not a wrong result.
    return njit(**how)(function)


_IMPORT = re.compile(r"^\s*(?:from (\S+) import|import (\S+))", re.MULTILINE)


@cache
def sources(path: Path) -> str:
    """Digest of a module and of all that it imports, as far as that is code beside it or cinekit's.

    A kernel calls only what its module imports, so the digest changes with every callee.
    """
    seen: dict[Path, None] = {}
    todo = [path]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen[module] = None
            todo += _imported(module)
    digest = hashlib.sha256()
    for module in sorted(seen):
        digest.update(module.name.encode() + b"\0" + module.read_bytes())
    return digest.hexdigest()


@cache
def _imported(path: Path) -> list[Path]:
    """Files of the modules that a module imports, those of cinekit and those beside it."""
    found = []
    for one, other in _IMPORT.findall(path.read_text("utf-8")):
        *parents, name = (one or other).split(".")
        base = _ROOT.joinpath(*parents) if "cinekit" in parents[:1] else path.parent
        found += [base / f"{name}.py", base / name / "__init__.py"]
    return [module for module in found if module.is_file()]
