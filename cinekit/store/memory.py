"""How much memory this process took."""

from __future__ import annotations

import sys


def peak_memory() -> int:
    """Largest resident size of this process so far, bytes; 0 where the system does not tell.

    Python's standard library can ask on Linux, macOS and the BSDs, not on Windows.
    """
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


def give_back() -> None:
    """Hand freed memory back to the system.

    glibc keeps what worker threads have freed for their next allocation: after solving, that is
    a quarter of a gigabyte that nobody will ask for again. Other C libraries do this by themselves.
    """
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
