"""``cinekit render CLIP MAP``: a loop from a label map, without solving anything."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cinekit import contract
from cinekit.app.console import open_reporter
from cinekit.app.jobs import run_jobs, short
from cinekit.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Clip


def render(overrides: list[str], clip: Path | Clip | None, map: Path | None) -> int:
    """Run ``cinekit render`` and return the exit status.

    The clip is read and stabilised with the options of ``make``, so that a map of ``make`` finds
    what it indexes.
    """
    if map is not None and not map.is_file():
        raise ConfigError(f"{map}: expected a label map after the clip, such as labels_water.png")
    return run_jobs(overrides, clip, partial(_job, map_path=map.resolve() if map else Path()))


def _job(config: DictConfig, clip: Clip | None, output: Path, map_path: Path) -> None:
    """One job of a run or a sweep."""
    from cinekit.app.settings import build_settings
    from cinekit.clip import read_clip, stabilise
    from cinekit.plug.registry import load_plugins
    from cinekit.replay import render_map

    settings, _ = build_settings(config, load_plugins())
    with open_reporter() as reporter:
        if clip is None:
            with reporter.stage("read") as progress:
                clip = read_clip(Path(config.input), settings.clip, progress)
        with reporter.stage("stabilise") as progress:
            clip, _ = stabilise(clip, settings.stabilise, progress)
        for warning in clip.warnings:
            reporter.warn(warning)
        with reporter.stage("render"):
            frames = render_map(clip, map_path, settings.render)
        with reporter.stage("write"):
            output.mkdir(parents=True, exist_ok=True)
            files = []
            for writer in settings.writers.values():
                path = output / (map_path.stem.removeprefix("labels_") + writer.suffix)
                contract.write(writer, frames, clip.fps, path, settings.repeat)
                files.append(path)
    print("\n".join(f"loop: {short(path)}" for path in files))
