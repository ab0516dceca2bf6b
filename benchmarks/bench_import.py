"""What starting costs: CPU seconds and peak memory of imports and of ``cinekit --help``.

    python benchmarks/bench_import.py [--runs N]

Each line is the median of several fresh processes, less what an empty Python takes. The promise is
under 0.3 s for ``import cinekit``, and under 1 s of wall time for ``cinekit --help``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

PROBE = """
import contextlib, io, resource, time
wall, cpu = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    {code}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(wall, cpu, peak)
"""

CASES = {
    "import cinekit": "import cinekit",
    "cinekit --help": "from cinekit.app import main; main(['--help'])",
    "cinekit plugins": "from cinekit.app import main; main(['plugins'])",
    "import cinekit.job": "import cinekit.job",
}


def measure(code: str, runs: int) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of a statement in a fresh process."""
    rows = []
    for _ in range(runs):
        command = [sys.executable, "-c", PROBE.format(code=code)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([float(value) for value in done.stdout.split()])
    wall, cpu, peak = (statistics.median(column) for column in zip(*rows, strict=True))
    return wall, cpu, peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(f"{'':<26}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for name, code in CASES.items():
        wall, cpu, peak = measure(code, runs)
        print(f"{name:<26}{wall:>9.3f}{cpu:>9.3f}{peak:>10.0f}")


if __name__ == "__main__":
    main()
