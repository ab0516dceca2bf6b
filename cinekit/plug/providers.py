"""Who provides what: installed distributions and their yaml folders, without importing plugins."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from cinekit.plug.hooks import GROUP


@dataclass(frozen=True)
class Provider:
    """A plugin: the distribution that brings it, its version, and the module it is in.

    conf : the package of its Hydra options, to be searched as ``pkg://<conf>``; None without one.
    """

    distribution: str
    version: str
    module: str
    conf: str | None = None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def installed_entry_points() -> list[importlib.metadata.EntryPoint]:
    """The entry points of every installed plugin, in a fixed order."""
    entries = importlib.metadata.entry_points(group=GROUP)
    return sorted(entries, key=lambda entry: (entry.name, entry.value))


def provider_of(entry: importlib.metadata.EntryPoint) -> Provider:
    """Who an entry point belongs to, without importing its module."""
    distribution = entry.dist.name if entry.dist else entry.module
    version = entry.dist.version if entry.dist else "?"
    package = entry.module
    if _is_plain_module(package):
        package = package.rpartition(".")[0]
    conf = f"{package}.conf" if package and conf_folder(f"{package}.conf") else None
    return Provider(distribution, version, entry.module, conf)


def _is_plain_module(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
    except Exception:
        # Finding a nested module imports its parent, which may be broken in any way.
        return False
    return spec is not None and spec.submodule_search_locations is None


def conf_folder(package: str) -> Path | None:
    """The folder of a package of yaml options, if possible without importing its parent."""
    parent, _, name = package.rpartition(".")
    for location in _locations(parent):
        if (folder := Path(location) / name).is_dir():
            return folder
    # An editable install may map the package to a folder elsewhere; only its finder knows.
    return next((Path(location) for location in _locations(package)), None)


def _locations(package: str) -> list[str]:
    try:
        spec = importlib.util.find_spec(package)
    except Exception:
        return []
    return list(spec.submodule_search_locations or []) if spec else []


def how_to_install(module: str, needed_by: str) -> str:
    """How to install what a module is missing: by the plugin's own extras where it names one."""
    wanted = module.partition(".")[0].replace("_", "-").lower()
    try:
        requirements = importlib.metadata.requires(needed_by) or []
    except importlib.metadata.PackageNotFoundError:
        requirements = []
    for requirement in requirements:
        package, _, marker = requirement.partition(";")
        bare = package.strip().replace("_", "-").lower()
        if bare == wanted or bare.startswith(tuple(wanted + c for c in " [<>=!~(")):
            extra = marker.partition("extra ==")[2].strip(" '\")")
            target = f"{needed_by}[{extra}]" if extra else package.strip()
            return f"pip install '{target}'"
    return f"pip install '{wanted}', or see the documentation of {needed_by}"
