"""The model index that comes with the mmsegmentation package: its configs by name.

Read as files: nothing of mmsegmentation or torch is imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from cinekit import ConfigError, MissingDependencyError, did_you_mean

# libyaml where it is there: the index is fifty files.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SUFFIXES = (".py", ".yaml", ".yml", ".json")
"""Of config files; an option that has one of them is a path."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network of mmsegmentation: where its config is, and where its weights are published."""

    config: Path
    url: str | None


def find_config(config: str) -> Entry:
    """The config of that name in the model index, or the file at that path.

    Raises
    ------
    ConfigError
        When there is neither.
    MissingDependencyError
        When a name is given and mmsegmentation is not installed.
    """
    path = Path(config).expanduser()
    if path.suffix in SUFFIXES:
        if not path.is_file():
            raise ConfigError(f"config: expected a config file, found none at {config!r}")
        return Entry(config=path, url=None)
    entries = model_index()
    if config not in entries:
        raise ConfigError(
            f"config: mmsegmentation has none called {config!r}{did_you_mean(config, entries)}; "
            "give a name of its model index, or the path of a config file"
        )
    return entries[config]


@cache
def model_index() -> Mapping[str, Entry]:
    """Every config of the installed mmsegmentation that has published weights, by its name.

    A name that the index lists twice (two trainings of one config) means the first.

    Raises
    ------
    MissingDependencyError
        When mmsegmentation is not installed.
    """
    spec = importlib.util.find_spec("mmseg")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            "segmenter 'mmseg' needs 'mmseg', which is not installed: pip install cinekit-mmseg"
        )
    root = Path(spec.submodule_search_locations[0]) / ".mim"
    entries: dict[str, Entry] = {}
    for file in _read(root / "model-index.yml")["Import"]:
        listed = _read(root / file)
        # Some of the files are the list of models itself.
        for model in listed["Models"] if isinstance(listed, Mapping) else listed:
            config = root / model["Config"]
            if config.is_file():
                entries.setdefault(model["Name"], Entry(config=config, url=model.get("Weights")))
    return entries


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
