"""Finds plugins and their components.

A :class:`Plugins` is loaded explicitly, with :func:`load_plugins`; nothing happens at import. It
knows the name of every component and who provides it, and imports a component's class only when
asked for it. One bad plugin never takes the others down: it is kept as a :class:`Failure`, and only
asking for one of its components is an error.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
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
from cinekit.plug.providers import (
    Provider,
    conf_folder,
    how_to_install,
    installed_entry_points,
    provider_of,
)
from cinekit.text import did_you_mean, one_line

METHODS = {
    "segmenter": "respond",
    "solver": "solve",
    "ranker": "fit",
    "features": "extract",
    "writer": "write",
}
"""Kind of component, which is also its Hydra group, and the method that makes it one."""

HOOKS = {
    "segmenter": "cinekit_segmenters",
    "solver": "cinekit_solvers",
    "ranker": "cinekit_rankers",
    "features": "cinekit_features",
    "writer": "cinekit_writers",
}

KINDS = tuple(HOOKS)


KNOWN_ELSEWHERE = {
    ("features", "c3d"): "cinekit-c3d",
    ("ranker", "xgboost"): "cinekit-xgboost",
    ("segmenter", "ade20k"): "cinekit-litert",
    ("segmenter", "ade20k_voc"): "cinekit-litert",
    ("segmenter", "bisenet"): "'cinekit-faces[bisenet]'",
    ("segmenter", "face_mesh"): "cinekit-faces",
    ("segmenter", "fcn8"): "cinekit-fcn8",
    ("segmenter", "fcn8_pascal_context"): "cinekit-fcn8",
    ("segmenter", "fcn8_voc"): "cinekit-fcn8",
    ("segmenter", "litert"): "cinekit-litert",
    ("segmenter", "mmseg"): "cinekit-mmseg",
    ("segmenter", "mmseg_deeplabv3plus"): "cinekit-mmseg",
    ("segmenter", "mmseg_fcn"): "cinekit-mmseg",
    ("segmenter", "mmseg_pspnet"): "cinekit-mmseg",
    ("segmenter", "mmseg_segformer"): "cinekit-mmseg",
    ("segmenter", "onnx"): "cinekit-onnx",
    ("segmenter", "scene_voc"): "cinekit-litert",
    ("segmenter", "selfie"): "cinekit-litert",
    ("segmenter", "selfie_landscape"): "cinekit-litert",
    ("segmenter", "voc"): "cinekit-litert",
    ("solver", "gco"): "cinekit-gco",
    ("solver", "maxflow"): "cinekit-maxflow",
}
"""Components and options of the project's own plugins, to say what to install."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """A plugin that could not be loaded.

    names : component names that it is known to provide without importing it: its entry point's
        name and the yaml files of its ``conf/<kind>/`` folders, as (kind or None, name).
    """

    provider: Provider
    error: Exception
    names: frozenset[tuple[str | None, str]]

    @property
    def reason(self) -> str:
        """What went wrong, in one line."""
        return f"{type(self.error).__name__}: {one_line(self.error)}"

    def provides(self, kind: str, name: str) -> bool:
        """Whether this plugin is where the component would have come from."""
        return (kind, name) in self.names or (None, name) in self.names


class Plugins:
    """Every component that can be named here, by kind and name."""

    def __init__(self) -> None:
        self.providers: list[Provider] = []
        self.failures: list[Failure] = []
        self._manager = pluggy.PluginManager(hookspecs.GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._sources: dict[str, dict[str, list[tuple[Provider, Mapping[str, type[Any]]]]]] = {
            kind: {} for kind in KINDS
        }

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
            collected = [
                (kind, self._call(plugin, kind)) for kind in KINDS if self._implements(plugin, kind)
            ]
            for caller in self._manager.get_hookcallers(plugin) or []:
                if not caller.has_spec():
                    raise BrokenPluginError(_unknown_hook(caller.name))
        except Exception:
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            raise
        for kind, components in collected:
            for name in components:
                self._sources[kind].setdefault(name, []).append((provider, components))
        self.providers.append(provider)

    def names(self, kind: str) -> list[str]:
        """Names of a kind's components, sorted."""
        return sorted(self._sources[kind])

    def providers_of(self, kind: str, name: str) -> list[Provider]:
        """Who provides a component; more than one is an error once it is asked for."""
        return [provider for provider, _ in self._sources[kind].get(name, [])]

    def get(self, kind: str, name: str) -> type[Any]:
        """The class of a component.

        Raises
        ------
        UnknownComponentError, DuplicateComponentError, BrokenPluginError, MissingDependencyError
        """
        sources = self._sources[kind].get(name, [])
        if not sources:
            raise self._absent(kind, name)
        if len(sources) > 1:
            owners = " and ".join(str(provider) for provider, _ in sources)
            raise DuplicateComponentError(
                f"{kind} '{name}' is provided by {owners}: uninstall one of them"
            )
        provider, components = sources[0]
        try:
            found = components[name]
        except Exception as error:
            raise _asked_for(kind, name, provider, error) from error
        _check_component(kind, name, found, provider)
        return found

    @property
    def conf_providers(self) -> list[Provider]:
        """Plugins with yaml options, the broken ones included: their options say what is wrong."""
        everyone = self.providers + [failure.provider for failure in self.failures]
        return [provider for provider in everyone if provider.conf]

    def _absent(self, kind: str, name: str) -> PluginError:
        for failure in self.failures:
            if failure.provides(kind, name):
                return _asked_for(kind, name, failure.provider, failure.error)
        names = self.names(kind)
        package = KNOWN_ELSEWHERE.get((kind, name))
        hint = f" (pip install {package})" if package else did_you_mean(name, names)
        broken = "".join(f"; plugin {failure.provider} failed to load" for failure in self.failures)
        return UnknownComponentError(
            f"unknown {kind} '{name}'{hint}; installed: {', '.join(names) or 'none'}{broken}"
        )

    def _implements(self, plugin: object, kind: str) -> bool:
        return any(
            impl.plugin is plugin
            for impl in getattr(self._manager.hook, HOOKS[kind]).get_hookimpls()
        )

    def _call(self, plugin: object, kind: str) -> Mapping[str, type[Any]]:
        hook = HOOKS[kind]
        components = getattr(plugin, hook)()
        if not isinstance(components, Mapping):
            raise BrokenPluginError(
                f"expected a mapping from {hook}, received {type(components).__name__}"
            )
        return components


