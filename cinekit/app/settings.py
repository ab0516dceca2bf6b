"""From the whole configuration to :class:`cinekit.Settings`, and to the cache.

The keys of ``conf/config.yaml`` carry the names of the fields of Settings; what belongs to the
command line alone (``input``, ``preset``) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from cinekit.errors import ConfigError, PluginError
from cinekit.plug.build import build_options, check_complete
from cinekit.plug.registry import Plugins
from cinekit.store.cache import GIGABYTES, Cache

if TYPE_CHECKING:
    from cinekit.settings import Settings

COMMAND_LINE_ONLY = ("input", "preset", "cache", "cache_gigabytes")
"""Keys of ``conf/config.yaml`` that are no field of Settings."""

FIELD_OF = {"writer": "writers", "attempt": "attempts"}
"""Keys whose field in Settings has another name: the group is named like the kind."""


def build_settings(config: DictConfig, plugins: Plugins) -> tuple[Settings, tuple[str, ...]]:
    """Everything that a job needs, built and checked, and notes on what was decided here.

    Raises
    ------
    ConfigError, PluginError
        One line; nothing has run yet.
    """
    from cinekit.settings import settings_of

    check_complete(config)
    given: Any = OmegaConf.to_container(config, resolve=True)
    nodes: dict[str, Any] = {
        FIELD_OF.get(key, key): value
        for key, value in given.items()
        if key not in COMMAND_LINE_ONLY
    }
    nodes.setdefault("attempts", {})  # attempt=[] leaves no key
    try:
        return settings_of(nodes, plugins)
    except (ConfigError, PluginError) as error:
        raise type(error)(_as_typed(str(error))) from error


def _as_typed(message: str) -> str:
    """A message about a field of Settings, which names the key that the user typed."""
    for key, field_name in FIELD_OF.items():
        if message.startswith((f"{field_name}.", f"{field_name}:")):
            return key + message.removeprefix(field_name)
    return message


@dataclass(frozen=True, kw_only=True)
class _CacheOptions:
    """The keys of ``conf/config.yaml`` that say what is kept for the next run."""

    cache: bool = True
    cache_gigabytes: float = GIGABYTES


def build_cache(config: DictConfig) -> Cache | None:
    """Where the job keeps what it found; None with ``cache=false``.

    Raises
    ------
    ConfigError
        For values of another type, or a size that is not above 0.
    """
    names = [field.name for field in fields(_CacheOptions)]
    options = build_options(_CacheOptions, {name: config[name] for name in names}, "")
    return Cache(gigabytes=options.cache_gigabytes) if options.cache else None
