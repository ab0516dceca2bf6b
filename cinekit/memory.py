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
