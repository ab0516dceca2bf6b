"""The command line in this process, with a job that only writes down what it was given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import cinekit
from cinekit import app as cli
from cinekit.model import Regions, Stabilisation
from cinekit.result import Result

if TYPE_CHECKING:
    from cinekit.settings import Settings


@dataclass
class Jobs:
    """What ``api.make`` was called with; ``fail`` maps the text of an argument to an error."""

    calls: list[tuple[Any, Settings, Path]] = field(default_factory=list)
    fail: Callable[[Settings], BaseException | None] = lambda _settings: None
    cache: Any = None

    @property
    def settings(self) -> Settings:
        (call,) = self.calls
        return call[1]


def empty_result() -> Result:
    clip = cinekit.Clip(np.zeros((8, 4, 4, 3), np.uint8), 25.0)
    response = cinekit.SemanticResponse(
        np.full((8, 4, 4, 1), 255, np.uint8),
        (cinekit.Category("rest", cinekit.Motion.STATIC),),
        "test",
    )
    regions = Regions((), (), np.zeros((4, 4), bool))
    return Result(
        clip=clip,
        stabilisation=Stabilisation(False, 0, 0, 1, True),
        response=response,
        regions=regions,
        working=(8, 4, 4),
        every=1,
        cinemagraphs=(),
        ranking=None,
        stages=(),
        settings={},
    )


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Jobs]:
    """Runs in an empty folder that holds ``clip.mp4``; no clip is ever read."""
    from hydra.core.global_hydra import GlobalHydra

    from cinekit import api

    jobs = Jobs()

    def make(source: Any, *, settings: Settings, output: Path, reporter: Any, cache: Any) -> Result:
        jobs.calls.append((source, settings, output))
        jobs.cache = cache
        if error := jobs.fail(settings):
            raise error
        with reporter.stage("read") as progress:
            progress(1.0)
        return empty_result()

    monkeypatch.setattr(api, "make", make)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").touch()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield jobs
    GlobalHydra.instance().clear()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The only line on stderr."""
        (line,) = self.err.splitlines()
        return line


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """``run("make", "clip.mp4")`` as if typed after ``cinekit``."""

    def command(*arguments: str) -> Done:
        status = cli.main(arguments)
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return command
