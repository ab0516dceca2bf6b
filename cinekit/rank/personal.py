"""From results and the ratings store to a personal order: what the commands of the ranking share.

One folder per user of the machine holds the store and the trained model, see
:func:`cinekit.store.paths.home_folder`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinekit import contract
from cinekit.errors import RankError
from cinekit.features.table import content_hash, read_features
from cinekit.plug.registry import Plugins
from cinekit.rank.archive import load, read_kind, save
from cinekit.rank.base import Features, FittedRanker, Ranker, UserRatings
from cinekit.rank.store import RatingsStore
from cinekit.store.paths import home_folder


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


@dataclass(frozen=True)
class Place:
    """One line of a ranking: score is a predicted rating from 1 to 5."""

    candidate: str
    score: float


@dataclass(frozen=True)
class Ranking:
    """Best first. by : the ranker.  personal : whether the scores depend on the user.

    ratings : how many of the user's own it rests on.
    """

    by: str
    personal: bool
    user: str | None
    ratings: int
    places: tuple[Place, ...]

    @property
    def heading(self) -> str:
        """One line that says whose order it is, and nothing that it is not."""
        if not self.personal:
            return f"by {self.by} (the same for everybody, not personal)"
        own = f"{self.ratings} rating{'' if self.ratings == 1 else 's'}"
        return f"for {self.user} by {self.by} ({own} of their own)"


def read_items(result: Path) -> tuple[Path, list[Item]]:
    """The cinemagraphs of a result that were written: its folder (or result.json) -> items.

    Raises
    ------
    RankError
        When the folder holds no result, or one without features.
    """
    folder = result.parent if result.name == "result.json" else result
    path = folder / "result.json"
    try:
        document = json.loads(path.read_text("utf-8"))
        clip = str(document["clip"]["name"])
        candidates = [
            (str(c["id"]), str(c["verdict"]), {str(k): str(v) for k, v in c["files"].items()})
            for c in document["candidates"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RankError(
            f"{path}: expected a result; give the folder that 'cinekit make' wrote"
        ) from None
    return folder, items_of(clip, candidates, read_features(folder))


def items_of(
    clip: str,
    candidates: list[tuple[str, str, dict[str, str]]],
    features: Mapping[str, Mapping[str, float]],
) -> list[Item]:
    """Items of the candidates (id, verdict, files) that were written."""
    return [
        Item(name, content_hash(clip, name, features[name]), verdict, features[name], files)
        for name, verdict, files in candidates
        if files and name in features
    ]


def train(plugins: Plugins, name: str, ranker: Ranker, store: Path) -> str:
    """Fit a ranker to everything in the store and keep it; returns a line that says on what."""
    table = RatingsStore(store).table()
    fitted = contract.fit(ranker, table.features, table.ratings)
    kept = _kept(type(fitted))(model=fitted, cinemagraphs=table.cinemagraphs)
    save(kept, name, model_path(store))
    count = int((~np.isnan(table.ratings)).sum())
    n, users = table.ratings.shape
    return f"{name}: trained on {count} ratings of {n} cinemagraphs by {users} users"


def rank(
    items: list[Item],
    plugins: Plugins,
    prior: tuple[str, Ranker],
    user: str | None = None,
    store: Path | None = None,
) -> tuple[Ranking, tuple[str, ...]]:
    """Order items for a user, and notes on what was decided.

    Without a user, ``prior`` (name, ranker) orders them by their quality. With one, the model
    beside the store does; where none was trained, the prior, and a note that says so.

    Raises
    ------
    RankError
        When the model does not fit these features, or there is nothing to rank.
    """
    if not items:
        raise RankError("rank: no cinemagraph was written, so there is nothing to rank")
    path = model_path(store or store_path())
    if user is not None and path.exists():
        return _rank_by_model(items, plugins, path, user, store or store_path()), ()
    notes: tuple[str, ...] = ()
    if user is not None:
        notes = (
            "no trained model: ranked by loop quality, which is not personal; "
            "train one with 'cinekit train ranker=joint'",
        )
    name, ranker = prior
    features = _table(items, tuple(items[0].features))
    nothing = np.full(len(items), np.nan)
    fitted = contract.fit(ranker, features, np.empty((len(items), 0)))
    scores = fitted.predict(features, UserRatings(nothing))
    return _ranking(items, scores, name, fitted, user, 0), notes


def _rank_by_model(
    items: list[Item], plugins: Plugins, path: Path, user: str, store: Path
) -> Ranking:
    kind = read_kind(path)
    kept = load(_kept(plugins.get("ranker", kind).fitted), path)
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
    names = tuple(n for n in fitted.names if n in items[0].features)
    rows = np.array([row.get(item.name, -1) for item in items], np.int64)
    scores = fitted.predict(_table(items, names), ratings, rows)
    return _ranking(items, scores, kind, fitted, user, ratings.count)


def _ranking(
    items: list[Item],
    scores: np.ndarray,
    name: str,
    fitted: FittedRanker,
    user: str | None,
    ratings: int,
) -> Ranking:
    # Equal scores: the order in which they came, best loop first.
    order = np.argsort(-scores, kind="stable")
    places = tuple(Place(items[i].candidate, float(scores[i])) for i in order)
    return Ranking(name, fitted.personal, user, ratings, places)


def _table(items: list[Item], names: tuple[str, ...]) -> Features:
    rows = [[item.features[name] for name in names] for item in items]
    return Features(np.array(rows, np.float64).reshape(len(items), len(names)), names)


def _kept(fitted: type[FittedRanker]) -> type[Any]:
    """A model with the names of the cinemagraphs that its rows are, for one file of both."""
    return make_dataclass("Kept", [("model", fitted), ("cinemagraphs", tuple[str, ...])])


def write_ranking(ranking: Ranking, folder: Path) -> None:
    """Put a result's json and page in this order, and say whose it is.

    Raises
    ------
    WriteError
        When the folder is not writable.
    """
    from cinekit.write import reorder_result

    document = {
        "by": ranking.by,
        "personal": ranking.personal,
        "user": ranking.user,
        "ratings": ranking.ratings,
        "scores": {place.candidate: round(place.score, 4) for place in ranking.places},
    }
    ids = [place.candidate for place in ranking.places]
    reorder_result(folder, ids, document, f"Order: {ranking.heading}.")
