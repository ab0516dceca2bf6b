"""A kernel compiled from an older callee must never be read back from the cache."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cinekit.energy.jit

CALLER = """
from cinekit.energy.jit import kernel
from between import twice

@kernel
def outer():
    return twice() + 1

print(outer(), sum(outer.stats.cache_hits.values()))
"""
BETWEEN = """
from cinekit.energy.jit import kernel
from callee import value

@kernel
def twice():
    return 2 * value()
"""
CALLEE = """
from cinekit.energy.jit import kernel

@kernel
def value():
    return {}
"""


def test_a_change_in_a_called_kernel_recompiles_the_caller(tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text(CALLER, "utf-8")
    (tmp_path / "between.py").write_text(BETWEEN, "utf-8")

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

    assert run(10) == "21 0"
    assert run(10) == "21 1"
    assert run(20) == "41 0"


def test_no_kernel_is_compiled_past_the_stamp() -> None:
    package = Path(cinekit.energy.jit.__file__).parents[1]
    plain = [
        str(path)
        for path in package.rglob("*.py")
        if path.name != "jit.py"
        and re.search(r"\bn?jit\(|@njit|import njit", path.read_text("utf-8"))
    ]
    assert not plain, "use @kernel, whose cache on disk notices changes in callees"
