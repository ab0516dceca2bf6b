"""``cinekit evaluate``: how well rankers predict ratings that they were not told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cinekit import contract
from cinekit.app.console import open_reporter
from cinekit.app.rating import ranker_of
from cinekit.errors import ConfigError, WriteError
from cinekit.store.atomic import write_text

RANKERS = ("constant", "global_forest", "individual_forest", "srf", "completion", "joint")


def evaluate(
    ranker: dict[str, Any], data: str, seeds: int, output: Path, ratings: Path | None
) -> int:
    """Print the table and write page and json."""
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import report
    from cinekit.rank.evaluate import Protocol
    from cinekit.rank.evaluate import evaluate as run

    if seeds < 1:
        raise ConfigError(f"seeds: expected a number of at least 1, received {seeds}")
    rankers = dict(_rankers(load_plugins(), ranker))
    features, table, about = _data(data, ratings)
    with open_reporter() as reporter, reporter.stage("evaluate") as progress:
        scores = run(rankers, features, table, Protocol(seeds=tuple(range(seeds))), progress)
        pictures = {
            name: report.picture(contract.fit(one, features, table), features, table)
            for name, one in rankers.items()
        }
    page = report.as_html(scores, pictures, table, about)
    _write(output / "evaluation.html", page)
    _write(output / "evaluation.json", report.as_json(scores, {"data": about, "seeds": seeds}))
    print(f"{about}\n{report.table(scores)}\nresults: {output / 'evaluation.html'}")
    return 0


def _rankers(plugins: Any, asked: dict[str, Any]) -> list[tuple[str, Any]]:
    names = asked["name"] or RANKERS
    names = list(names) if isinstance(names, (list, tuple)) else [names]
    options = [key for key in asked if key != "name"]
    if options and len(names) != 1:
        raise ConfigError(f"ranker.{options[0]}: expected one ranker, received {len(names)}")
    return [(str(name), ranker_of(plugins, {**asked, "name": name})[1]) for name in names]


def _data(data: str, ratings: Path | None) -> tuple[Any, Any, str]:
    if data == "simulated":
        from cinekit.rank.study import simulate_study

        study = simulate_study()
        return study.features, study.ratings, "Simulated study: no person rated anything here."
    if data == "store":
        from cinekit.rank.personal import store_path
        from cinekit.rank.store import RatingsStore

        path = store_path(ratings)
        table = RatingsStore(path).table()
        n, users = table.ratings.shape
        return table.features, table.ratings, f"{n} cinemagraphs and {users} users of {path.name}."
    from cinekit.rank.movielens import read_movielens

    real = read_movielens(Path(data))
    n, users = real.ratings.shape
    return real.features, real.ratings, f"MovieLens, dense core: {n} films and {users} users."


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{path}: cannot write ({error.strerror})") from None
    write_text(path, text)
