"""``numba.njit`` whose cache on disk notices changes in *called* kernels too.

numba stamps a cached function with the time and size of its own file. A kernel that calls one of
another file keeps the callee's old code compiled in when only that other file changes, and then
computes yesterday's energy without a word. Here the stamp holds the text of every module beside
the function and of the energy package as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from numba import njit


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
    compiled = njit(cache=True, **how)(function)
    file: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):
        folder = Path(function.__code__.co_filename).parent
        file._source_stamp = (file._source_stamp, sources(folder))
        return compiled
    # This numba keeps its stamp elsewhere (or compiles nothing): a slow start, not a wrong result.
    return njit(**how)(function)


@cache
def sources(folder: Path) -> str:
    """Digest of the modules of a folder and of this one."""
    digest = hashlib.sha256()
    for path in sorted({*folder.glob("*.py"), *Path(__file__).parent.glob("*.py")}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
