"""Of the site alone: ``<!-- names of: clip job -->`` becomes the public names of those modules.

They are read from ``cinekit/__init__.pyi``, so that a public name cannot be left out: a build in
which one is shown never, or twice, fails.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"<!-- names of: ([\w. ]+) -->")


def homes(package: str = "cinekit") -> dict[str, str]:
    """Public names, and below the package the first module or folder that each comes from."""
    stub = ROOT / package.replace(".", "/") / "__init__.pyi"
    return {
        alias.asname or alias.name: str(node.module).removeprefix(f"{package}.").partition(".")[0]
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(package)
        for alias in node.names
    }


def fill(markdown: str) -> str:
    """The page with directives for mkdocstrings in place of its marks."""
    public, testing = homes(), homes("cinekit.testing")
    marks = [mark.split() for mark in MARK.findall(markdown)]
    named = {module for modules in marks for module in modules}
    shown: Counter[str] = Counter()

    def directives(match: re.Match[str]) -> str:
        modules = match[1].split()
        if modules == ["testing"]:
            return "\n\n".join(f"::: cinekit.testing.{name}" for name in sorted(testing))
        chosen = [name for name, home in public.items() if home in modules]
        if "others" in modules:
            chosen += [name for name, home in public.items() if home not in named]
        shown.update(chosen)
        return "\n\n".join(f"::: cinekit.{name}" for name in sorted(chosen, key=str.lower))

    page = MARK.sub(directives, markdown)
    if wrong := [name for name in public if shown[name] != 1]:
        raise PluginError(f"public names that the page shows never or twice: {', '.join(wrong)}")
    return page


def on_page_markdown(markdown: str, **_others: Any) -> str:
    """Called by mkdocs for every page."""
    return fill(markdown) if MARK.search(markdown) else markdown
