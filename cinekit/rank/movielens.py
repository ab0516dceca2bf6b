"""Real ratings to evaluate on: the dense core of a MovieLens folder (csv or csv.gz).

F. M. Harper, J. A. Konstan: *The MovieLens Datasets*, ACM TiiS 5(4), 2015. Films stand in for
cinemagraphs; their genres are all that the features say.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.base import Array, Features

NO_GENRE = "(no genres listed)"


@dataclass(frozen=True, eq=False)
class RealRatings:
    """features of N films (genre indicators and year); ratings (N, U) in 1 to 5, NaN = not rated.

    titles : of the N films.    users : the U user numbers of the data set.
    """

    features: Features
    ratings: Array
    titles: tuple[str, ...]
    users: tuple[int, ...]


def read_movielens(folder: Path, per_item: int = 40, per_user: int = 40) -> RealRatings:
    """The dense core: films with at least ``per_item`` ratings by, and users with at least
    ``per_user`` ratings of, each other; the largest such set, found by dropping until none has
    to be dropped.

    The half-star scale 0.5 to 5 is mapped linearly to 1 to 5, which keeps every order; 4 stars
    become 4.11 and 3.5 stars 3.67, so that "relevant" means 4 stars and more on either scale.
    """
    rows = [
        (int(row["userId"]), int(row["movieId"]), float(row["rating"]))
        for row in _rows(folder / "ratings.csv", ("userId", "movieId", "rating"))
    ]
    if not rows:
        raise RankError(f"{folder / 'ratings.csv'}: expected ratings, found none")
    users, user = np.unique([row[0] for row in rows], return_inverse=True)
    films, film = np.unique([row[1] for row in rows], return_inverse=True)
    table = np.full((len(films), len(users)), np.nan)
    table[film, user] = [1 + (row[2] - 0.5) * 4 / 4.5 for row in rows]
    keep_film, keep_user = _core(~np.isnan(table), per_item, per_user)
    if not (keep_film.any() and keep_user.any()):
        raise RankError(
            f"{folder}: expected films with {per_item} and users with {per_user} ratings of each "
            "other, found none"
        )
    movies = {
        int(row["movieId"]): row
        for row in _rows(folder / "movies.csv", ("movieId", "title", "genres"))
    }
    chosen = [movies[int(number)] for number in films[keep_film]]
    return RealRatings(
        _features(chosen),
        table[keep_film][:, keep_user],
        tuple(row["title"] for row in chosen),
        tuple(int(number) for number in users[keep_user]),
    )


def _core(
    known: NDArray[np.bool_], per_item: int, per_user: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    items, users = np.ones(known.shape[0], bool), np.ones(known.shape[1], bool)
    while True:
        few_items = items & (known[:, users].sum(1) < per_item)
        few_users = users & (known[items].sum(0) < per_user)
        if not (few_items.any() or few_users.any()):
            return items, users
        items, users = items & ~few_items, users & ~few_users


def _features(movies: list[dict[str, str]]) -> Features:
    genres = [set(row["genres"].split("|")) - {NO_GENRE} for row in movies]
    names = sorted(set().union(*genres))
    values = [[float(name in own) for name in names] + [_year(row["title"])]
              for own, row in zip(genres, movies, strict=True)]  # fmt: skip
    return Features(np.array(values), (*(f"genre_{name.lower()}" for name in names), "year"))


def _year(title: str) -> float:
    """The year in "Heat (1995)", NaN where there is none."""
    digits = title.rstrip().rpartition("(")[2].rstrip(")")
    return float(digits) if digits.isdigit() and len(digits) == 4 else float("nan")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    packed = path.with_name(path.name + ".gz")
    try:
        with (
            path.open(newline="", encoding="utf-8")
            if path.exists() or not packed.exists()
            else gzip.open(packed, "rt", newline="", encoding="utf-8")
        ) as file:
            reader = csv.DictReader(file)
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise RankError(f"{path}: expected the columns {', '.join(columns)}")
            yield from reader
    except (OSError, UnicodeDecodeError) as error:
        raise RankError(f"{path}: cannot read ratings ({error})") from None
