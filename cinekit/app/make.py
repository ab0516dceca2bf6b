"""``cinekit make``: Hydra composes the configuration, the pipeline does the job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit.app.console import open_reporter
from cinekit.app.jobs import run_jobs, short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from omegaconf import DictConfig

    from cinekit.model import Cinemagraph, Clip, Result
    from cinekit.plug.registry import Plugins
    from cinekit.protocols import Reporter


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
    from cinekit import job as pipeline
    from cinekit.app.settings import build_cache, build_features, build_settings
    from cinekit.features import extract_all
    from cinekit.plug.build import build_component
    from cinekit.plug.registry import load_plugins

    features: dict[str, Mapping[str, float]] = {}

    def describe(result: Result, cinemagraph: Cinemagraph, frames: NDArray[np.uint8]) -> None:
        if extractors:
            found = extract_all(extractors, result, cinemagraph, frames)
            features[cinemagraph.candidate.id] = found

    with open_reporter() as reporter:
        plugins = load_plugins()
        settings, notes = build_settings(config, plugins)
        extractors = build_features(config, plugins)
        ranker: Any = build_component(plugins, "ranker", config.ranker)
        cache = build_cache(config)
        for note in notes:
            reporter.note(note)
        source = clip or Path(config.input)
        result = pipeline.make(source, settings, output, reporter, describe, cache)
        ranked = _rank(config, plugins, ranker, features, output, reporter)
    print("\n".join(filter(None, [ranked, summary(result, output)])))


def _rank(
    config: DictConfig,
    plugins: Plugins,
    ranker: Any,
    features: Mapping[str, Mapping[str, float]],
    output: Path,
    reporter: Reporter,
) -> str:
    """Write the features; for a user, put the result in their order and say so in one line."""
    from cinekit.features import write_features
    from cinekit.rank.personal import rank, read_items, store_path, write_ranking

    if not features:
        return ""
    write_features(features, output)
    items = read_items(output)[1]
    if not items or config.user is None:
        return ""
    prior = (str(config.ranker.name), ranker)
    ranking, notes = rank(items, plugins, prior, config.user, store_path(config.ratings))
    for note in notes:
        reporter.warn(note)
    write_ranking(ranking, output)
    places = ", ".join(f"{place.candidate} {place.score:.1f}" for place in ranking.places)
    return f"ranked {ranking.heading}: {places}"


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
