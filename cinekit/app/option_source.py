"""Where Hydra finds options: the yaml files of the core and of plugins, and components without any.

An option needs no ``# @package`` line: several writers or extractors run side by side, so each has
a place of its own (``writer.gif``), and a preset may set anything.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from cinekit.errors import PluginError
from cinekit.plug.kinds import KINDS
from cinekit.plug.options import load_yaml, option_values, plain_defaults
from cinekit.plug.providers import (
    OptionFile,
    find_among,
    installed_entry_points,
    option_files,
    provider_of,
    split_name,
)
from cinekit.plug.registry import Plugins, load_plugins

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath

SIDE_BY_SIDE = ("attempt", "writer", "features")
"""Groups of which several options may be chosen at once."""

EVERYWHERE = ("preset",)
"""Groups whose options set values outside their group."""


class OptionPath(SearchPathPlugin):
    """Puts :class:`OptionSource` first."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Before the core's own package, whose main configuration it leaves alone."""
        search_path.prepend("cinekit", "cinekit://options")


class OptionSource(ConfigSource):
    """Every ``group/option`` that there is; paths are Hydra's, "segmenter/motion".

    A broken plugin must not take the others down: files are read without importing anything, and
    plugins are asked only for names that no file has.
    """

    @staticmethod
    def scheme() -> str:
        """Of paths that this source serves."""
        return "cinekit"

    def available(self) -> bool:
        """Always."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Whether any option is in that group."""
        return any(option.group == config_path for option in self._files) or config_path in KINDS

    def is_config(self, config_path: str) -> bool:
        """Whether there is such an option."""
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        return self._find(group, name) is not None or self._is_component(group, name)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """The names of a group's options."""
        if results_filter == ObjectType.GROUP:
            return []
        names = {option.name for option in self._files if option.group == config_path}
        return sorted(names | set(self._plugins.names(config_path) if config_path in KINDS else ()))

    def load_config(self, config_path: str) -> ConfigResult:
        """The values of an option, and the place in the configuration that they go to.

        Raises
        ------
        BrokenPluginError
            When the yaml cannot be read.
        """
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        option = self._find(group, name)
        package = None
        if option is not None:
            header = self._get_header_dict(option.path.read_text("utf-8"))
            package = header["package"]
            # Side by side, what an option starts from is not chosen beside it.
            values = load_yaml(option)
            if group in SIDE_BY_SIDE or split_name(name)[0]:
                values = option_values(self._plugins, group, name)
        elif self._is_component(group, name):
            values = {"name": name, **self._defaults(group, name)}
        else:
            raise ConfigLoadError(f"no option {config_path}")
        if package is None and group in EVERYWHERE:
            package = "_global_"
        elif package is None and group in SIDE_BY_SIDE:
            package = f"{group}.{split_name(name)[1]}"
        return ConfigResult(
            config=OmegaConf.create(values),
            path=self.full_path(),
            provider=option.distribution if option else self.provider,
            header={"package": package},
        )

    def _find(self, group: str, name: str) -> OptionFile | None:
        return find_among(self._files, group, name)

    def _is_component(self, group: str, name: str) -> bool:
        return group in KINDS and name in self._plugins.names(group)

    def _defaults(self, kind: str, name: str) -> dict[str, object]:
        try:
            defaults = plain_defaults(self._plugins.get(kind, name))
        except PluginError:
            return {}  # told in full when the component is built
        return {key: value for key, value in defaults.items() if not is_dataclass(value)}

    @cached_property
    def _files(self) -> tuple[OptionFile, ...]:
        return tuple(option_files(provider_of(entry) for entry in installed_entry_points()))

    @cached_property
    def _plugins(self) -> Plugins:
        return load_plugins()
