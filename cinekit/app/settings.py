"""From the whole configuration to :class:`cinekit.job.Settings`.

The sections of ``conf/config.yaml`` carry the names of the fields of Settings; what belongs to the
command line alone (``input``, ``preset``) is left out. ``segmenter=auto`` is decided here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from cinekit.errors import ConfigError, PluginError, SegmenterError
from cinekit.plug.build import build_component, build_options, check_complete
from cinekit.plug.options import option_values
from cinekit.plug.providers import find_option
from cinekit.plug.registry import Plugins, unavailable
from cinekit.store.cache import GIGABYTES, Cache
from cinekit.text import one_line

if TYPE_CHECKING:
    from cinekit.job import Settings
    from cinekit.protocols import FeatureExtractor

COMMAND_LINE_ONLY = (
    *("input", "preset", "features", "ranker", "user", "ratings"),
    *("cache", "cache_gigabytes"),
)
"""Keys of ``conf/config.yaml`` that are no field of Settings."""

FIELD_OF = {"writer": "writers", "attempt": "attempts"}
"""Keys whose field in Settings has another name: the group is named like the kind."""

AUTO = "auto"


def build_settings(config: DictConfig, plugins: Plugins) -> tuple[Settings, tuple[str, ...]]:
    """Everything that a job needs, built and checked, and notes on what was decided here.

    Raises
    ------
    ConfigError, PluginError
        One line; nothing has run yet.
    """
    from cinekit.job import Settings

    check_complete(config)
    nodes: dict[str, Any] = {
        FIELD_OF.get(str(key), str(key)): value
        for key, value in config.items()
        if key not in COMMAND_LINE_ONLY
    }
    nodes.setdefault("attempts", {})  # attempt=[] leaves no key
    notes: tuple[str, ...] = ()
    segmenter = nodes.get("segmenter")
    if segmenter is not None and segmenter.get("name") == AUTO:
        nodes["segmenter"], note = resolve_auto(list(segmenter.choices), plugins)
        notes = (note,)
    try:
        settings = build_options(Settings, nodes, "", plugins)
    except ConfigError as error:
        raise ConfigError(_as_typed(str(error))) from error
    _require_ready("segmenter", settings.segmenter)
    _require_ready("solver", settings.solver)
    _require_ready("judge", settings.judge)
    for attempt, name in zip(settings.attempts, nodes["attempts"], strict=True):
        _require_ready(f"attempt.{name}", attempt)
    for name, writer in settings.writers.items():
        _require_ready(f"writer.{name}", writer)
    return settings, notes


def _as_typed(message: str) -> str:
    """A message about a field of Settings, which names the key that the user typed."""
    for key, field_name in FIELD_OF.items():
        if message.startswith((f"{field_name}.", f"{field_name}:")):
            return key + message.removeprefix(field_name)
    return message


def _require_ready(where: str, component: Any) -> None:
    """Say before the clip is read what would fail once it is the component's turn."""
    reason = unavailable(component)
    if reason is not None:
        raise PluginError(f"{where}: {reason}")


def build_features(config: DictConfig, plugins: Plugins) -> dict[str, FeatureExtractor]:
    """The extractors of ``features=[...]`` by name.

    The parser of faces is the first of its choices that can run. None of them is no error: the
    features say that nobody looked for faces.
    """
    extractors: dict[str, Any] = {}
    if not config.get("features") and config.user is not None:
        raise ConfigError(f"user={config.user}: ranking needs features, received features=[]")
    for name, node in (config.get("features") or {}).items():
        values = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
        if not isinstance(values, dict):
            raise ConfigError(
                f"features.{name}: expected the options of an extractor, received {node!r}; a "
                "file of your own begins with '# @package features.NAME'"
            )
        if values.get("parser", "") is None and values.get("choices"):
            with contextlib.suppress(ConfigError):
                values["parser"] = resolve_auto(list(values["choices"]), plugins)[0]
        extractors[str(name)] = build_component(plugins, "features", values, f"features.{name}")
        _require_ready(f"features.{name}", extractors[str(name)])
    return extractors


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


def resolve_auto(choices: list[str], plugins: Plugins) -> tuple[dict[str, Any], str]:
    """The node of the first segmenter that can run here, and a line that says which and why.

    choices : names of options of the group ``segmenter``, best first.
    """
    reasons: dict[str, list[str]] = {}
    for choice in choices:
        if not _exists(choice, plugins):
            reasons.setdefault(": no such option", []).append(choice)
            continue
        try:
            node = option_values(plugins, "segmenter", choice)
            reason = unavailable(build_component(plugins, "segmenter", node))
        except (ConfigError, PluginError, SegmenterError) as error:
            reason = one_line(error)
        if reason is None:
            why = f" ({_told(reasons)})" if reasons else ""
            return node, f"segmenter: {choice}, chosen by auto{why}"
        reasons.setdefault(f" cannot run here: {reason}", []).append(choice)
    raise ConfigError(f"segmenter=auto: {_told(reasons) or 'no choices'}")


def _exists(segmenter: str, plugins: Plugins) -> bool:
    option = find_option("segmenter", segmenter, plugins.conf_providers)
    return option is not None or segmenter in plugins.names("segmenter")


def _told(reasons: dict[str, list[str]]) -> str:
    """Each reason once, after those that it holds for."""
    return "; ".join(f"{' and '.join(names)}{reason}" for reason, names in reasons.items())
