"""Finds plugins and their components.

A :class:`Plugins` is loaded explicitly, with :func:`load_plugins`; nothing happens at import. It
knows the name of every component and who provides it, and imports a component's class only when
asked for it. One bad plugin never takes the others down: it is kept as a :class:`Failure`, and only
asking for one of its components is an error.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from cinekit.errors import (
    BrokenPluginError,
    DuplicateComponentError,
    MissingDependencyError,
    PluginError,
    UnknownComponentError,
)
from cinekit.plug import builtin
from cinekit.plug import hooks as hookspecs
from cinekit.plug.kinds import HOOKS, KINDS, WEIGHTS, check_component
from cinekit.plug.providers import (
    CORE,
    Provider,
    how_to_install,
    installed_entry_points,
    option_files,
    provider_of,
    split_name,
    unmet_bound,
)
from cinekit.store.weights import KnownModel
from cinekit.text import did_you_mean, one_line

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Failure:
    """A plugin that could not be loaded.

    names : component names that it is known to provide without importing it: its entry point's
        name and the yaml files of its ``conf/<kind>/`` folders, as (kind or None, name).
    """

    provider: Provider
    error: BaseException
    names: frozenset[tuple[str | None, str]]

    @property
    def reason(self) -> str:
        """What went wrong, in one line."""
        return f"{type(self.error).__name__}: {one_line(self.error)}"

    def provides(self, kind: str, name: str) -> bool:
        """Whether this plugin is where the component would have come from."""
        return (kind, name) in self.names or (None, name) in self.names


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where a component's class comes from."""

    provider: Provider
    components: Mapping[str, type[Any]]


