"""Of the site alone: marks in a page that stand for what the code says, so that no page copies it.

``<!-- names of: clip job -->``
    The public names of those modules, for mkdocstrings. They are read from ``__init__.pyi``: a
    build in which a page of names shows one never, or twice, fails.
``<!-- example of: cinekit_solvers -->``
    The module that the docstring of a hook shows; a test runs it through the suite of its kind.
``<!-- source: PATH [NAME] -->``
    A file of the repository, or one class or function of it.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[1]
NAMES = re.compile(r"<!-- names of: ([\w. ]+) -->")
EXAMPLE = re.compile(r"<!-- example of: (\w+) -->")
SOURCE = re.compile(r"<!-- source: (\S+)(?: (\w+))? -->")


def homes(package: str) -> dict[str, str]:
    """Public names, and below the package the first module or folder that each comes from."""
    stub = ROOT / package.replace(".", "/") / "__init__.pyi"
    return {
        alias.asname or alias.name: str(node.module).removeprefix(f"{package}.").partition(".")[0]
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cinekit")
        for alias in node.names
    }


def with_names(markdown: str) -> str:
    """The page with directives for mkdocstrings; ``others`` are modules that no mark names."""
    public, testing = homes("cinekit"), homes("cinekit.testing")
    named = {module for marked in NAMES.findall(markdown) for module in marked.split()}
    shown: Counter[str] = Counter()

    def directives(match: re.Match[str]) -> str:
        modules = match[1].split()
        if modules == ["testing"]:
            return "\n\n".join(f"::: cinekit.testing.{name}" for name in sorted(testing))
        others = set(public.values()) - named if "others" in modules else set()
        chosen = [name for name, home in public.items() if home in {*modules, *others}]
        shown.update(chosen)
        return "\n\n".join(f"::: cinekit.{name}" for name in sorted(chosen, key=str.lower))

    page = NAMES.sub(directives, markdown)
    if wrong := [name for name in public if shown[name] != 1]:
        raise PluginError(f"public names that the page shows never or twice: {', '.join(wrong)}")
    return page


def example(match: re.Match[str]) -> str:
    """The module in the docstring of a hook."""
    node = _definition(ROOT / "cinekit/plug/hooks.py", match[1])
    (code,) = re.findall(r"module::\n\n((?: {4}.*\n|\n)+)", f"{ast.get_docstring(node)}\n")
    return _block(textwrap.dedent(code))


def source(match: re.Match[str]) -> str:
    """A file, or one definition of it with its decorators."""
    path = ROOT / match[1]
    text = path.read_text("utf-8")
    if match[2] is None:
        return _block(text)
    node = _definition(path, match[2])
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return _block("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


def _definition(path: Path, name: str) -> ast.ClassDef | ast.FunctionDef:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    raise PluginError(f"{path.relative_to(ROOT)} has no {name}")


def _block(code: str) -> str:
    return f"```python\n{code.strip()}\n```"


def on_page_markdown(markdown: str, **_others: Any) -> str:
    """Called by mkdocs for every page."""
    markdown = SOURCE.sub(source, EXAMPLE.sub(example, markdown))
    return with_names(markdown) if NAMES.search(markdown) else markdown
