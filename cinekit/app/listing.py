"""``cinekit plugins``: every component, where it is from, its options, whether it can run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import groupby
from typing import Any

from cinekit.plug.inventory import Entry, inventory
from cinekit.plug.registry import load_plugins


def list_plugins() -> int:
    """Print the inventory; the exit status is 0 even when a plugin is broken."""
    plugins = load_plugins()
    for kind, entries in groupby(inventory(plugins), key=lambda entry: entry.kind):
        print(kind)
        for entry in entries:
            print("\n".join(_lines(entry)))
        print()
    for clash in plugins.clashes:
        print(f"provided twice: {clash}")
    for failure in plugins.failures:
        print(f"broken plugin: {failure.provider} ({failure.provider.module}): {failure.reason}")
    return 0


def _lines(entry: Entry) -> list[str]:
    preset = f", preset of {entry.preset_of}" if entry.preset_of else ""
    lines = [f"  {entry.name:<14} {entry.provider}{preset}: {state(entry)}"]
    if entry.parameters:
        values = ", ".join(f"{key}={show(value)}" for key, value in entry.parameters.items())
        lines.append(f"  {'':<14} {values}")
    return lines


def state(entry: Entry) -> str:
    """Whether a component can run here, in words."""
    if entry.reason:
        return f"cannot run here: {entry.reason}"
    if entry.needs:
        return f"ready, once given {', '.join(entry.needs)}"
    return "ready"


def show(value: Any) -> str:
    """A default as one would type it on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(show(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}: {show(item)}' for key, item in value.items())}}}"
    return str(value)
