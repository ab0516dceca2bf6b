"""Of the site alone: what docstrings mark up for Sphinx, as Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:\w+:)?\w+:`~?(?:[\w.]*\.)?(\w+)`")


def markdown(text: str) -> str:
    """``:class:`cinekit.Clip``` becomes code, and ``::`` before a block becomes a colon."""
    return re.sub(r"(?m)(\S)::$", r"\1:", ROLE.sub(r"`\1`", text))


class Docstrings(griffe.Extension):
    """Found by mkdocstrings through mkdocs.yml."""

    def on_instance(self, *, obj: griffe.Object, **_others: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)