class Plugins:
    """Every component that can be named here, by kind and name.

    A name that several provide is the core's own where it is one of them; each of the others is
    named ``package:name``.
    """

    def __init__(self) -> None:
        self.providers: list[Provider] = []
        self.failures: list[Failure] = []
        self.weights: dict[str, KnownModel] = {}
        self._told: set[tuple[str, str]] = set()  # names that were warned of
        self._manager = pluggy.PluginManager(hookspecs.GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._sources: dict[str, dict[str, list[_Source]]] = {kind: {} for kind in KINDS}

    def register(self, plugin: object, provider: Provider) -> None:
        """Add a plugin: a module or any object with hook implementations.

        Raises
        ------
        BrokenPluginError
            When its hooks are not what :mod:`cinekit.plug.hooks` asks for. Nothing is added then.
        """
        _check_marked(plugin)
        try:
            self._manager.register(plugin, name=provider.module)
            callers = [caller.name for caller in self._manager.get_hookcallers(plugin) or []]
            if unknown := [name for name in callers if name not in HOOKS]:
                raise BrokenPluginError(_unknown_hook(unknown[0]))
            collected = {
                kind: _collect(plugin, KINDS[kind].hook)
                for kind in KINDS
                if KINDS[kind].hook in callers
            }
            weights = list(getattr(plugin, WEIGHTS)()) if WEIGHTS in callers else []
            if not all(isinstance(model, KnownModel) for model in weights):
                raise BrokenPluginError(f"expected a list of KnownModel from {WEIGHTS}")
        except BaseException:
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            raise
        for kind, components in collected.items():
            for name in components:
                self._sources[kind].setdefault(name, []).append(_Source(provider, components))
        for model in weights:
            self.weights.setdefault(model.name, model)
        self.providers.append(provider)

    def names(self, kind: str) -> list[str]:
        """Names of a kind's components, sorted; what is not the first choice as package:name."""
        found = []
        for name, sources in self._sources[kind].items():
            first = _first_choice(sources)
            found += [name] if first else []
            found += [_qualified(one, name) for one in sources if one is not first]
        return sorted(found)

    def provider(self, kind: str, name: str) -> Provider:
        """Who provides a component.

        Raises
        ------
        UnknownComponentError, DuplicateComponentError
        """
        return self._source(kind, name).provider

    def get(self, kind: str, name: str) -> type[Any]:
        """The class of a component.

        Raises
        ------
        UnknownComponentError, DuplicateComponentError, BrokenPluginError, MissingDependencyError
        """
        source = self._source(kind, name)
        for other in self._sources[kind].get(name, ()):
            if other is not source and (kind, name) not in self._told:
                self._told.add((kind, name))
                log.warning(
                    "%s '%s' is cinekit's own; that of %s is %s=%s",
                    *(kind, name, other.provider, kind, _qualified(other, name)),
                )
        try:
            found = source.components[split_name(name)[1]]
        except (Exception, SystemExit) as error:
            raise _asked_for(kind, name, source.provider, error) from error
        check_component(kind, name, found, source.provider)
        return found

    @property
    def clashes(self) -> list[str]:
        """Every name that several plugins provide, in one line."""
        lines = []
        for kind, names in self._sources.items():
            for name, sources in names.items():
                first = _first_choice(sources)
                others = [one for one in sources if one is not first]
                ways = " or ".join(f"{kind}={_qualified(one, name)}" for one in others)
                if others and first:
                    lines.append(f"{kind}={name} is that of {first.provider}; another is {ways}")
                elif others:
                    lines.append(f"{kind}={name} is provided twice: say {ways}")
        return lines

    @property
    def conf_providers(self) -> list[Provider]:
        """Plugins with yaml options, the broken ones included: their options say what is wrong."""
        everyone = self.providers + [failure.provider for failure in self.failures]
        return [provider for provider in everyone if provider.conf]

    def _source(self, kind: str, name: str) -> _Source:
        package, plain = split_name(name)
        sources = self._sources[kind].get(plain, [])
        if package:
            sources = [one for one in sources if one.provider.distribution == package]
        if not sources:
            raise self._absent(kind, name)
        first = _first_choice(sources)
        if first is None:
            owners = " and ".join(str(one.provider) for one in sources)
            ways = " or ".join(f"{kind}={_qualified(one, name)}" for one in sources)
            raise DuplicateComponentError(f"{kind} '{name}' is provided by {owners}: say {ways}")
        return first

    def _absent(self, kind: str, name: str) -> PluginError:
        for failure in self.failures:
            if failure.provides(kind, name):
                return _asked_for(kind, name, failure.provider, failure.error)
        broken = "".join(f"; plugin {failure.provider} failed to load" for failure in self.failures)
        return unknown_component(kind, name, self.names(kind), broken)


def unknown_component(
    kind: str, name: str, names: Iterable[str], broken: str = ""
) -> UnknownComponentError:
    """What is told to whom asks for a name that nobody here provides."""
    names = sorted(names)
    return UnknownComponentError(
        f"unknown {kind} '{name}'{did_you_mean(name, names)}; "
        f"installed: {', '.join(names) or 'none'}{broken}; "
        "more come with plugins, pip install cinekit-NAME (see the README)"
    )


def load_plugins(entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Plugins:
    """Load the core's components and every installed plugin.

    entry_points : those to load instead of the installed ones of the group ``cinekit``.
    """
    plugins = Plugins()
    plugins.register(builtin, Provider(CORE, importlib.metadata.version(CORE), builtin.__name__))
    for entry in installed_entry_points() if entry_points is None else entry_points:
        provider = provider_of(entry)
        try:
            if reason := unmet_bound(provider.distribution):
                raise BrokenPluginError(reason)
            plugins.register(entry.load(), provider)
        except (Exception, SystemExit) as error:
            names = {(None, entry.name)} | {
                (option.group, option.name)
                for option in option_files([provider])
                if option.distribution == provider.distribution
            }
            plugins.failures.append(Failure(provider, error, frozenset(names)))
    return plugins


def unavailable(component: Any) -> str | None:
    """Why a component cannot run here, in one line, or None when it can.

    A component says so itself with an optional method ``unavailable() -> str | None``, which looks
    for its weights and libraries without loading them.
    """
    check = getattr(component, "unavailable", None)
    reason = check() if callable(check) else None
    return one_line(reason) if reason else None


def _first_choice(sources: list[_Source]) -> _Source | None:
    """Whom a name means: its only provider, or the core; None among equals."""
    core = [one for one in sources if one.provider.distribution == CORE]
    return (core or sources)[0] if core or len(sources) == 1 else None


def _qualified(source: _Source, name: str) -> str:
    return f"{source.provider.distribution}:{name}"


def _asked_for(kind: str, name: str, provider: Provider, error: BaseException) -> PluginError:
    if isinstance(error, MissingDependencyError):
        return error
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    own = provider.module.partition(".")[0]
    if missing and missing.partition(".")[0] not in (own, "cinekit"):
        package = how_to_install(missing, provider.distribution)
        return MissingDependencyError(
            f"{kind} '{name}' of {provider} needs the Python module '{missing}', "
            f"which is not installed: {package}"
        )
    if isinstance(error, PluginError):
        return BrokenPluginError(f"{kind} '{name}' of {provider} cannot be used: {one_line(error)}")
    return BrokenPluginError(
        f"{kind} '{name}' cannot be used: {provider} failed to import "
        f"({type(error).__name__}: {one_line(error)}); update or uninstall it"
    )


def _check_marked(plugin: object) -> None:
    for name, value in inspect.getmembers(plugin, callable):
        if name in HOOKS and not hasattr(value, f"{hookspecs.GROUP}_impl"):
            raise BrokenPluginError(f"{name} lacks the decorator @cinekit.hookimpl")


def _unknown_hook(name: str) -> str:
    return f"unknown hook '{name}'{did_you_mean(name, HOOKS)}; hooks: {', '.join(HOOKS)}"


def _collect(plugin: object, hook: str) -> Mapping[str, type[Any]]:
    components = getattr(plugin, hook)()
    if not isinstance(components, Mapping):
        raise BrokenPluginError(
            f"expected a mapping from {hook}, received {type(components).__name__}"
        )
    return components
