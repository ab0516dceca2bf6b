"""What ``make`` and ``segment`` share: the clip first, then Hydra composes and starts the jobs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit.app.hydra_app import explain, flags_first, prepare, quote
from cinekit.errors import CinekitError, ClipNotFoundError, ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Clip

HELP = ("--help", "-h")
WITHOUT_CLIP = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")
"""Hydra's flags that run no job, and so need no clip."""

Job = Callable[["DictConfig", "Clip | None", Path], None]
"""One job of a run or a sweep: its configuration, a clip in memory, the output folder."""


def run_jobs(command: str, arguments: list[str], job: Job, clip: Clip | None = None) -> int:
    """Run a command that works on a clip, and return the exit status.

    command : its name, for messages.
    arguments : the clip's path, then overrides and flags of Hydra.
    clip : a clip in memory to use instead of reading one; ``arguments`` then start with its name.
    """
    if any(argument in HELP for argument in arguments):
        from cinekit.app.usage import overview

        print(overview())
        return 0
    path, rest = _split(command, arguments)
    if path is not None and clip is None and not Path(path).is_file():
        what = "a file, received a directory" if Path(path).is_dir() else "a file, found none"
        raise ClipNotFoundError(f"{path}: expected {what}; give the path of a video first")
    overrides = rest if path is None else [f"input={quote(path)}", *rest]
    return _run(flags_first(overrides), job, clip)


def _split(command: str, arguments: list[str]) -> tuple[str | None, list[str]]:
    first = arguments[0] if arguments else ""
    if first and not first.startswith("-") and ("=" not in first or Path(first).exists()):
        return first, arguments[1:]
    if any(argument.partition("=")[0] in WITHOUT_CLIP for argument in arguments):
        return None, arguments
    received = f"received '{first}'" if first else "received nothing"
    raise ConfigError(f"expected the clip first, {received}: cinekit {command} CLIP [overrides]")


def _run(overrides: list[str], job: Job, clip: Clip | None) -> int:
    import hydra

    prepare()
    failures: list[CinekitError] = []
    bugs: list[Exception] = []
    main_process = os.getpid()

    def guarded(config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig

        try:
            job(config, clip, Path(HydraConfig.get().runtime.output_dir))
        except CinekitError as error:
            if os.getpid() != main_process:
                # A parallel launcher carries it home, and stops nobody else's job.
                raise
            print(f"cinekit: {error}", file=sys.stderr)
            failures.append(error)
        except Exception as error:
            bugs.append(error)
            raise

    app = hydra.main(config_path="pkg://cinekit.conf", config_name="config", version_base="1.3")
    with _hydra_process(overrides):
        try:
            app(guarded)()
        except CinekitError:
            raise
        except Exception as error:
            known = explain(error, overrides)
            if known is None or (isinstance(error, OSError) and error in bugs):
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


def short(path: Path) -> Any:
    """Relative to the current folder where the path is inside it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
