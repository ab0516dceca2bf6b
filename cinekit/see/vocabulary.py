"""Vocabularies: what a network calls things, and what cinekit calls them.

A vocabulary is one data file under ``tables/``, or one of the user's own::

    classes:                      # in the order of the network's output
      - sea: water                # class: category
      - windowpane;window: building   # synonyms, the way ADE20K lists them
      - lava: lava
    categories:                   # only for categories that cinekit does not know
      lava: natural               # static, natural or non_natural

Every class has exactly one row: a class without one is an error, never "background".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray

from cinekit.errors import SegmenterError
from cinekit.model import Category, Motion

BACKGROUND = "background"
"""The one class that every vocabulary has, whether or not its table lists it."""

VOCABULARIES = (
    "ade20k_150",
    "celebamask_19",
    "cityscapes_19",
    "coco_stuff_171",
    "pascal_context_59",
    "pascal_context_60",
    "voc_21",
)
"""The tables that come with cinekit."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The classes of a network and the categories that they fold into.

    name : of the table, for messages.
    classes : n class names, in the order of the network's output.
    category_of : the category's name for every class.
    categories : the C categories in use, in the order of the shared table.
    synonyms : other names of every class.
    """

    name: str
    classes: tuple[str, ...]
    category_of: tuple[str, ...]
    categories: tuple[Category, ...]
    synonyms: tuple[tuple[str, ...], ...]

    @property
    def matrix(self) -> NDArray[np.float32]:
        """float32 (n, C): 1 where class n folds into category C; every row sums to 1."""
        column = {category.name: c for c, category in enumerate(self.categories)}
        out = np.zeros((len(self.classes), len(self.categories)), np.float32)
        for row, name in enumerate(self.category_of):
            out[row, column[name]] = 1
        return out

    def select(self, labels: Sequence[str]) -> Vocabulary:
        """The same table in the order of somebody else's list of labels.

        Labels are matched by name, then by synonym, then by their first word, ignoring case,
        hyphens and underscores; "background" always has a row. Where a word fits several rows
        (ADE20K has two screens), the row after the one matched last is preferred: lists mostly
        keep the table's order.

        Raises
        ------
        SegmenterError
            When a label has no row, or fits rows of different categories.
        """
        rows, missing, last = [], [], -1
        for label in labels:
            row = self._row(label, last)
            if row is None:
                missing.append(label)
            else:
                rows.append((label, row))
                last = row if row >= 0 else last
        if missing:
            raise SegmenterError(
                f"expected every label to have a row in the table {self.name!r}, found none for "
                f"{_listed(missing)}; add rows in a table of your own and pass it as `categories`"
            )
        folds = tuple(BACKGROUND if row < 0 else self.category_of[row] for _, row in rows)
        known = {c.name: c for c in (*all_categories().values(), *self.categories)}
        return Vocabulary(
            name=self.name,
            classes=tuple(label for label, _ in rows),
            category_of=folds,
            categories=_in_use(folds, known),
            synonyms=tuple(() if row < 0 else self.synonyms[row] for _, row in rows),
        )

    def _has(self, label: str) -> bool:
        """Whether a label has a row; one that fits rows of different categories has none."""
        try:
            return self._row(label, -1) is not None
        except SegmenterError:
            return False

    def _row(self, label: str, last: int) -> int | None:
        """Index of the row that a label means; -1 is background; None is no row."""
        word = _plain(label)
        by_name = [i for i, name in enumerate(self.classes) if _plain(name) == word]
        by_synonym = [i for i, s in enumerate(self.synonyms) if word in map(_plain, s)]
        by_first = [i for i, name in enumerate(self.classes) if _plain(name).split()[0] == word]
        if last + 1 in (*by_name, *by_synonym, *by_first):
            return last + 1
        for found in (by_name, by_synonym, by_first):
            if len({self.category_of[i] for i in found}) > 1:
                fits = " and ".join(repr(self.classes[i]) for i in found)
                raise SegmenterError(
                    f"the label {label!r} fits {fits} of the table {self.name!r}, which are of "
                    "different categories; write the full name in the label file"
                )
            if found:
                return found[0]
        return -1 if word == BACKGROUND else None


def load_vocabulary(name: str | Path) -> Vocabulary:
    """A vocabulary by the name of its table ("ade20k_150") or from a yaml file of the user's.

    Raises
    ------
    SegmenterError
        When there is no such table or file, or it is not a complete table.
    """
    return _load(str(name))


@cache
def _load(name: str) -> Vocabulary:
    if name in VOCABULARIES:
        text = _table(f"{name}.yaml")
    else:
        path = Path(name).expanduser()
        if not path.is_file():
            raise SegmenterError(
                f"expected a table of categories, one of {', '.join(VOCABULARIES)} or a yaml file, "
                f"received {name!r}"
            )
        text = path.read_text(encoding="utf-8")
    return parse_vocabulary(text, name)


def parse_vocabulary(text: str, name: str) -> Vocabulary:
    """A vocabulary from the text of a table; see the module's docstring for the format.

    Raises
    ------
    SegmenterError
        One line that names the row that is wrong.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise SegmenterError(f"the table {name!r} is not yaml: {line}") from error
    if not isinstance(data, Mapping) or not isinstance(data.get("classes"), list):
        raise SegmenterError(f"expected the table {name!r} to have a list `classes`")
    known = dict(all_categories())
    known |= {c.name: c for c in _parse_categories(data.get("categories") or {}, name)}

    classes, synonyms, folds = [], [], []
    for row in data["classes"]:
        if not isinstance(row, Mapping) or len(row) != 1:
            raise SegmenterError(
                f"expected rows `- class: category` in the table {name!r}, received {row!r}"
            )
        (names, category) = next(iter(row.items()))
        if category not in known:
            raise SegmenterError(
                f"the table {name!r} folds {names!r} into {category!r}, which is no category; "
                "use a known one or list it under `categories` with its motion"
            )
        first, *others = (part.strip() for part in str(names).split(";"))
        classes.append(first)
        synonyms.append(tuple(others))
        folds.append(str(category))
    if not classes or len(set(classes)) != len(classes):
        doubled = sorted({c for c in classes if classes.count(c) > 1})
        raise SegmenterError(
            f"expected each class once in the table {name!r}, received {_listed(doubled)} more "
            "than once"
            if doubled
            else f"expected at least one class in the table {name!r}, received none"
        )
    return Vocabulary(
        name=Path(name).stem,
        classes=tuple(classes),
        category_of=tuple(folds),
        categories=_in_use(folds, known),
        synonyms=tuple(synonyms),
    )


