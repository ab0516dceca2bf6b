"""Which groups, options and values there are, from the yaml files alone: nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from cinekit.plug.providers import (
    CORE_CONF,
    OptionFile,
    conf_folder,
    find_among,
    installed_entry_points,
    option_files,
    provider_of,
)


def options() -> tuple[OptionFile, ...]:
    """Every option, the core's and those of installed plugins."""
    return tuple(option_files(provider_of(entry) for entry in installed_entry_points()))


def groups() -> dict[str, list[OptionFile]]:
    """Every group with its options, in the order of the main configuration."""
    found: dict[str, list[OptionFile]] = {group: [] for group in main_defaults()}
    for option in options():
        found.setdefault(option.group, []).append(option)
    return found


@cache
def main_text() -> str:
    """The main configuration, as it stands in its file."""
    folder = conf_folder(CORE_CONF)
    assert folder is not None
    return (Path(folder) / "config.yaml").read_text("utf-8")


@cache
def main_values() -> dict[str, Any]:
    """Its values, without those that are Hydra's."""
    values: dict[str, Any] = yaml.safe_load(main_text())
    return {key: value for key, value in values.items() if key not in ("defaults", "hydra")}


@cache
def main_defaults() -> dict[str, Any]:
    """Its defaults list as a mapping: group -> option, several options, or None."""
    entries = yaml.safe_load(main_text())["defaults"]
    return {key: value for one in entries if isinstance(one, dict) for key, value in one.items()}


def defaults() -> dict[str, list[str]]:
    """The options that it chooses, by group."""
    chosen = main_defaults().items()
    return {group: one if isinstance(one, list) else [one] for group, one in chosen if one}


def keys(chosen: Mapping[str, list[str]] | None = None) -> list[str]:
    """What may stand before the "=" of a command that makes a loop.

    chosen : by group, the options that were typed; else those of the main configuration.
    """
    files = options()
    found = [*main_defaults(), *_flat(main_values())]
    for group, names in {**defaults(), **(chosen or {})}.items():
        for name in names:
            option = find_among(files, group, name)
            # Several of a group stand side by side, each at a place of its own.
            place = f"{group}.{name}" if isinstance(main_defaults().get(group), list) else group
            found += [f"{place}.{key}" for key in _flat(_values(option, files))] if option else []
    return sorted({key for key in found if not key.endswith(".name") and key != "input"})


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict) and value and "name" not in value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _values(option: OptionFile, files: tuple[OptionFile, ...]) -> dict[str, Any]:
    """Those of an option and of what it starts from; {} for a file that cannot be read."""
    try:
        own = yaml.safe_load(option.path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    if not isinstance(own, dict):
        return {}
    found: dict[str, Any] = {}
    for name in own.pop("defaults", ()):
        start = find_among(files, option.group, str(name)) if name != "_self_" else None
        found |= _values(start, files) if start is not None and start.path != option.path else {}
    return found | own
