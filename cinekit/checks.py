"""Checks that the options of many components share; each raises ConfigError with its field."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from cinekit.errors import ConfigError

E = TypeVar("E", bound=StrEnum)


def set_enum(component: Any, field: str, kind: type[E]) -> None:
    """Make a frozen component's field a member of ``kind``; its plain value is welcome too."""
    value = getattr(component, field)
    try:
        object.__setattr__(component, field, kind(value))
    except ValueError:
        names = ", ".join(str(member.value) for member in kind)
        raise ConfigError(f"{field}: expected one of {names}, received {value!r}") from None


def at_least(component: Any, **lowest: float) -> None:
    """Raise ConfigError for the first field below its lowest value."""
    for field, low in lowest.items():
        value = getattr(component, field)
        if not value >= low:
            raise ConfigError(f"{field}: expected at least {low:g}, received {value!r}")


def above_zero(component: Any, *fields: str) -> None:
    """Raise ConfigError for the first field that is not positive."""
    for field in fields:
        value = getattr(component, field)
        if not value > 0:
            raise ConfigError(f"{field}: expected more than 0, received {value!r}")
