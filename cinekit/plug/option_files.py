"""The yaml options of the core and of every plugin, found without importing any component.

An option is a file ``conf/<group>/<option>.yaml``, in ``cinekit.conf`` or in the ``conf`` package
of a plugin. Its first comment line says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cinekit.plug.providers import Provider, conf_folder

CORE = "cinekit.conf"


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


def option_files(providers: Iterable[Provider] = ()) -> list[OptionFile]:
    """Every option of the core and of these plugins, by group and name."""
    sources = [("cinekit", CORE)] + [
        (provider.distribution, provider.conf) for provider in providers if provider.conf
    ]
    found = []
    for distribution, package in sources:
        folder = conf_folder(package)
        for path in sorted(folder.glob("*/*.yaml")) if folder else []:
            found.append(OptionFile(path.parent.name, path.stem, path, distribution))
    return sorted(found, key=lambda option: (option.group, option.name))


def find_option(group: str, name: str, providers: Iterable[Provider] = ()) -> OptionFile | None:
    """The option of that name, or None when nobody has it."""
    for option in option_files(providers):
        if (option.group, option.name) == (group, name):
            return option
    return None
