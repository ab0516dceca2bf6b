"""A kernel compiled from an older callee must never be read back from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CALLER = """
from cinekit.energy.jit import kernel
from callee import value

@kernel
def outer():
    return value() + 1

print(outer(), sum(outer.stats.cache_hits.values()))
"""
CALLEE = """
from cinekit.energy.jit import kernel

@kernel
def value():
    return {}
"""


def test_a_change_in_a_called_kernel_recompiles_the_caller(tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text(CALLER, "utf-8")

    def run(value: int) -> str:
        (tmp_path / "callee.py").write_text(CALLEE.format(value), "utf-8")
        found = subprocess.run(
            [sys.executable, "caller.py"],
            cwd=tmp_path,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()

    assert run(10) == "11 0"
    assert run(10) == "11 1"
    assert run(20) == "21 0"
