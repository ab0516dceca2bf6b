"""What every component is and whether it can run here: for ``cinekit plugins`` and ``doctor``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from cinekit.errors import CinekitError
from cinekit.plug.build import build_component, read_option
from cinekit.plug.option_files import option_files
from cinekit.plug.providers import Provider
from cinekit.plug.registry import KINDS, Plugins, unavailable
from cinekit.text import one_line

MANDATORY = "???"


@dataclass(frozen=True)
class Entry:
    """One component or preset.

    kind, name : as in ``kind=name`` on the command line.
    providers : who provides it; more than one is a clash.
    parameters : its options and their defaults; ``???`` is mandatory.
    preset_of : the component whose parameters this option sets, when it has another name.
    reason : why it cannot run here, or None when it can.
    """

    kind: str
    name: str
    providers: tuple[Provider, ...]
    parameters: dict[str, Any]
    preset_of: str | None
    reason: str | None

    @property
    def needs(self) -> tuple[str, ...]:
        """Parameters that the user has to give."""
        return tuple(key for key, value in self.parameters.items() if value == MANDATORY)


def inventory(plugins: Plugins) -> list[Entry]:
    """Every component, and after it the presets that other options make of it."""
    options: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for option in option_files(plugins.conf_providers):
        if option.group in options:
            values = read_option(option, plugins.conf_providers)
            options[option.group].setdefault(option.name, values)
    entries = []
    for kind in KINDS:
        for name in plugins.names(kind):
            component = _component(plugins, kind, name, options[kind].get(name))
            entries.append(component)
            entries += [
                _preset(plugins, preset, values, component)
                for preset, values in options[kind].items()
                if preset != name and values.get("name") == name
            ]
    return entries


def _component(plugins: Plugins, kind: str, name: str, node: dict[str, Any] | None) -> Entry:
    """A component shows the values of its option, which a class cannot always have as defaults."""
    providers = tuple(plugins.providers_of(kind, name))
    try:
        defaults = _defaults(plugins.get(kind, name))
    except CinekitError as error:
        return Entry(kind, name, providers, {}, None, one_line(error))
    node = node or {"name": name}
    parameters = {key: node.get(key, value) for key, value in defaults.items()}
    return Entry(kind, name, providers, parameters, None, _reason(plugins, kind, node, parameters))


def _preset(plugins: Plugins, name: str, values: dict[str, Any], base: Entry) -> Entry:
    """A preset shows the parameters that it sets differently."""
    parameters = {
        key: value
        for key, value in values.items()
        if key != "name" and _plain(base.parameters.get(key, MANDATORY)) != value
    }
    reason = base.reason or _reason(plugins, base.kind, values, values)
    return Entry(base.kind, name, base.providers, parameters, base.name, reason)


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


def _plain(value: Any) -> Any:
    """A default as it stands in yaml."""
    return list(value) if isinstance(value, tuple) else value


def _defaults(cls: type[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            values[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            values[field.name] = field.default_factory()
        else:
            values[field.name] = MANDATORY
    return values
