"""How well rankers predict held-out ratings: the protocol of [O] section 5, as far as it is public.

Three questions, several seeds each:

* **known users**: a share of every user's ratings is held out; the rest is trained on.
* **new users**: a share of the users is held out whole; the rankers learn from the others, are told
  k = 0, 1, 2 ... ratings of a new one, and predict the remaining ones.

* **new cinemagraphs**: a fifth of the cinemagraphs is held out whole, so that nobody has rated
  them: what happens when a user makes new loops. Nothing but features can help there.

Relevant is a rating >= 4. Measures per user, then their mean (:mod:`cinekit.rank.metrics`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import RankError
from cinekit.protocols import Progress, Ranker, silent
from cinekit.rank.base import Array, Features, FittedRanker, UserRatings
from cinekit.rank.metrics import average_precision, kendall_tau, ndcg, rmse
from cinekit.rank.ratings import check_ratings

METRICS = ("mAP", "nDCG@5", "tau", "RMSE")
CURVE = (0, 1, 2, 3, 5, 8, 10, 15, 20)
"""How many ratings of a new user the curve tells the ranker."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How ratings are split.

    held_out : share of every user's ratings that is predicted, in (0, 1).
    new_users : share of the users that is new, in [0, 1); 0 leaves the curve out.
    """

    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    held_out: float = 0.2
    new_users: float = 0.2

    def __post_init__(self) -> None:
        if not (0 < self.held_out < 1 and 0 <= self.new_users < 1 and self.seeds):
            raise RankError(
                "evaluate: expected held_out in (0, 1), new_users in [0, 1) and at least one seed, "
                f"received {self.held_out}, {self.new_users}, {list(self.seeds)}"
            )


@dataclass(frozen=True, eq=False)
class Scores:
    """What one ranker reached.

    known : metric name -> one value per seed.
    curve : (k, mAP per seed) of new users after k ratings.
    new_items : metric name -> one value per seed, on cinemagraphs that nobody had rated.
    new_all : mAP per seed when a new user's whole training share is told: where the curve ends.
    """

    known: Mapping[str, tuple[float, ...]]
    curve: tuple[tuple[int, tuple[float, ...]], ...] = ()
    new_all: tuple[float, ...] = ()
    new_items: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def evaluate(
    rankers: Mapping[str, Ranker],
    features: Features,
    ratings: Array,
    protocol: Protocol | None = None,
    progress: Progress = silent,
) -> dict[str, Scores]:
    """Every ranker on the same splits.

    Raises
    ------
    RankError
        When no user has enough ratings to hold some out.
    """
    protocol = protocol or Protocol()
    ratings = check_ratings(ratings)
    known: dict[str, dict[str, list[float]]] = {n: {m: [] for m in METRICS} for n in rankers}
    fresh: dict[str, dict[str, list[float]]] = {n: {m: [] for m in METRICS} for n in rankers}
    curves: dict[str, list[list[float]]] = {name: [] for name in rankers}
    total = len(protocol.seeds) * len(rankers)
    for i, seed in enumerate(protocol.seeds):
        test = hold_out(ratings, protocol.held_out, np.random.default_rng(seed))
        if not test.any():
            raise RankError("evaluate: expected users with at least 2 ratings, found none")
        new = new_users(ratings.shape[1], protocol.new_users, seed)
        for j, (name, ranker) in enumerate(rankers.items()):
            fitted = contract.fit(ranker, features, np.where(test, np.nan, ratings))
            for metric, value in known_users(fitted, features, ratings, test, seed).items():
                known[name][metric].append(value)
            for metric, value in new_items(ranker, features, ratings, seed).items():
                fresh[name][metric].append(value)
            if len(new):
                old = np.setdiff1d(np.arange(ratings.shape[1]), new)
                fitted = contract.fit(ranker, features, ratings[:, old])
                curves[name].append(curve(fitted, features, ratings[:, new], test[:, new], seed))
            progress((i * len(rankers) + j + 1) / total)
    return {name: _scores(known[name], fresh[name], curves[name]) for name in rankers}


def _scores(
    known: Mapping[str, Sequence[float]],
    fresh: Mapping[str, Sequence[float]],
    curves: Sequence[Sequence[float]],
) -> Scores:
    values = {metric: tuple(per_seed) for metric, per_seed in known.items()}
    new = {metric: tuple(per_seed) for metric, per_seed in fresh.items() if per_seed}
    if not curves:
        return Scores(values, new_items=new)
    columns = list(zip(*curves, strict=True))
    return Scores(values, tuple(zip(CURVE, columns, strict=False)), columns[-1], new)


def new_items(ranker: Ranker, features: Features, ratings: Array, seed: int) -> dict[str, float]:
    """Every metric on a fifth of the cinemagraphs, which the ranker has never seen; {} for < 5."""
    out = np.random.default_rng([seed, 4]).permutation(len(ratings))[: len(ratings) // 5]
    rest = np.setdiff1d(np.arange(len(ratings)), out)
    if not len(out) or np.isnan(ratings[rest]).all() or np.isnan(ratings[out]).all():
        return {}
    fitted = contract.fit(ranker, Features(features.values[rest], features.names), ratings[rest])
    probe = Features(features.values[out], features.names)
    columns = [fitted.predict(probe, UserRatings(told)) for told in ratings[rest].T]
    asked = ~np.isnan(ratings[out])
    return score_tables(np.stack(columns, axis=1), ratings[out], asked, seed)


def hold_out(ratings: Array, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Bool (N, U): ratings to predict, ``share`` of each user's (at least 1 of 2 or more)."""
    test = np.zeros(ratings.shape, bool)
    for j in range(ratings.shape[1]):
        rated = rng.permutation(np.flatnonzero(~np.isnan(ratings[:, j])))
        if len(rated) >= 2:
            test[rated[: max(1, round(share * len(rated)))], j] = True
    return test


