"""The ratings store: one SQLite file that never loses a rating.

Ratings are appended, never overwritten: a second rating of the same cinemagraph by the same user
takes effect, the first stays in the history. Write-ahead log with full synchronisation, so that
what was committed survives a killed process; writers wait for each other.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.base import Features
from cinekit.rank.ratings import HIGHEST, LOWEST
from cinekit.store.atomic import whole_file

SCHEMA = 1
WAIT_SECONDS = 30.0
CSV_COLUMNS = ("user", "cinemagraph", "rating", "time")

_TABLES = """
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cinemagraphs (
    hash TEXT PRIMARY KEY, features TEXT NOT NULL, files TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ratings (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users(name),
    cinemagraph TEXT NOT NULL REFERENCES cinemagraphs(hash),
    rating REAL NOT NULL CHECK (rating BETWEEN 1 AND 5),
    time REAL NOT NULL);
CREATE INDEX IF NOT EXISTS ratings_of ON ratings (user, cinemagraph, id);
"""

_LATEST = """
SELECT user, cinemagraph, rating, time FROM ratings
WHERE id IN (SELECT MAX(id) FROM ratings GROUP BY user, cinemagraph) ORDER BY id
"""


@dataclass(frozen=True, eq=False)
class Table:
    """Everything in the store, as the rankers want it.

    features : of N cinemagraphs, columns sorted by name; a feature that one lacks is NaN.
    ratings : float64 (N, U), the latest rating of each pair, NaN = not rated.
    cinemagraphs, users : the names of rows and columns.
    """

    features: Features
    ratings: NDArray[np.float64]
    cinemagraphs: tuple[str, ...]
    users: tuple[str, ...]


class RatingsStore:
    """Open (and create) a store; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as db:
                db.execute("PRAGMA journal_mode = WAL")
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, SCHEMA):
                    raise RankError(
                        f"{path}: expected a ratings store of version {SCHEMA}, received {version};"
                        " it was written by another version of cinekit"
                    )
                db.executescript(_TABLES)
                db.execute(f"PRAGMA user_version = {SCHEMA}")
        except OSError as error:
            raise RankError(f"{path}: cannot make the ratings store ({error.strerror})") from None

    def add_cinemagraph(
        self, content_hash: str, features: Mapping[str, float], files: Mapping[str, str]
    ) -> None:
        """Remember a cinemagraph; adding it again replaces its features and files."""
        known = {name: value for name, value in features.items() if np.isfinite(value)}
        with self._open() as db:
            db.execute(
                "INSERT INTO cinemagraphs VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE "
                "SET features = excluded.features, files = excluded.files",
                (content_hash, json.dumps(known), json.dumps(dict(files))),
            )

    def rate(self, user: str, content_hash: str, rating: float, at: float | None = None) -> None:
        """Append a rating from 1 to 5; on return it is on disk."""
        if not user:
            raise RankError("rate: expected the name of a user, received an empty one")
        if not LOWEST <= rating <= HIGHEST:
            raise RankError(f"rate: expected {LOWEST:g} to {HIGHEST:g}, received {rating:g}")
        with self._open() as db:
            known = db.execute("SELECT 1 FROM cinemagraphs WHERE hash = ?", (content_hash,))
            if known.fetchone() is None:
                raise RankError(f"rate: no cinemagraph {content_hash} in {self.path}; add it first")
            db.execute("INSERT OR IGNORE INTO users VALUES (?)", (user,))
            db.execute(
                "INSERT INTO ratings (user, cinemagraph, rating, time) VALUES (?, ?, ?, ?)",
                (user, content_hash, float(rating), time.time() if at is None else at),
            )

    def table(self) -> Table:
        """The features and the latest ratings of everything."""
        with self._open() as db:
            rows = db.execute("SELECT hash, features FROM cinemagraphs ORDER BY hash").fetchall()
            users = tuple(n for (n,) in db.execute("SELECT name FROM users ORDER BY name"))
            latest = db.execute(_LATEST).fetchall()
        known = [json.loads(features) for _, features in rows]
        names = tuple(sorted({name for features in known for name in features}))
        values = np.array(
            [[features.get(name, np.nan) for name in names] for features in known], np.float64
        ).reshape(len(rows), len(names))
        items = tuple(content_hash for content_hash, _ in rows)
        ratings = np.full((len(items), len(users)), np.nan)
        row, column = {h: i for i, h in enumerate(items)}, {u: j for j, u in enumerate(users)}
        for user, item, rating, _ in latest:
            ratings[row[item], column[user]] = rating
        return Table(Features(values, names), ratings, items, users)

    def ratings_of(self, user: str) -> dict[str, tuple[float, dict[str, float]]]:
        """A user's latest ratings: cinemagraph -> (rating, its features); {} for a stranger."""
        with self._open() as db:
            rows = db.execute(
                "SELECT cinemagraph, rating, features FROM ratings JOIN cinemagraphs "
                "ON hash = cinemagraph WHERE user = ? ORDER BY id",
                (user,),
            ).fetchall()
        return {item: (rating, json.loads(features)) for item, rating, features in rows}

    def export_csv(self, path: Path) -> int:
        """Write every rating ever given, oldest first; returns how many."""
        with self._open() as db:
            rows = db.execute(
                "SELECT user, cinemagraph, rating, time FROM ratings ORDER BY id"
            ).fetchall()
        with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
            writer = csv.writer(f)
            writer.writerow(CSV_COLUMNS)
            writer.writerows((user, item, repr(r), repr(at)) for user, item, r, at in rows)
        return len(rows)

    def import_csv(self, path: Path) -> int:
        """Add ratings from a csv of :meth:`export_csv`; all or nothing. Returns how many were new.

        A rating that is already there (same user, cinemagraph, rating and time) is left out.
        Cinemagraphs that the store does not know are added without features.
        """
        rows = [_parse(path, number, row) for number, row in _csv_rows(path)]
        added = 0
        with self._open() as db:
            for user, item, rating, at in rows:
                db.execute("INSERT OR IGNORE INTO users VALUES (?)", (user,))
                db.execute("INSERT OR IGNORE INTO cinemagraphs VALUES (?, '{}', '{}')", (item,))
                added += db.execute(
                    "INSERT INTO ratings (user, cinemagraph, rating, time) SELECT ?, ?, ?, ? "
                    "WHERE NOT EXISTS (SELECT 1 FROM ratings WHERE user = ? AND cinemagraph = ? "
                    "AND rating = ? AND time = ?)",
                    (user, item, rating, at) * 2,
                ).rowcount
        return added

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose transaction is committed on success and rolled back otherwise."""
        db = None
        try:
            db = sqlite3.connect(self.path, timeout=WAIT_SECONDS)
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")
            with db:
                yield db
        except sqlite3.Error as error:
            raise RankError(f"{self.path}: not a usable ratings store ({error})") from None
        finally:
            if db is not None:
                db.close()


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != CSV_COLUMNS:
                raise RankError(
                    f"{path}: expected the columns {','.join(CSV_COLUMNS)}, received "
                    f"{','.join(reader.fieldnames or ()) or 'none'}"
                )
            yield from enumerate(reader, start=2)
    except (OSError, UnicodeDecodeError) as error:
        raise RankError(f"{path}: cannot read ratings ({error})") from None


def _parse(path: Path, number: int, row: dict[str, str]) -> tuple[str, str, float, float]:
    try:
        rating, at = float(row["rating"]), float(row["time"])
    except (TypeError, ValueError):
        raise RankError(
            f"{path}, line {number}: expected numbers as rating and time, received "
            f"{row.get('rating')!r} and {row.get('time')!r}"
        ) from None
    if not (row["user"] and row["cinemagraph"] and LOWEST <= rating <= HIGHEST):
        raise RankError(
            f"{path}, line {number}: expected a user, a cinemagraph and a rating from 1 to 5, "
            f"received {row['user']!r}, {row['cinemagraph']!r}, {rating:g}"
        )
    return row["user"], row["cinemagraph"], rating, at
