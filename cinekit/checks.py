"""Ranges of options, stated where a field is declared and checked when a component is made.

    @dataclass(frozen=True, kw_only=True)
    class Blur(Checked):
        radius: Count = 3
        strength: Annotated[float, Within("(0, 1]")] = 0.5
        edges: EdgeRule = EdgeRule.WRAP    # an enum: its plain value "wrap" is welcome too

``Blur(strength=2)`` raises ConfigError: "strength: expected a value in (0, 1], received 2".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from cinekit.errors import ConfigError

_INTERVAL = re.compile(r"([\[(])(\S+), (\S+)([\])])")


class Within:
    """Marks a number of an interval, written as in mathematics: "[0, 1]", "(0, inf)".

    odd : only odd numbers of it.

    Raises
    ------
    ValueError
        When ``interval`` is no interval.
    """

    def __init__(self, interval: str, *, odd: bool = False) -> None:
        found = _INTERVAL.fullmatch(interval)
        if found is None:
            raise ValueError(f"expected an interval such as '[0, 1)', received {interval!r}")
        self._open_low, self._open_high = found[1] == "(", found[4] == ")"
        self._low, self._high = float(found[2]), float(found[3])
        self._odd = odd
        kind = "an odd number" if odd else "a value"
        if math.isfinite(self._high):
            self.wanted = f"{kind} in {interval}"
        else:
            self.wanted = f"{kind} {'>' if self._open_low else '>='} {self._low:g}"

    def __contains__(self, value: float) -> bool:
        low = value > self._low if self._open_low else value >= self._low
        high = value < self._high if self._open_high else value <= self._high
        return low and high and not (self._odd and value % 2 == 0)


Share = Annotated[float, Within("[0, 1]")]
Count = Annotated[int, Within("[1, inf)")]
Natural = Annotated[int, Within("[0, inf)")]
Positive = Annotated[float, Within("(0, inf)")]
NotNegative = Annotated[float, Within("[0, inf)")]


class Checked:
    """Base of a dataclass whose fields hold to their annotations: ranges, and enums by value.

    A range counts for a number, and for every item of a tuple, a list or a mapping's values; None
    and text, where the annotation allows them, are outside of it. A class with more to check
    extends ``__post_init__``.
    """

    def __post_init__(self) -> None:
        """Raise ConfigError for the first field outside its range."""
        for name, kind, ranges in _rules(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if kind is not None:
                object.__setattr__(self, name, _member(name, kind, value))
            for within in ranges:
                _check(name, within, value)


@cache
def _rules(cls: type[Any]) -> list[tuple[str, type[Enum] | None, list[Within]]]:
    """Per field its enum, if it is one, and the ranges in its annotation."""
    hints = get_type_hints(cls, include_extras=True)
    return [
        (
            name,
            hint if isinstance(hint, type) and issubclass(hint, Enum) else None,
            list(_ranges(hint)),
        )
        for name, hint in hints.items()
        if get_origin(hint) is not ClassVar
    ]


def _ranges(hint: Any) -> Iterator[Within]:
    if isinstance(hint, Within):
        yield hint
    for part in get_args(hint):
        yield from _ranges(part)


def _member(name: str, kind: type[Enum], value: Any) -> Enum:
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(str(member.value) for member in kind)
        raise ConfigError(f"{name}: expected one of {names}, received {value!r}") from None


def _check(name: str, within: Within, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check(f"{name}.{key}", within, item)
        return
    items = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    for item in items:
        if item is not None and not isinstance(item, str) and item not in within:
            raise ConfigError(f"{name}: expected {within.wanted}, received {value!r}")
