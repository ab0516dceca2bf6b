"""Small helpers for messages of one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``" (did you mean 'motion'?)"``, or nothing when no choice is close."""
    close = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def one_line(error: BaseException | str) -> str:
    """A message without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


class Brief:
    """A dataclass whose repr is one line: arrays by their shape, what it holds by its name."""

    def __repr__(self) -> str:
        told = [f"{field.name}={_brief(getattr(self, field.name))}" for field in fields(self)]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(told)})"


def _brief(value: Any) -> str:
    if hasattr(value, "dtype") and value.shape:
        return f"<{value.dtype} {'x'.join(map(str, value.shape))}>"
    if isinstance(value, Brief):
        name = getattr(value, "id", None) or getattr(value, "name", "")
        return f"<{type(value).__name__}{name and f' {name}'}>"
    if isinstance(value, (tuple, list)) and any(is_dataclass(item) for item in value):
        named = all(isinstance(item, Brief) for item in value)
        told = map(_brief, value) if named else [f"{len(value)} {type(value[0]).__name__}"]
        return f"({', '.join(told)})"
    if isinstance(value, Mapping) and len(value) > 4:
        return f"{{{len(value)} names}}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
