"""From a yaml node to a component or to a dataclass of options.

A component's node is ``name: motion`` plus its parameters, without ``_target_``: the name is looked
up among the plugins, and the class behind it is the schema. The schema is strict: an unknown key,
a value of another type, a missing mandatory value are errors of one line, raised before anything
runs. OmegaConf checks the types; two things that it leaves open are done here: an Enum is matched
by its value, and a field that holds other components (``Segmenter``, ``Segmenter | None``,
``tuple[Segmenter, ...]``, ``Mapping[str, Writer]``) is built from nested nodes.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinekit.errors import ConfigError, UnknownOptionError
from cinekit.plug.options import as_mapping, describe, option_values
from cinekit.plug.registry import Plugins
from cinekit.protocols import (
    Attempt,
    Component,
    FeatureExtractor,
    Judge,
    Ranker,
    Segmenter,
    Solver,
    Writer,
)
from cinekit.text import did_you_mean

Options = TypeVar("Options")

KIND_OF = {
    Segmenter: "segmenter",
    Solver: "solver",
    Attempt: "attempt",
    Judge: "judge",
    Writer: "writer",
    FeatureExtractor: "features",
    Ranker: "ranker",
}
"""Protocol in a type annotation -> kind of component that its node names."""


def check_complete(config: DictConfig) -> None:
    """Raise a ConfigError that lists every mandatory value that is missing."""
    try:
        missing = sorted(OmegaConf.missing_keys(config))
    except OmegaConfBaseException as error:
        raise ConfigError(describe(error)) from error
    if missing:
        options = " ".join(f"{key}=..." for key in missing)
        raise ConfigError(f"missing mandatory value of {', '.join(missing)}: add {options}")


def build_component(plugins: Plugins, kind: str, node: Any, where: str | None = None) -> Component:
    """Build the component that a node names.

    kind : "segmenter", "solver", ... (one of :data:`cinekit.plug.kinds.KINDS`).
    node : a mapping with ``name`` and parameters, or just the name.
    where : the node's place in the configuration, for messages; the kind by default.

    Raises
    ------
    PluginError
        When the name is unknown, provided twice, broken, or misses a dependency.
    ConfigError
        When the parameters do not fit the class.
    """
    where = where or kind
    params = as_mapping(node, where)
    name = params.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(f"{where}: expected 'name', the name of a {kind}, received {name!r}")
    component: Component = build_options(plugins.get(kind, name), params, where, plugins)
    return component


def build_options(
    cls: type[Options], node: Any, where: str, plugins: Plugins | None = None
) -> Options:
    """Build a dataclass of plain fields from a mapping, strictly.

    where : the node's place in the configuration, "clip" or "segmenter", for messages.
    plugins : where nested components are looked up.
    """
    params = as_mapping(node, where)
    assert dataclasses.is_dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    hints = typing.get_type_hints(cls)
    for key in params:
        if key not in fields:
            raise UnknownOptionError(
                f"{_join(where, key)}: unknown option{did_you_mean(str(key), fields)}; "
                f"options: {', '.join(fields) or 'none'}"
            )
    absent = [
        name
        for name, field in fields.items()
        if params.get(name, "???" if _mandatory(field) else None) == "???"
    ]
    if absent:
        keys = [_join(where, name) for name in absent]
        raise ConfigError(
            f"missing mandatory value of {', '.join(keys)}: "
            f"add {' '.join(f'{key}=...' for key in keys)}"
        )
    values = {
        key: _value(value, hints[key], _join(where, key), plugins) for key, value in params.items()
    }
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(_placed(str(error), where, fields)) from error


def build_option(plugins: Plugins, kind: str, name: str, **changes: Any) -> Component:
    """Build the component that an option names, with some of its values changed.

    Raises
    ------
    PluginError, ConfigError
        As :func:`build_component`.
    """
    values = option_values(plugins, kind, name)
    return build_component(plugins, kind, {**values, **changes})


def component_kind(hint: Any) -> str | None:
    """The kind of component that an annotation holds: plain, optional, or in a tuple or mapping."""
    if hint in KIND_OF:
        return KIND_OF[hint]
    for inner in get_args(hint):
        if inner is not Ellipsis and (kind := component_kind(inner)):
            return kind
    return None


def _value(value: Any, hint: Any, where: str, plugins: Plugins | None) -> Any:
    kind = component_kind(hint)
    if kind and plugins is not None:
        return _nested(value, hint, kind, where, plugins)
    if value is None and type(None) in get_args(hint):
        return None
    enum = _find_enum(hint)
    if enum is not None:
        if _is_sequence(hint):
            return tuple(_enum(item, enum, where) for item in _items(value, where))
        return _enum(value, enum, where)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, typing.cast(type[Any], hint)):
            return value
        if isinstance(value, str):
            raise ConfigError(f"{where}: expected a mapping of options, received {value!r}")
        params = as_mapping(value, where)
        if "name" not in {field.name for field in dataclasses.fields(hint)}:
            # The option's own name, such as that of an energy preset, is for the reader.
            params.pop("name", None)
        return build_options(typing.cast(type[Any], hint), params, where, plugins)
    return _plain(value, hint, where)


def _plain(value: Any, hint: Any, where: str) -> Any:
    """A value of a plain type, converted and checked by OmegaConf."""
    if _is_sequence(hint) and not isinstance(value, (list, tuple)):
        _items(value, where)
    schema = dataclasses.make_dataclass("Schema", [("value", hint, dataclasses.MISSING)])
    try:
        base = OmegaConf.structured(schema)
        OmegaConf.set_readonly(base, False)
        merged = OmegaConf.merge(base, {"value": value})
        plain = OmegaConf.to_object(merged).value  # type: ignore[union-attr]
    except OmegaConfBaseException as error:
        raise ConfigError(f"{where}: expected {_spell(hint)}, received {value!r}") from error
    return _tuples(plain, hint, where)


def _tuples(value: Any, hint: Any, where: str) -> Any:
    """OmegaConf hands tuples back as lists, and does not count the items of a fixed-length one."""
    hint = _without_none(hint)
    if get_origin(hint) is not tuple or value is None:
        return value
    inner = get_args(hint)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_tuples(item, inner[0], where) for item in value)
    if len(value) != len(inner):
        raise ConfigError(f"{where}: expected {len(inner)} values, received {list(value)!r}")
    return tuple(_tuples(item, one, where) for item, one in zip(value, inner, strict=True))


def _nested(value: Any, hint: Any, kind: str, where: str, plugins: Plugins) -> Any:
    by_name = isinstance(value, (Mapping, DictConfig))
    if _is_sequence(hint) and not by_name:
        return tuple(
            _nested_one(item, kind, f"{where}[{i}]", plugins)
            for i, item in enumerate(_items(value, where))
        )
    if _is_sequence(hint) or get_origin(hint) is Mapping:
        names = [value] if isinstance(value, str) else value
        if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names):
            value = {name: name for name in names}
        nodes = as_mapping(value, where)
        for key, node in nodes.items():
            if not isinstance(node, (str, Mapping)) and not dataclasses.is_dataclass(node):
                raise ConfigError(
                    f"{_join(where, key)}: expected the options of a {kind}, received {node!r}; "
                    f"a file of your own begins with '# @package {kind}.NAME'"
                )
        built = {
            key: _nested_one(node, kind, _join(where, key), plugins) for key, node in nodes.items()
        }
        return tuple(built.values()) if _is_sequence(hint) else built
    if value is None and type(None) in get_args(hint):
        return None
    return _nested_one(value, kind, where, plugins)


def _nested_one(value: Any, kind: str, where: str, plugins: Plugins) -> Component:
    """A nested node's name is an option of its group, whose values are the node's defaults.

    A component that is built already stays as it is.
    """
    if dataclasses.is_dataclass(value):
        return typing.cast(Component, value)
    params = as_mapping(value, where)
    if isinstance(name := params.get("name"), str):
        values = option_values(plugins, kind, name)
        params = {**values, **params, "name": values.get("name", name)}
    return build_component(plugins, kind, params, where)


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _placed(message: str, where: str, fields: Iterable[str]) -> str:
    """A class's own message, with the place in the configuration in front exactly once."""
    if not where or message.startswith((f"{where}.", f"{where}:")):
        return message
    if message.startswith(tuple(f"{field}:" for field in fields)):
        return f"{where}.{message}"
    return f"{where}: {message}"


