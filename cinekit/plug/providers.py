"""What installed packages bring, found without importing them: entry points and yaml options.

An option is a file ``conf/<group>/<option>.yaml``, in ``cinekit.conf`` or in the ``conf`` package
of a plugin. Its first comment line says what it is.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Requirement
from packaging.utils import canonicalize_name

from cinekit.plug.hooks import GROUP

CORE = "cinekit"
"""The distribution whose components and options win over others of the same name."""

CORE_CONF = "cinekit.conf"


@dataclass(frozen=True)
class Provider:
    """A plugin: the distribution that brings it, its version, and the module it is in.

    conf : the package of its yaml options; None without one.
    """

    distribution: str
    version: str
    module: str
    conf: str | None = None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class OptionFile:
    """One option of a group: where it is and who brings it."""

    group: str
    name: str
    path: Path
    distribution: str

    @property
    def summary(self) -> str:
        """The first comment line that is not a Hydra directive."""
        for line in self.path.read_text("utf-8").splitlines():
            text = line.lstrip("#").strip()
            if line.startswith("#") and text and not text.startswith("@package"):
                return text
        return ""


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


def split_name(name: str) -> tuple[str | None, str]:
    """``package:name`` is the component or option of that distribution, ``name`` anybody's."""
    package, _, plain = name.rpartition(":")
    return package or None, plain


def option_files(providers: Iterable[Provider] = ()) -> list[OptionFile]:
    """Every option of the core and of these plugins, by group and name; the core's come first."""
    sources = [(CORE, CORE_CONF)] + [
        (provider.distribution, provider.conf) for provider in providers if provider.conf
    ]
    found = []
    for distribution, package in sources:
        folder = conf_folder(package)
        for path in sorted(folder.glob("*/*.yaml")) if folder else []:
            found.append(OptionFile(path.parent.name, path.stem, path, distribution))
    return sorted(found, key=lambda option: (option.group, option.name))


def find_option(group: str, name: str, providers: Iterable[Provider] = ()) -> OptionFile | None:
    """The option of that name, which may be ``package:name``, or None when nobody has it."""
    return find_among(option_files(providers), group, name)


def find_among(options: Iterable[OptionFile], group: str, name: str) -> OptionFile | None:
    """The same, of these options."""
    package, plain = split_name(name)
    for option in options:
        if (option.group, option.name) == (group, plain) and package in (None, option.distribution):
            return option
    return None


def conf_folder(package: str) -> Path | None:
    """The folder of a package of yaml options, if possible without importing its parent."""
    parent, _, name = package.rpartition(".")
    for location in _locations(parent):
        if (folder := Path(location) / name).is_dir():
            return folder
    # An editable install may map the package to a folder elsewhere; only its finder knows.
    return next((Path(location) for location in _locations(package)), None)


def how_to_install(module: str, needed_by: str) -> str:
    """How to install what a module is missing: by the plugin's own extras where it names one."""
    wanted = canonicalize_name(module.partition(".")[0])
    for requirement in _requirements(needed_by):
        if canonicalize_name(requirement.name) == wanted:
            extra = str(requirement.marker or "").partition("extra ==")[2].strip(" '\")")
            package = f"{requirement.name}{requirement.specifier}"
            return f"pip install '{f'{needed_by}[{extra}]' if extra else package}'"
    return f"pip install '{wanted}', or see the documentation of {needed_by}"


def unmet_bound(distribution: str) -> str | None:
    """The versions of cinekit that a package was made for, when this is none of them."""
    version = importlib.metadata.version(CORE)
    for requirement in _requirements(distribution):
        bound = requirement.specifier
        if requirement.name == CORE and not bound.contains(version, prereleases=True):
            return f"it is made for cinekit{bound}, this is {version}: update {distribution}"
    return None


def _requirements(distribution: str) -> list[Requirement]:
    try:
        texts = importlib.metadata.requires(distribution) or []
        return [Requirement(text) for text in texts]
    except (importlib.metadata.PackageNotFoundError, InvalidRequirement):
        return []


def _is_plain_module(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
    except (Exception, SystemExit):
        # Finding a nested module imports its parent, which may be broken in any way.
        return False
    return spec is not None and spec.submodule_search_locations is None


def _locations(package: str) -> list[str]:
    try:
        spec = importlib.util.find_spec(package)
    except (Exception, SystemExit):
        return []
    return list(spec.submodule_search_locations or []) if spec else []
