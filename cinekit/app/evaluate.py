"""``cinekit evaluate``: how well rankers predict ratings that they were not told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cinekit import contract
from cinekit.app.console import open_reporter
from cinekit.app.rating import assignments, ranker_of
from cinekit.errors import ConfigError, WriteError
from cinekit.store.atomic import write_text

OPTIONS = ("ranker", "data", "seeds", "output", "ratings")
RANKERS = ("constant", "global_forest", "individual_forest", "srf", "completion", "joint")
HELP = """\
cinekit evaluate [ranker=[joint,srf]] [data=simulated] [seeds=5] [output=evaluation]

  ranker   options of the group ranker; several in brackets
  data     simulated (a study like the published one, and only like it), store (your own ratings),
           or the folder of a MovieLens data set
  seeds    how many random splits
  output   folder of evaluation.html and evaluation.json
"""


def evaluate(rest: list[str]) -> int:
    """Print the table and write page and json."""
    if set(rest) & {"--help", "-h"}:
        print(HELP, end="")
        return 0
    given = assignments("evaluate", rest, OPTIONS)
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import report
    from cinekit.rank.evaluate import Protocol
    from cinekit.rank.evaluate import evaluate as run

    seeds = given.get("seeds", 5)
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 1:
        raise ConfigError(f"seeds: expected a number of at least 1, received {seeds!r}")
    plugins = load_plugins()
    rankers = dict(_rankers(plugins, given))
    features, ratings, about = _data(given)
    with open_reporter() as reporter, reporter.stage("evaluate") as progress:
        scores = run(rankers, features, ratings, Protocol(seeds=tuple(range(seeds))), progress)
        pictures = {
            name: report.picture(contract.fit(ranker, features, ratings), features, ratings)
            for name, ranker in rankers.items()
        }
    folder = Path(str(given.get("output", "evaluation")))
    page = report.as_html(scores, pictures, ratings, about)
    _write(folder / "evaluation.html", page)
    _write(folder / "evaluation.json", report.as_json(scores, {"data": about, "seeds": seeds}))
    print(f"{about}\n{report.table(scores)}\nresults: {folder / 'evaluation.html'}")
    return 0


def _rankers(plugins: Any, given: dict[str, Any]) -> list[tuple[str, Any]]:
    names = given.get("ranker", list(RANKERS))
    names = [str(name) for name in names] if isinstance(names, list) else [str(names)]
    options = {key: value for key, value in given.items() if key.startswith("ranker.")}
    if options and len(names) != 1:
        raise ConfigError(f"{next(iter(options))}: expected one ranker, received {len(names)}")
    return [(name, ranker_of(plugins, {**options, "ranker": name}, name)[1]) for name in names]


def _data(given: dict[str, Any]) -> tuple[Any, Any, str]:
    data = str(given.get("data", "simulated"))
    if data == "simulated":
        from cinekit.rank.study import simulate_study

        study = simulate_study()
        return study.features, study.ratings, "Simulated study: no person rated anything here."
    if data == "store":
        from cinekit.rank.personal import store_path
        from cinekit.rank.store import RatingsStore

        path = store_path(given.get("ratings"))
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