def find_vocabulary(labels: Sequence[str]) -> Vocabulary:
    """The first table of cinekit's own that has a row for every label, in the labels' order.

    Raises
    ------
    SegmenterError
        When no table has all of them; the message names the closest one and what it lacks.
    """
    closest: tuple[int, str, list[str]] | None = None
    for name in VOCABULARIES:
        table = load_vocabulary(name)
        missing = [label for label in labels if not table._has(label)]
        if not missing:
            return table.select(labels)
        if closest is None or len(missing) < closest[0]:
            closest = len(missing), name, missing
    assert closest is not None
    raise SegmenterError(
        f"no table has a row for every label; the closest, {closest[1]!r}, lacks "
        f"{_listed(closest[2])}; pass a table of your own as `categories`"
    )


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Class names from a text file, one a line; ``INDEX<tab>NAME`` or ``INDEX NAME`` is fine too.

    With indices, the lines may be in any order, and an index 0 that is not listed is background.

    Raises
    ------
    SegmenterError
        When the file is missing or empty, or its indices leave gaps.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise SegmenterError(f"expected a file with one label a line, found no file {str(path)!r}")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise SegmenterError(f"expected one label a line in {str(path)!r}, found none")
    parts = [line.split(maxsplit=1) for line in lines]
    if not all(len(part) == 2 and part[0].rstrip(":,").isdigit() for part in parts):
        return tuple(lines)
    indexed = {int(index.rstrip(":,")): name.strip() for index, name in parts}
    doubled = len(indexed) < len(lines)
    indexed.setdefault(0, BACKGROUND)
    gaps = sorted(set(range(max(indexed) + 1)) - set(indexed))
    if gaps or doubled:
        raise SegmenterError(
            f"expected the indices 0 to {max(indexed)} once each in {str(path)!r}, "
            + (f"{gaps[0]} is missing" if gaps else "some are listed twice")
        )
    return tuple(indexed[i] for i in range(max(indexed) + 1))


@cache
def _groups() -> Mapping[str, tuple[Category, ...]]:
    groups = yaml.safe_load(_table("categories.yaml"))
    return {name: tuple(_parse_categories(group, name)) for name, group in groups.items()}


@cache
def all_categories() -> Mapping[str, Category]:
    """Every category that cinekit knows, by name, in the order of ``tables/categories.yaml``."""
    return {category.name: category for group in _groups().values() for category in group}


def shared_categories() -> tuple[Category, ...]:
    """The 32 categories of [O] 3.1 that scene vocabularies fold into."""
    return _groups()["shared"]


def face_categories() -> tuple[Category, ...]:
    """The parts of a face, for face parsers."""
    return _groups()["face"]


def _parse_categories(rows: Any, name: str) -> list[Category]:
    if not isinstance(rows, Mapping):
        raise SegmenterError(
            f"expected `categories` of {name!r} as `name: motion` rows, received {rows!r}"
        )
    out = []
    for category, motion in rows.items():
        try:
            out.append(Category(str(category), Motion(str(motion))))
        except ValueError:
            raise SegmenterError(
                f"expected the motion of {category!r} in {name!r} to be one of "
                f"{', '.join(Motion)}, received {motion!r}"
            ) from None
    return out


def _in_use(folds: Iterable[str], known: Mapping[str, Category]) -> tuple[Category, ...]:
    """The categories of some classes, in the order in which they are known."""
    used = set(folds)
    return tuple(category for name, category in known.items() if name in used)


def _table(file_name: str) -> str:
    return (resources.files("cinekit.see") / "tables" / file_name).read_text("utf-8")


@cache
def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
