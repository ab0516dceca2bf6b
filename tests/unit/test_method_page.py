"""docs/method.md names what runs every equation, and the code cites it by the same number."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import cinekit

PACKAGE = Path(cinekit.__file__).parent
PAGE = PACKAGE.parent / "docs" / "method.md"
EQUATIONS = range(1, 11)
CITED = re.compile(r"Eq\. (\d+(?:(?:, | and | to |-)\d+)*)")


def numbers(text: str) -> set[int]:
    """Numbers of [O]'s equations that a text cites; ranges are written "1-7" or "8 to 10"."""
    found: set[int] = set()
    for match in CITED.finditer(text):
        if "He 2013" in text[max(0, match.start() - 12) : match.start()]:
            continue
        for part in re.split(r", | and ", match[1]):
            first, *last = re.split(r" to |-", part)
            found |= set(range(int(first), int((last or [first])[0]) + 1))
    return found


def page() -> dict[int, tuple[list[str], list[str]]]:
    """By equation, the names that run it and those that name it."""
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    out = {}
    for section in sections:
        head = re.match(r"Eq\. (\d+):", section)
        if head:
            rows = {row[2:9]: row for row in section.splitlines() if row.startswith("- ")}
            names = [re.findall(r"`(cinekit[\w.]+)`", rows[key]) for key in ("Run by:", "Named b")]
            out[int(head[1])] = (names[0], names[1])
    return out


def load(name: str) -> tuple[Any, Any]:
    """What a dotted name stands for, and its module."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        thing: Any = module
        for part in parts[n:]:
            thing = getattr(thing, part)
        return thing, module
    raise AssertionError(name)


def citations() -> list[tuple[str, int]]:
    """Every (dotted name of the innermost function, class or module, equation) in the core."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        module = ".".join(("cinekit", *path.relative_to(PACKAGE).with_suffix("").parts))
        scopes: list[tuple[int, int, str]] = []

        def walk(node: ast.AST, name: str, scopes: list[tuple[int, int, str]] = scopes) -> None:
            for child in ast.iter_child_nodes(node):
                inner = name
                if isinstance(child, ast.FunctionDef | ast.ClassDef):
                    inner = f"{name}.{child.name}"
                    scopes.append((child.lineno, child.end_lineno or child.lineno, inner))
                walk(child, inner)

        walk(ast.parse(text), module)
        lines = text.splitlines()
        for k, line in enumerate(lines, start=1):
            inside = [scope for scope in scopes if scope[0] <= k <= scope[1]]
            name = max(inside)[2] if inside else module
            found += [(name, n) for n in sorted(numbers(line))]
    return found


def test_the_page_has_every_equation() -> None:
    assert sorted(page()) == list(EQUATIONS)
    assert all(runs for runs, _ in page().values())


@pytest.mark.parametrize("equation", EQUATIONS)
def test_what_runs_an_equation_exists_and_cites_it(equation: int) -> None:
    runs, named = page()[equation]
    for name in runs + named:
        thing, module = load(name)
        text = f"{thing.__doc__} {module.__doc__}"
        if name in named:
            text = Path(module.__file__).read_text("utf-8")
        assert equation in numbers(text), f"{name} does not cite [O] Eq. {equation}"


@pytest.mark.parametrize("equation", EQUATIONS)
def test_what_runs_an_equation_is_a_function_or_a_class(equation: int) -> None:
    for name in page()[equation][0]:
        assert callable(load(name)[0]), name


def test_every_citation_is_of_something_that_the_page_names() -> None:
    known = {n: [*runs, *named] for n, (runs, named) in page().items()}
    wrong = [
        (name, n)
        for name, n in citations()
        if not any(name == one or name.startswith(f"{one}.") for one in known.get(n, []))
    ]
    assert not wrong, "cite another number, or name it on docs/method.md"


def test_other_names_on_the_page_exist() -> None:
    for name in set(re.findall(r"`(cinekit[\w.]+)`", PAGE.read_text("utf-8"))):
        load(name)


def test_numbers_are_read_as_they_are_written() -> None:
    assert numbers("[O] Eq. 2, 4)") == {2, 4}
    assert numbers("([O] Eq. 1-7) and Eq. 8 to 10") == set(EQUATIONS)
    assert numbers("Eq. 2 and 3.") == {2, 3}
    assert numbers("[He 2013] Eq. 14 to 16") == set()
