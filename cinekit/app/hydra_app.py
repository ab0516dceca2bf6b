"""What ties cinekit to Hydra: where options are, quoting, and errors of one line."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from traceback import walk_tb
from typing import Any

from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinekit.app.option_source import OptionPath, OptionSource
from cinekit.errors import CinekitError, ConfigError, PluginError, UnknownComponentError, WriteError
from cinekit.plug.kinds import KINDS
from cinekit.plug.options import describe
from cinekit.plug.registry import unknown_component
from cinekit.text import did_you_mean, one_line

ANY = "*"
"""Stands among the keys for the names that a mapping without any may be given."""


ELSEWHERE = {
    "hydra/launcher": ("joblib", "ray", "rq", "submitit"),
    "hydra/sweeper": ("ax", "nevergrad", "optuna"),
}
"""Options that Hydra's authors give away in packages of their own, hydra-joblib-launcher ..."""


def prepare() -> None:
    """Tell this process's Hydra where options are, and how to name the folder of the results."""
    Plugins.instance().register(OptionPath)
    Plugins.instance().register(OptionSource)
    OmegaConf.register_new_resolver("stem", _stem, replace=True)


def _stem(path: str) -> str:
    """A clip's name for folders: its file name without suffix and without awkward characters."""
    return re.sub(r"[^\w.-]+", "_", Path(path).stem).strip("._") or "clip"


def quote(text: str) -> str:
    """A string as a value of Hydra's override grammar: nothing in it is special."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    # OmegaConf would read ${...} as an interpolation.
    return "'" + re.sub(r"(\\*)\$\{", r"\1\1\\${", escaped) + "'"


def explain(error: Exception, overrides: list[str], in_job: bool) -> CinekitError | None:
    """An error of Hydra or OmegaConf as one line of ours; None when it is something else.

    in_job : it came out of a job. Outside of one, an OSError is Hydra's: it makes the folder of
        the results.
    """
    if isinstance(error, ValueError) and str(error).startswith("Only one of --run"):
        return ConfigError("expected one of -m, --cfg and --info, received several: leave one out")
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        if in_job:
            return None
        if isinstance(error, OSError):
            return _no_folder(error)
        return ConfigError(one_line(error)) if _raised_by_hydra(error) else None
    text = str(error)
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match[1], overrides)
    if match := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        return _unknown_option(match[1], match[2], text)
    if isinstance(error, OmegaConfBaseException):
        return ConfigError(describe(error))
    text = re.sub(r"See https?://\S+.*", "", text)
    return ConfigError(one_line(text))


def _raised_by_hydra(error: Exception) -> bool:
    """Whether it is about what was typed: Hydra also complains with plain ValueErrors."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__")).partition(".")[0] in ("hydra", "omegaconf")


def _no_folder(error: OSError) -> WriteError:
    return WriteError(
        f"cannot make the folder {error.filename}: {error.strerror}; "
        "hydra.run.dir=DIR chooses another, hydra.sweep.dir=DIR that of a sweep"
    )


def _unknown_option(group: str, name: str, text: str) -> UnknownComponentError:
    listed = text.partition("Available options")[2].partition("Config search path")[0]
    options = [line.strip() for line in listed.splitlines()[1:] if line.strip()]
    family = name.partition("_")[0]
    if family in ELSEWHERE.get(group, ()):
        part = group.rpartition("/")[2]
        raise PluginError(f"{group}={name}: not installed; pip install hydra-{family}-{part}")
    return unknown_component(group, name, options)


def _unknown_key(key: str, overrides: list[str]) -> ConfigError:
    known = _known_keys([item for item in overrides if item.lstrip("+~").partition("=")[0] != key])
    parent, _, name = key.rpartition(".")
    for mapping in (key, parent):
        if f"{mapping}.{ANY}" in known:
            return ConfigError(f"'{key}': add names with a plus, as in +{mapping}.NAME=VALUE")
    siblings = sorted(one for one in known if one.rpartition(".")[0] == parent)
    if parent in known and parent.partition(".")[0] in KINDS and not siblings:
        example = f"'{parent}={{name: NAME, {name}: VALUE}}'"
        return ConfigError(f"unknown option '{key}': give {parent} as a whole, as in {example}")
    hint = _nearest(key, known)
    chosen = f" of the chosen {parent}" if parent in KINDS else ""
    options = f"; options{chosen}: {', '.join(siblings)}" if siblings and not hint else ""
    return ConfigError(f"unknown option '{key}'{hint}{options}")


def _nearest(key: str, known: list[str]) -> str:
    """A hint: the key beside it that reads alike; else, where its group was forgotten or is none,
    the same name elsewhere, or any key like it."""
    parent, _, name = key.rpartition(".")
    beside = {one.rpartition(".")[2]: one for one in known if one.rpartition(".")[0] == parent}
    alike = difflib.get_close_matches(name.lower(), beside, n=1, cutoff=0.6)
    if alike:
        return f" (did you mean '{beside[alike[0]]}'?)"
    if parent and beside:
        return ""
    elsewhere = [one for one in known if one.rpartition(".")[2] == name]
    return f" (did you mean '{elsewhere[0]}'?)" if elsewhere else did_you_mean(key, known)


def _known_keys(overrides: list[str]) -> list[str]:
    """Every key of the configuration that these overrides compose, or of the plain one."""
    from hydra import compose, initialize_config_module

    plain = [item for item in overrides if not item.startswith("-")]
    for attempt in (plain, []):
        try:
            with initialize_config_module("cinekit.conf", version_base="1.3"):
                return _flatten(compose("config", overrides=attempt))
        except HydraException:
            continue
    return []


def _flatten(config: Any, prefix: str = "") -> list[str]:
    keys = []
    for key in config:
        path = f"{prefix}{key}"
        keys.append(path)
        if not OmegaConf.is_missing(config, key) and OmegaConf.is_dict(
            child := config._get_node(key)
        ):
            assert isinstance(child, DictConfig)
            keys.extend(_flatten(child, f"{path}.") or [f"{path}.{ANY}"])
    return keys
