"""Of the site alone: our docstrings as Markdown.

They name parameters and fields as ``name : shape, unit, range`` with indented lines below, and that
is read as an item of a list, in a section or in plain text.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:\w+:)?\w+:`~?(?:[\w.]*\.)?(\w+)`")
FIELD = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) :(?: (.*))?")
NEXT_FIELD = re.compile(r"(?<=[.;]) (?=\w+(?:, \w+)* : )")
LISTED = {"Parameters", "Returns", "Raises", "Yields", "Attributes"}


def markdown(text: str) -> str:
    """Sections become bold words, fields become lists, roles of Sphinx become code."""
    text = re.sub(r"(?m)(\S)::$", r"\1:", ROLE.sub(r"`\1`", text))
    lines = [part for line in text.splitlines() for part in NEXT_FIELD.split(line)]
    out: list[str] = []
    section, listed = "", False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if re.fullmatch("-{3,}", below.strip()) and line.strip():
            section, listed = line.strip(), False
            out += ["", f"**{section}**", ""]
        elif re.fullmatch("-{3,}", line.strip()):
            continue
        elif match := FIELD.fullmatch(line):
            out += [*([] if listed else [""]), f"- `{match[1]}`: {match[2] or ''}".rstrip()]
            listed = True
        elif section in LISTED and below.startswith(" ") and line and not line.startswith(" "):
            out += [*([] if listed else [""]), f"- `{line}`:"]
            listed = True
        elif listed and (line.startswith(" ") or not line):
            out.append(f"    {line.strip()}" if line else "")
        else:
            out += ["", line] if listed else [line]
            listed = False
    return "\n".join(out)


class Docstrings(griffe.Extension):
    """Found by mkdocstrings through mkdocs.yml."""

    def on_instance(self, *, obj: griffe.Object, **_others: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)
