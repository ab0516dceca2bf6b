"""Small helpers for messages of one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``" (did you mean 'motion'?)"``, or nothing when no choice is close."""
    close = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def one_line(error: BaseException | str) -> str:
    """A message without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
