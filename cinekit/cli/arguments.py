"""Checks of the arguments of the simple commands."""

from __future__ import annotations

from cinekit.errors import ConfigError


def none_expected(command: str, arguments: list[str]) -> None:
    """Raise a ConfigError when a command that takes no arguments gets one."""
    if arguments:
        raise ConfigError(f"cinekit {command} takes no arguments, received '{arguments[0]}'")
