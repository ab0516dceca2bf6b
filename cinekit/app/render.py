"""``cinekit render CLIP MAP``: a loop from a label map, without solving anything."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cinekit import contract
from cinekit.app.console import open_reporter
from cinekit.app.jobs import HELP, run_jobs, short
from cinekit.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from cinekit.model import Clip


def render(arguments: list[str], clip: Clip | None = None) -> int:
    """Run ``cinekit render`` and return the exit status.

    arguments : the clip's path, the map's, then overrides and flags of Hydra. The clip is read and
        stabilised with the options of ``make``, so that a map of ``make`` finds what it indexes.
    clip : a clip in memory to use instead of reading one; ``arguments`` then start with its name.
    """
    if any(argument in HELP for argument in arguments):
        return run_jobs("render", arguments, partial(_job, map_path=Path()), clip)
    if len(arguments) < 2 or arguments[1].startswith("-") or not Path(arguments[1]).is_file():
        received = f"received '{arguments[1]}'" if len(arguments) > 1 else "received none"
        raise ConfigError(
            "expected a label map after the clip, such as labels_water.png, "
            f"{received}: cinekit render CLIP MAP [overrides]"
        )
    job = partial(_job, map_path=Path(arguments[1]).resolve())
    return run_jobs("render", [arguments[0], *arguments[2:]], job, clip)


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
