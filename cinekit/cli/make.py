"""``cinekit make``: Hydra composes the configuration, the pipeline does the job."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit.cli.hydra_app import explain, flags_first, prepare, quote
from cinekit.console import open_reporter
from cinekit.errors import CinekitError, ClipNotFoundError, ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.types import Clip, Result

HELP = ("--help", "-h")
WITHOUT_CLIP = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")
"""Hydra's flags that run no job, and so need no clip."""


def make(arguments: list[str], clip: Clip | None = None) -> int:
    """Run ``cinekit make`` and return the exit status.

    arguments : the clip's path, then overrides and flags of Hydra.
    clip : a clip in memory to use instead of reading one; ``arguments`` then start with its name.
    """
    if any(argument in HELP for argument in arguments):
        from cinekit.cli.usage import overview

        print(overview())
        return 0
    path, rest = _split(arguments)
    if path is not None and clip is None and not Path(path).is_file():
        what = "a file, received a directory" if Path(path).is_dir() else "a file, found none"
        raise ClipNotFoundError(f"{path}: expected {what}; give the path of a video first")
    overrides = rest if path is None else [f"input={quote(path)}", *rest]
    return _run(flags_first(overrides), clip)


def _split(arguments: list[str]) -> tuple[str | None, list[str]]:
    first = arguments[0] if arguments else ""
    if first and not first.startswith("-") and ("=" not in first or Path(first).exists()):
        return first, arguments[1:]
    if any(argument.partition("=")[0] in WITHOUT_CLIP for argument in arguments):
        return None, arguments
    received = f"received '{first}'" if first else "received nothing"
    raise ConfigError(f"expected the clip first, {received}: cinekit make CLIP [overrides]")


def _run(overrides: list[str], clip: Clip | None) -> int:
    import hydra

    prepare()
    failures: list[CinekitError] = []
    main_process = os.getpid()

    def job(config: DictConfig) -> None:
        try:
            _job(config, clip)
        except CinekitError as error:
            if os.getpid() != main_process:
                # A parallel launcher carries it home, and stops nobody else's job.
                raise
            print(f"cinekit: {error}", file=sys.stderr)
            failures.append(error)

    app = hydra.main(config_path="pkg://cinekit.conf", config_name="config", version_base="1.3")
    with _hydra_process(overrides):
        try:
            app(job)()
        except CinekitError:
            raise
        except Exception as error:
            known = explain(error, overrides)
            if known is None:
                raise
            raise known from error
    return 1 if failures else 0


@contextmanager
def _hydra_process(overrides: list[str]) -> Iterator[None]:
    """Hydra reads ``sys.argv``, and hands errors on to its caller when this variable is set."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["cinekit", *overrides]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error


def _job(config: DictConfig, clip: Clip | None) -> None:
    """One job of a run or a sweep."""
    from hydra.core.hydra_config import HydraConfig

    from cinekit import pipeline
    from cinekit.plugins import load_plugins
    from cinekit.settings import build_settings

    output = Path(HydraConfig.get().runtime.output_dir)
    settings, notes = build_settings(config, load_plugins())
    with open_reporter() as reporter:
        for note in notes:
            reporter.note(note)
        result = pipeline.make(clip or Path(config.input), settings, output, reporter)
    print(summary(result, output))


def summary(result: Result, output: Path) -> str:
    """What came out, one line per candidate, and where to look."""
    lines = []
    for cinemagraph in result.cinemagraphs:
        judgement = cinemagraph.judgement
        why = f" ({'; '.join(judgement.reasons)})" if judgement.reasons else ""
        lines.append(f"{cinemagraph.candidate.id}: {judgement.verdict}{why}")
    if not result.cinemagraphs:
        lines.append("no candidate: nothing moves by itself in this clip")
    report = output / "report.html"
    lines.append(f"results: {_short(report if report.exists() else output)}")
    return "\n".join(lines)


def _short(path: Path) -> Any:
    """Relative to the current folder where the path is inside it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