def new_users(n_users: int, share: float, seed: int) -> NDArray[np.intp]:
    """Indices of the users that are new, ascending; none when fewer than two would stay."""
    count = round(share * n_users)
    if n_users - count < 2:
        return np.empty(0, np.intp)
    return np.sort(np.random.default_rng([seed, 1]).permutation(n_users)[:count])


def known_users(
    fitted: FittedRanker, features: Features, ratings: Array, test: NDArray[np.bool_], seed: int
) -> dict[str, float]:
    """Every metric on the held-out ratings of users and cinemagraphs of the training."""
    everything = np.arange(len(features))
    columns = [
        fitted.predict(features, UserRatings(known), everything)
        for known in np.where(test, np.nan, ratings).T
    ]
    return score_tables(np.stack(columns, axis=1), ratings, test, seed)


def score_tables(
    predicted: Array, ratings: Array, test: NDArray[np.bool_], seed: int
) -> dict[str, float]:
    """Mean over users of every metric; RMSE over all entries in ``test``. All (N, U)."""
    rng = np.random.default_rng([seed, 2])
    per_user: dict[str, list[float]] = {metric: [] for metric in METRICS[:3]}
    for rows, told, said in zip(test.T, ratings.T, predicted.T, strict=True):
        if rows.any():
            truth, scores = told[rows], said[rows]
            per_user["mAP"].append(average_precision(truth, scores, rng))
            per_user["nDCG@5"].append(ndcg(truth, scores, rng))
            per_user["tau"].append(kendall_tau(truth, scores))
    out = {metric: _mean(values) for metric, values in per_user.items()}
    return {**out, "RMSE": rmse(ratings[test], predicted[test])}


def curve(
    fitted: FittedRanker, features: Features, ratings: Array, test: NDArray[np.bool_], seed: int
) -> list[float]:
    """mAP of new users after each number of ratings in CURVE, then after all their known ones."""
    rng = np.random.default_rng([seed, 3])
    everything = np.arange(len(features))
    per_count: list[list[float]] = [[] for _ in range(len(CURVE) + 1)]
    for j in range(ratings.shape[1]):
        rows = np.flatnonzero(test[:, j])
        told = rng.permutation(np.flatnonzero(~np.isnan(ratings[:, j]) & ~test[:, j]))
        for i, count in enumerate([*CURVE, len(told)]):
            known = np.full(len(ratings), np.nan)
            known[told[:count]] = ratings[told[:count], j]
            scores = fitted.predict(features, UserRatings(known), everything)[rows]
            per_count[i].append(average_precision(ratings[rows, j], scores, rng))
    return [_mean(values) for values in per_count]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
