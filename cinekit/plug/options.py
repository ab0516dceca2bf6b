"""The values of options, read from yaml files or from the defaults of a class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import yaml  # type: ignore[import-untyped]
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinekit.errors import BrokenPluginError, ConfigError
from cinekit.plug.kinds import KINDS
from cinekit.plug.providers import OptionFile, Provider, find_option, split_name
from cinekit.plug.registry import Plugins
from cinekit.text import one_line

MANDATORY = "???"
"""Stands for a value that the user has to give."""

_METHODS = tuple(kind.method for kind in KINDS.values())


def option_values(plugins: Plugins, group: str, name: str) -> dict[str, Any]:
    """The values of an option, on top of those of the options in its defaults list.

    A component needs no yaml: without one its values are its name alone. Hydra composes the
    options of the command line; this is for those that it never sees, nested ones and the choices
    of ``segmenter=auto``.

    Raises
    ------
    BrokenPluginError
        When its yaml, or one that it starts from, is broken.
    """
    option = find_option(group, name, plugins.conf_providers)
    if option is None:
        return {"name": name}
    values = _read_option(option, plugins.conf_providers)
    package = split_name(name)[0]
    if package and (own := f"{package}:{values.get('name')}") in plugins.names(group):
        values["name"] = own
    return values


def plain_defaults(cls: type[Any]) -> dict[str, Any]:
    """The fields of a component as they would stand in a yaml file, ``???`` where there is none.

    A component that is a default stays as it is: its class is no text.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        if field.default is not dataclasses.MISSING:
            values[field.name] = _as_yaml(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            values[field.name] = _as_yaml(field.default_factory())
        else:
            values[field.name] = MANDATORY
    return values


def _as_yaml(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_as_yaml(item) for item in value]
    if dataclasses.is_dataclass(value) and not any(hasattr(value, m) for m in _METHODS):
        return {one.name: _as_yaml(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value


def load_yaml(option: OptionFile) -> dict[str, Any]:
    """What is in a yaml file, its defaults list included.

    Raises
    ------
    BrokenPluginError
        When it is no yaml, or no mapping.
    """
    try:
        return as_mapping(OmegaConf.load(option.path), option.name)
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise BrokenPluginError(
            f"option {option.group}={option.name} of {option.distribution} is broken "
            f"({one_line(error)}): mend {option.path}"
        ) from error


def _read_option(option: OptionFile, providers: Sequence[Provider]) -> dict[str, Any]:
    values = load_yaml(option)
    base: dict[str, Any] = {}
    for name in values.pop("defaults", None) or ():
        if name == "_self_":
            continue
        parent = find_option(option.group, str(name).rpartition("/")[2], providers)
        if parent is None:
            raise BrokenPluginError(
                f"option {option.group}={option.name} of {option.distribution} starts from "
                f"{option.group}={name}, which nobody has: mend {option.path}"
            )
        base.update(_read_option(parent, providers))
    return {**base, **values}


def describe(error: OmegaConfBaseException) -> str:
    """OmegaConf's own message, which has several lines, as one that says where."""
    message = str(error).partition("\n")[0]
    return f"{error.full_key}: {message}" if error.full_key else message


def as_mapping(node: Any, where: str) -> dict[str, Any]:
    """A node of the configuration as a dict; a text is the name of a component.

    where : its place in the configuration, for messages.
    """
    if isinstance(node, DictConfig):
        try:
            node = OmegaConf.to_container(node, resolve=True)
        except OmegaConfBaseException as error:
            raise ConfigError(describe(error)) from error
    if isinstance(node, str):
        return {"name": node}
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise ConfigError(f"{where}: expected a mapping of options, received {node!r}")
    return {str(key): value for key, value in node.items()}
