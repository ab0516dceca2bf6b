"""``cinekit make``: Hydra composes the configuration, the job does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cinekit.app.console import open_reporter
from cinekit.app.jobs import run_jobs, short

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Clip
    from cinekit.result import Result


FEWER = "candidates.most=4"
"""A first look need not wait for every combination."""


def make(overrides: list[str], clip: Path | Clip | None) -> int:
    """Run ``cinekit make`` and return the exit status.

    overrides : Hydra's flags, then its overrides.
    clip : the video, or a clip in memory; None for flags that run no job.
    """
    return run_jobs(overrides, clip, _job)


def demo(overrides: list[str]) -> int:
    """Run ``make`` on a clip that is drawn for it."""
    from cinekit.testing import demo_clip

    typed = [word.partition("=")[0] for word in overrides]
    fewer = [] if FEWER.partition("=")[0] in typed else [FEWER]
    status = make([*overrides, *fewer], demo_clip())
    if status == 0:
        print("next: cinekit make your.mp4")
    return status


def _job(config: DictConfig, clip: Clip | None, output: Path) -> None:
    """One job of a run or a sweep."""
    from cinekit import api
    from cinekit.app.settings import build_cache, build_settings
    from cinekit.plug.registry import load_plugins

    with open_reporter() as reporter:
        settings, notes = build_settings(config, load_plugins())
        cache = build_cache(config)
        for note in notes:
            reporter.note(note)
        result = api.make(
            clip or Path(config.input),
            output=output,
            settings=settings,
            reporter=reporter,
            cache=cache,
        )
    print(summary(result, output))


def summary(result: Result, output: Path) -> str:
    """What came out, one line per candidate, and where to look."""
    lines = []
    if result.ranking is not None and result.ranking.user is not None:
        scores = ", ".join(f"{one.id} {one.score:.1f}" for one in result)
        lines.append(f"ranked {result.ranking.heading}: {scores}")
    for cinemagraph in result:
        judgement = cinemagraph.judgement
        why = f" ({'; '.join(judgement.reasons)})" if judgement.reasons else ""
        lines.append(f"{cinemagraph.candidate.id}: {judgement.verdict}{why}")
    if not result:
        lines.append("no candidate: nothing moves by itself in this clip")
    report = output / "report.html"
    lines.append(f"results: {short(report if report.exists() else output)}")
    return "\n".join(lines)
