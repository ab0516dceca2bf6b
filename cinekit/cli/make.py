"""``cinekit make``: Hydra composes the configuration, the pipeline does the job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cinekit.cli.jobs import run_jobs, short
from cinekit.console import open_reporter

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.types import Clip, Result


def make(arguments: list[str], clip: Clip | None = None) -> int:
    """Run ``cinekit make`` and return the exit status.

    arguments : the clip's path, then overrides and flags of Hydra.
    clip : a clip in memory to use instead of reading one; ``arguments`` then start with its name.
    """
    return run_jobs("make", arguments, _job, clip)


def _job(config: DictConfig, clip: Clip | None, output: Path) -> None:
    """One job of a run or a sweep."""
    from cinekit import pipeline
    from cinekit.plugins import load_plugins
    from cinekit.settings import build_settings

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
    lines.append(f"results: {short(report if report.exists() else output)}")
    return "\n".join(lines)
