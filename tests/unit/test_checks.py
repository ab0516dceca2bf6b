"""Ranges in annotations: what is refused, and in which words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinekit.checks import Checked, Count, Natural, NotNegative, Positive, Share, Within
from cinekit.errors import ConfigError


class Rule(StrEnum):
    WRAP = "wrap"
    CLAMP = "clamp"


@dataclass(frozen=True, kw_only=True)
class Options(Checked):
    rule: Rule = Rule.WRAP
    share: Share = 0.5
    count: Count = 1
    natural: Natural = 0
    positive: Positive = 1.0
    weight: NotNegative = 0.0
    median: Annotated[int, Within("[1, inf)", odd=True)] = 5
    angle: Annotated[float, Within("(0, 360]")] = 90.0
    maybe: Share | None = None
    seconds: Positive | str = "auto"
    size: tuple[Count, Count] | None = None
    weights: tuple[Positive, ...] = ()
    named: Mapping[str, Share] = field(default_factory=dict)
    free: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Further(Options):
    more: Count = 1


REFUSED = [
    ("rule", "mirror", "expected one of wrap, clamp, received 'mirror'"),
    ("share", 1.1, "expected a value in [0, 1], received 1.1"),
    ("count", 0, "expected a value >= 1, received 0"),
    ("natural", -1, "expected a value >= 0, received -1"),
    ("positive", 0.0, "expected a value > 0, received 0.0"),
    ("positive", math.inf, "expected a value > 0, received inf"),
    ("weight", math.nan, "expected a value >= 0, received nan"),
    ("median", 4, "expected an odd number >= 1, received 4"),
    ("angle", 0, "expected a value in (0, 360], received 0"),
    ("maybe", -0.5, "expected a value in [0, 1], received -0.5"),
    ("seconds", 0, "expected a value > 0, received 0"),
    ("size", (3, 0), "expected a value >= 1, received (3, 0)"),
    ("weights", (1.0, -2.0), "expected a value > 0, received (1.0, -2.0)"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_a_value_outside_is_one_line(name: str, value: Any, message: str) -> None:
    for cls in (Options, Further):
        with pytest.raises(ConfigError) as caught:
            cls(**{name: value})
        assert str(caught.value) == f"{name}: {message}"


def test_a_mapping_s_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^named\.sea: expected a value in \[0, 1\], received 2"):
        Options(named={"lake": 1.0, "sea": 2.0})


def test_what_is_in_range_stays_as_it_is() -> None:
    given = {"share": 1, "maybe": 0.0, "seconds": "auto", "size": (1, 2), "weights": (0.1, 3)}
    made = Options(**given, free=math.nan)  # type: ignore[arg-type]
    assert {name: getattr(made, name) for name in given} == given


def test_an_enum_is_welcome_by_its_value() -> None:
    assert Options(rule="clamp").rule is Rule.CLAMP  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="more: expected"):
        Further(more=0)


@given(st.floats(allow_nan=True))
def test_open_and_closed_ends(value: float) -> None:
    assert (value in Within("[0, 1]")) == (0 <= value <= 1)
    assert (value in Within("(0, 1)")) == (0 < value < 1)
    assert (value in Within("[-2, inf)")) == (-2 <= value < math.inf)


def test_what_is_no_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an interval"):
        Within("0..1")
