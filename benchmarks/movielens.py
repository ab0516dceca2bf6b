"""Our rankers beside published libraries on the same splits of real ratings.

    python benchmarks/movielens.py ../shared/data/ratings/movielens-latest-small

Needs ``pip install scikit-surprise cmfrec``, which are benchmark dependencies and nothing else;
one that is not installed is left out and said so. Known films and known users: a fifth of every
user's ratings is held out (seeds 0 to 4). Prints mean and standard deviation over the seeds.
``--keep 0.1`` trains on a tenth of the rest; ``--new-users`` prints the new-user curve instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from best_possible import best_curve

from cinekit.rank.base import Features, UserRatings
from cinekit.rank.completion import CompletionRanker
from cinekit.rank.evaluate import CURVE, METRICS, Protocol, evaluate, hold_out, score_tables
from cinekit.rank.joint import JointRanker
from cinekit.rank.movielens import read_movielens
from cinekit.rank.rankers import (
    ConstantRanker,
    GlobalForestRanker,
    IndividualForestRanker,
    SharedForestRanker,
)
from cinekit.rank.study import simulate_study

Predict = Callable[[Features, np.ndarray, int], np.ndarray]
"""Features, training ratings (N, U) and a seed -> predicted ratings (N, U)."""


def ours(ranker) -> Predict:
    def predict(features: Features, ratings: np.ndarray, seed: int) -> np.ndarray:
        fitted = ranker.fit(features, ratings)
        rows = np.arange(len(features))
        return np.stack([fitted.predict(features, UserRatings(y), rows) for y in ratings.T], 1)

    return predict


def surprise_model(name: str) -> Predict:
    def predict(features: Features, ratings: np.ndarray, seed: int) -> np.ndarray:
        import pandas
        import surprise

        item, user = np.nonzero(~np.isnan(ratings))
        frame = pandas.DataFrame({"user": user, "item": item, "rating": ratings[item, user]})
        data = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5)))
        if name == "SVD":
            model = surprise.SVD(random_state=seed)
        else:
            by_item = {"name": "pearson_baseline", "user_based": False}
            model = surprise.KNNBaseline(sim_options=by_item, verbose=False)
        model.fit(data.build_full_trainset())
        n, m = ratings.shape
        return np.array([[model.predict(j, i).est for j in range(m)] for i in range(n)])

    return predict


def cmf(features: Features, ratings: np.ndarray, seed: int) -> np.ndarray:
    """Collective matrix factorisation with the features as side information of the items."""
    import cmfrec
    import pandas

    item, user = np.nonzero(~np.isnan(ratings))
    frame = pandas.DataFrame({"UserId": user, "ItemId": item, "Rating": ratings[item, user]})
    scaled = np.nan_to_num(features.values - np.nanmean(features.values, 0))
    scaled = scaled / np.maximum(scaled.std(0), 1e-9)
    side = pandas.DataFrame(scaled, columns=list(features.names))
    side["ItemId"] = np.arange(len(side))
    model = cmfrec.CMF(k=40, lambda_=10.0, verbose=False, random_state=seed + 1, nthreads=1)
    model.fit(X=frame, I=side)
    rows, columns = np.indices(ratings.shape)
    predicted = model.predict(columns.ravel(), rows.ravel()).reshape(ratings.shape)
    return np.clip(predicted, 1, 5)


def contestants() -> dict[str, Predict]:
    found: dict[str, Predict] = {
        "constant": ours(ConstantRanker()),
        "global_forest": ours(GlobalForestRanker()),
        "individual_forest": ours(IndividualForestRanker()),
        "S-RF (MC)": ours(SharedForestRanker(user_feature="mc")),
        "S-RF (AEm rbf)": ours(SharedForestRanker()),
        "completion (MC)": ours(CompletionRanker()),
        "completion (AEm linear)": ours(CompletionRanker(method="aem", mapping="linear")),
        "joint linear": ours(JointRanker(mapping="linear")),
        "joint rbf": ours(JointRanker()),
    }
    if importlib.util.find_spec("surprise"):
        found["surprise SVD"] = surprise_model("SVD")
        found["surprise KNNBaseline"] = surprise_model("KNNBaseline")
    else:
        print("scikit-surprise is not installed: left out")
    if importlib.util.find_spec("cmfrec"):
        found["cmfrec CMF"] = cmf
    else:
        print("cmfrec is not installed: left out")
    return found


def read(folder: Path | None, seed: int):
    """Real ratings, the same for every seed, or a simulated study per seed."""
    return read_movielens(folder) if folder else simulate_study(seed)


def new_users(folder: Path | None, seeds: int) -> None:
    """mAP of new users by how many ratings they have given, and the share of the whole gain."""
    rankers = {
        "individual_forest": IndividualForestRanker(),
        "S-RF (AEm rbf)": SharedForestRanker(),
        "completion (MC)": CompletionRanker(),
        "joint linear": JointRanker(mapping="linear"),
        "joint rbf": JointRanker(),
    }
    print(f"{'':<24}" + "".join(f"{k:>7}" for k in CURVE) + "    all  gain at 5   at 10")
    if folder is None:
        show_curve("best possible", [best_curve(seed) for seed in range(seeds)])
    for name, ranker in rankers.items():
        rows = []
        for seed in range(seeds):
            study = read(folder, seed)
            protocol = Protocol(seeds=(seed,))
            found = evaluate({name: ranker}, study.features, study.ratings, protocol)[name]
            rows.append([values[0] for _, values in found.curve] + [found.new_all[0]])
        show_curve(name, rows)


def show_curve(name: str, rows: list[list[float]]) -> None:
    """One line: the mean over the seeds."""
    mean = np.mean(rows, 0)
    cells = "".join(f"{value:>7.3f}" for value in mean)
    gain = (mean - mean[0]) / (mean[-1] - mean[0])
    print(
        f"{name:<24}{cells}{gain[CURVE.index(5)]:>11.1%}{gain[CURVE.index(10)]:>8.1%}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="none: the simulated study")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", help="comma-separated beginnings of names")
    parser.add_argument("--keep", type=float, default=1.0, help="share of the training's ratings")
    parser.add_argument("--new-users", action="store_true", help="the new-user curve instead")
    arguments = parser.parse_args()
    if arguments.new_users:
        new_users(arguments.folder, arguments.seeds)
        return
    chosen = contestants()
    rows: dict[str, list[list[float]]] = {}
    for seed in range(arguments.seeds):
        data = read(arguments.folder, seed)
        if seed == 0:
            known = (~np.isnan(data.ratings)).mean()
            print(
                f"{data.ratings.shape[0]} items, {data.ratings.shape[1]} users, {known:.1%} known"
            )
        test = hold_out(data.ratings, 0.2, np.random.default_rng(seed))
        train = np.where(test, np.nan, data.ratings)
        if arguments.keep < 1:
            train[np.random.default_rng([seed, 8]).random(train.shape) >= arguments.keep] = np.nan
        for name, predict in chosen.items():
            if arguments.only and not name.startswith(tuple(arguments.only.split(","))):
                continue
            began = time.perf_counter()
            table = predict(data.features, train, seed)
            scores = score_tables(table, data.ratings, test, seed)
            seconds = time.perf_counter() - began
            rows.setdefault(name, []).append([scores[metric] for metric in METRICS] + [seconds])
    print(f"{'':<24}" + "".join(f"{metric:>18}" for metric in (*METRICS, "seconds")))
    for name, values in rows.items():
        mean, spread = np.mean(values, 0), np.std(values, 0)
        cells = "".join(f"{m:>10.4f} ±{s:.4f}" for m, s in zip(mean, spread, strict=True))
        print(f"{name:<24}{cells}", flush=True)


if __name__ == "__main__":
    main()