def load_plugins(entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Plugins:
    """Load the core's components and every installed plugin.

    entry_points : those to load instead of the installed ones of the group ``cinekit``.
    """
    plugins = Plugins()
    version = importlib.metadata.version("cinekit")
    plugins.register(builtin, Provider("cinekit", version, builtin.__name__))
    for entry in installed_entry_points() if entry_points is None else entry_points:
        provider = provider_of(entry)
        try:
            plugins.register(entry.load(), provider)
        except Exception as error:
            plugins.failures.append(Failure(provider, error, _expected_names(entry, provider)))
    return plugins


def require(module: str, install: str, needed_by: str) -> ModuleType:
    """Import a component's heavy library when its method runs.

    module : what to import, "ai_edge_litert.interpreter".
    install : what brings it, "cinekit-litert" or "PyMaxflow>=1.3".
    needed_by : who asks, "segmenter 'litert'".

    Raises
    ------
    MissingDependencyError
        One line that names the package to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not (module + ".").startswith(error.name + "."):
            raise
        raise MissingDependencyError(
            f"{needed_by} needs '{module}', which is not installed: pip install '{install}'"
        ) from error


def unavailable(component: Any) -> str | None:
    """Why a component cannot run here, in one line, or None when it can.

    A component says so itself with an optional method ``unavailable() -> str | None``, which looks
    for its weights and libraries without loading them.
    """
    check = getattr(component, "unavailable", None)
    reason = check() if callable(check) else None
    return one_line(reason) if reason else None


def _expected_names(
    entry: importlib.metadata.EntryPoint, provider: Provider
) -> frozenset[tuple[str | None, str]]:
    names: set[tuple[str | None, str]] = {(None, entry.name)}
    folder = conf_folder(provider.conf) if provider.conf else None
    if folder:
        for kind in KINDS:
            names.update((kind, path.stem) for path in (folder / kind).glob("*.yaml"))
    return frozenset(names)


def _asked_for(kind: str, name: str, provider: Provider, error: Exception) -> PluginError:
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
    return BrokenPluginError(
        f"{kind} '{name}' cannot be used: {provider} failed to import "
        f"({type(error).__name__}: {one_line(error)}); update or uninstall it"
    )


def _check_marked(plugin: object) -> None:
    for name, value in inspect.getmembers(plugin, callable):
        if name in HOOKS.values() and not hasattr(value, f"{hookspecs.GROUP}_impl"):
            raise BrokenPluginError(f"{name} lacks the decorator @cinekit.hookimpl")


def _unknown_hook(name: str) -> str:
    hooks = tuple(HOOKS.values())
    return f"unknown hook '{name}'{did_you_mean(name, hooks)}; hooks: {', '.join(hooks)}"


def _check_component(kind: str, name: str, found: Any, provider: Provider) -> None:
    method = METHODS[kind]
    wrong = None
    if not (inspect.isclass(found) and dataclasses.is_dataclass(found)):
        wrong = f"a dataclass, received {found!r}"
    elif method and not isinstance(getattr(found, method, None), Callable):  # type: ignore[arg-type]
        wrong = f"a class with the method {method}(), received {found.__name__}"
    elif kind == "writer" and not isinstance(getattr(found, "suffix", None), str):
        wrong = f"a class with a suffix such as '.mp4', received {found.__name__}"
    if wrong:
        raise BrokenPluginError(f"{kind} '{name}' of {provider}: expected {wrong}")
