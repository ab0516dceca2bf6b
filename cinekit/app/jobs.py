"""What ``make``, ``segment`` and ``render`` share: Hydra composes and starts the jobs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit.app.hydra_app import explain, prepare, quote
from cinekit.errors import CinekitError, ClipNotFoundError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Clip

Job = Callable[["DictConfig", "Clip | None", Path], None]
"""One job of a run or a sweep: its configuration, a clip in memory, the output folder."""


def run_jobs(overrides: list[str], clip: Path | Clip | None, job: Job) -> int:
    """Run the jobs of a command that works on a clip, and return the exit status.

    overrides : Hydra's flags, then its overrides.
    clip : the video, or a clip in memory; None where no job runs.
    """
    if isinstance(clip, Path) and not clip.is_file():
        what = "a file, received a directory" if clip.is_dir() else "a file, found none"
        raise ClipNotFoundError(f"{clip}: expected {what}; give the path of a video first")
    name = clip if isinstance(clip, Path) or clip is None else clip.name
    # Flags stay first: Hydra's parser cannot take them mixed.
    named = overrides if name is None else [*overrides, f"input={quote(str(name))}"]
    return _run(named, job, None if isinstance(clip, Path) else clip)


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
        except SystemExit as done:  # --hydra-help
            return int(done.code or 0)
        except Exception as error:
            known = explain(error, overrides, error in bugs)
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


def short(path: Path) -> Any:
    """Relative to the current folder where the path is inside it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
