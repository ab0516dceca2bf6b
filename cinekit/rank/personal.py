"""From results and the ratings store to a personal order: what the commands of the ranking share.

One folder per user of the machine holds the store and the trained model, see
:func:`cinekit.store.paths.home_folder`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinekit import contract
from cinekit.features.table import Table, content_hash, read_features
from cinekit.model import Ranking
from cinekit.protocols import Ranker
from cinekit.rank.archive import load, read_kind, save
from cinekit.rank.base import Features, FittedRanker, UserRatings
from cinekit.rank.store import RatingsStore
from cinekit.store.paths import home_folder
from cinekit.write.summary import read_result


def store_path(chosen: str | Path | None = None) -> Path:
    """The ratings store: the one that was chosen, or that of the user."""
    return Path(chosen) if chosen else home_folder() / "ratings.sqlite"


def model_path(store: Path) -> Path:
    """The trained model lies beside the store it was trained on."""
    return store.with_name(store.stem + "_model.npz")


@dataclass(frozen=True, eq=False)
class Item:
    """A cinemagraph of a result, as the store knows it."""

    candidate: str
    name: str
    verdict: str
    features: Mapping[str, float]
    files: Mapping[str, str]


def read_items(result: Path) -> tuple[Path, list[Item]]:
    """The cinemagraphs of a result that were written: its folder (or result.json) -> items.

    Raises
    ------
    WriteError, RankError
        When the folder holds no result, or one without features.
    """
    folder, document = read_result(result)
    table, clip = read_features(folder), document["clip"]["name"]
    return folder, [
        Item(name, content_hash(clip, name, table[name]), c["verdict"], table[name], c["files"])
        for c in document["candidates"]
        if c["files"] and (name := c["id"]) in table
    ]


def train(name: str, ranker: Ranker, store: Path) -> str:
    """Fit a ranker to everything in the store and keep it; returns a line that says on what."""
    table = RatingsStore(store).table()
    fitted = contract.fit(ranker, table.features, table.ratings)
    kept = _kept(type(fitted))(model=fitted, cinemagraphs=table.cinemagraphs)
    save(kept, name, model_path(store))
    count = int((~np.isnan(table.ratings)).sum())
    n, users = table.ratings.shape
    return f"{name}: trained on {count} ratings of {n} cinemagraphs by {users} users"


def rank(
    clip: str,
    table: Table,
    ranker: Ranker,
    user: str | None,
    store: Path,
    class_of: Callable[[str], type[Ranker]],
) -> tuple[Ranking, tuple[str, ...]]:
    """What is thought of the cinemagraphs of a clip, and notes on what was decided.

    Without a user, the ranker scores them. With one, the model beside the store does; where none
    was trained, the ranker, and a note that says so.

    clip : its name. table : features by candidate, at least one.
    class_of : the ranker of a name, to read the model back.

    Raises
    ------
    RankError
        When model or ranker do not fit these features, or the ranker needs ratings.
    """
    path = model_path(store)
    notes: tuple[str, ...] = ()
    if user is not None:
        if path.exists():
            return _by_model(clip, table, user, store, class_of), ()
        notes = (
            "no trained model: ranked by loop quality, which is not personal; "
            "train one with 'cinekit train ranker=joint'",
        )
    features = _features(table, tuple(next(iter(table.values()))))
    fitted = contract.fit(ranker, features, np.empty((len(table), 0)))
    scores = fitted.predict(features, UserRatings(np.full(len(table), np.nan)))
    return _ranking(name_of(ranker), fitted, user, 0, table, scores), notes


def name_of(ranker: Ranker) -> str:
    """What a ranker is called after its class: GlobalForestRanker is "global_forest"."""
    name = type(ranker).__name__.removesuffix("Ranker")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _by_model(
    clip: str, table: Table, user: str, store: Path, class_of: Callable[[str], type[Ranker]]
) -> Ranking:
    path = model_path(store)
    kind = read_kind(path)
    kept = load(_kept(class_of(kind).fitted), path)
    fitted: FittedRanker = kept.model
    told = RatingsStore(store).ratings_of(user)
    row = {name: i for i, name in enumerate(kept.cinemagraphs)}
    known = np.full(len(row), np.nan)
    more, more_ratings = [], []
    for name, (rating, features) in told.items():
        if name in row:
            known[row[name]] = rating
        elif features:
            more.append([features.get(n, np.nan) for n in fitted.names])
            more_ratings.append(rating)
    ratings = UserRatings(
        known, np.array(more, np.float64) if more else None, np.array(more_ratings, np.float64)
    )
    names = tuple(n for n in fitted.names if n in next(iter(table.values())))
    hashes = (content_hash(clip, candidate, values) for candidate, values in table.items())
    rows = np.array([row.get(one, -1) for one in hashes], np.int64)
    scores = fitted.predict(_features(table, names), ratings, rows)
    return _ranking(kind, fitted, user, ratings.count, table, scores)


def _ranking(
    by: str, fitted: FittedRanker, user: str | None, ratings: int, table: Table, scores: np.ndarray
) -> Ranking:
    told = {name: round(float(score), 4) for name, score in zip(table, scores, strict=True)}
    return Ranking(by, fitted.personal, user, ratings, told)


def _features(table: Table, names: tuple[str, ...]) -> Features:
    rows = [[values[name] for name in names] for values in table.values()]
    return Features(np.array(rows, np.float64).reshape(len(table), len(names)), names)


def _kept(fitted: type[FittedRanker]) -> type[Any]:
    """A model with the names of the cinemagraphs that its rows are, for one file of both."""
    return make_dataclass("Kept", [("model", fitted), ("cinemagraphs", tuple[str, ...])])
