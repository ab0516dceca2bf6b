"""What every component is and whether it can run here: for ``cinekit plugins`` and ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinekit.errors import BrokenPluginError, CinekitError
from cinekit.plug.build import build_component
from cinekit.plug.kinds import KINDS
from cinekit.plug.options import MANDATORY, option_values, plain_defaults
from cinekit.plug.providers import Provider, option_files
from cinekit.plug.registry import Plugins, unavailable
from cinekit.text import one_line


@dataclass(frozen=True)
class Entry:
    """One component or preset.

    kind, name : as in ``kind=name`` on the command line.
    provider : who provides it.
    parameters : its options and their defaults; ``???`` is mandatory.
    preset_of : the component whose parameters this option sets, when it has another name.
    reason : why it cannot run here, or None when it can.
    """

    kind: str
    name: str
    provider: Provider
    parameters: dict[str, Any]
    preset_of: str | None
    reason: str | None

    @property
    def needs(self) -> tuple[str, ...]:
        """Parameters that the user has to give."""
        return tuple(key for key, value in self.parameters.items() if value == MANDATORY)


def inventory(plugins: Plugins) -> list[Entry]:
    """Every component, and after it the presets that other options make of it."""
    presets: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for option in option_files(plugins.conf_providers):
        if option.group not in KINDS:
            continue
        try:
            values = option_values(plugins, option.group, option.name)
        except BrokenPluginError:
            continue  # its component says so, and doctor the plugin
        made = presets.setdefault((option.group, str(values.get("name"))), {})
        made.setdefault(option.name, values)
    entries = []
    for kind in KINDS:
        for name in plugins.names(kind):
            entries.append(component := _component(plugins, kind, name))
            entries += [
                _preset(plugins, preset, values, component)
                for preset, values in presets.get((kind, name), {}).items()
                if preset != name
            ]
    return entries


def _component(plugins: Plugins, kind: str, name: str) -> Entry:
    """A component shows the values of its option, which a class cannot always have as defaults."""
    provider = plugins.provider(kind, name)
    try:
        defaults = plain_defaults(plugins.get(kind, name))
        node = option_values(plugins, kind, name)
    except CinekitError as error:
        return Entry(kind, name, provider, {}, None, one_line(error))
    parameters = {key: node.get(key, value) for key, value in defaults.items()}
    return Entry(kind, name, provider, parameters, None, _reason(plugins, kind, node, parameters))


def _preset(plugins: Plugins, name: str, values: dict[str, Any], base: Entry) -> Entry:
    """A preset shows the parameters that it sets differently."""
    parameters = {
        key: value
        for key, value in values.items()
        if key != "name" and base.parameters.get(key, MANDATORY) != value
    }
    reason = base.reason or _reason(plugins, base.kind, values, values)
    return Entry(base.kind, name, base.provider, parameters, base.name, reason)


def _reason(
    plugins: Plugins, kind: str, node: dict[str, Any], parameters: dict[str, Any]
) -> str | None:
    missing = [key for key, value in parameters.items() if node.get(key, value) == MANDATORY]
    if missing:
        return None
    try:
        return unavailable(build_component(plugins, kind, node))
    except CinekitError as error:
        return one_line(error)