def _mandatory(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _items(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: expected a list such as [a,b], received {value!r}")
    return value


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (typing.Union, types.UnionType):
        rest = [inner for inner in get_args(hint) if inner is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _is_sequence(hint: Any) -> bool:
    return get_origin(_without_none(hint)) in (tuple, list)


def _find_enum(hint: Any) -> type[Enum] | None:
    hint = _without_none(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if get_origin(hint) in (tuple, list):
        return _find_enum(get_args(hint)[0])
    return None


def _enum(value: Any, enum: type[Enum], where: str) -> Enum:
    for member in enum:
        if value == member or value == member.value:
            return member
    if isinstance(value, bool):
        # YAML 1.1 reads a bare on/off/yes/no as a boolean.
        word = "on" if value else "off"
        if any(member.value == word for member in enum):
            return enum(word)
    names = [str(member.value) for member in enum]
    raise ConfigError(
        f"{where}: expected one of {', '.join(names)}{did_you_mean(str(value), names)}, "
        f"received {value!r}"
    )


def _spell(hint: Any) -> str:
    """A type annotation in a reader's words."""
    text = (
        getattr(hint, "__name__", None) if isinstance(hint, type) and not get_args(hint) else None
    )
    return (text or str(hint)).replace("typing.", "").replace("NoneType", "None")
