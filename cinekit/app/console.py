"""What a job says while it runs: a live bar per stage on a terminal, plain lines otherwise.

Everything here goes to stderr; stdout is for results, so that it can be piped.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from cinekit.protocols import Progress, Reporter

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


EVERY = 15.0
"""Seconds between two lines of a long stage where no bar can be shown."""

TELLING = 0.05
"""Share of a stage from which on its pace says how long it takes: before, kernels compile."""


class PlainReporter:
    """One line per finished stage, note and warning, and a sign of life of long stages.

    every : least seconds between two lines about the progress of a stage.
    """

    def __init__(self, stream: TextIO | None = None, every: float = EVERY) -> None:
        self._stream = stream or sys.stderr
        self._every = every

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Say now and then how far it is, and how long it took once it is over."""
        began = said = time.perf_counter()

        def progress(share: float) -> None:
            nonlocal said
            now = time.perf_counter()
            if 0 < share < 1 and now - said >= self._every:
                said = now
                left = (now - began) * (1 - share) / share
                told = f", about {left:.0f} s left" if share >= TELLING else ""
                self._say(f"{name}: {share:.0%}{told}")

        yield progress
        self._say(f"{name}: {time.perf_counter() - began:.1f} s")

    def note(self, text: str) -> None:
        """Print a line."""
        self._say(text)

    def warn(self, text: str) -> None:
        """Print a line that starts with "warning:"."""
        self._say(f"warning: {text}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class RichReporter:
    """A bar with the time left for every stage. Use it as a context manager."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._bars: Bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(compact=True),
            console=self._console,
        )

    def __enter__(self) -> RichReporter:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Show a bar while the block runs; without progress calls it only spins."""
        task = self._bars.add_task(name, total=None)

        def progress(share: float) -> None:
            self._bars.update(task, total=1.0, completed=min(max(share, 0.0), 1.0))

        yield progress
        self._bars.update(task, total=1.0, completed=1.0)
        self._bars.stop_task(task)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Print a yellow line above the bars."""
        self._console.print(f"warning: {text}", style="yellow", markup=False)


@contextmanager
def open_reporter(stream: TextIO | None = None) -> Iterator[Reporter]:
    """The reporter that suits where stderr goes. It also says what components log as warnings."""
    stream = stream or sys.stderr
    if stream.isatty():
        with RichReporter(stream) as rich_reporter, _heard_by(rich_reporter):
            yield rich_reporter
    else:
        plain_reporter = PlainReporter(stream)
        with _heard_by(plain_reporter):
            yield plain_reporter


class _Warnings(logging.Handler):
    """Hands warnings of a logger to a reporter."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.WARNING)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Say one."""
        self._reporter.warn(record.getMessage())


@contextmanager
def _heard_by(reporter: Reporter) -> Iterator[None]:
    """Writers have no reporter: what they warn of would only be in the log file."""
    logger, handler = logging.getLogger("cinekit"), _Warnings(reporter)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
