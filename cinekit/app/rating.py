"""The commands of the ranking: ``features``, ``rate``, ``ratings``, ``train`` and ``rank``."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinekit.errors import ConfigError

if TYPE_CHECKING:
    from cinekit.rank.personal import Item

SKIP, QUIT = ("", "s"), "q"


def features(result: Path, output: Path | None) -> int:
    """``cinekit features RESULT``: the features of a result's candidates as a table."""
    from cinekit.features import read_features, write_csv
    from cinekit.features.table import write_parquet

    folder = result.parent if result.name == "result.json" else result
    table = read_features(folder)
    path = output or folder / "features.csv"
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path}: expected a name that ends in .csv or .parquet")
    (write_csv if path.suffix == ".csv" else write_parquet)(table, path)
    print(f"{len(table)} candidates, {len(next(iter(table.values()), {}))} features: {path}")
    if any(values.get("face_known") == 0 for values in table.values()):
        print("faces are unknown: no face parser could run when these were made")
    return 0


def rate(result: Path, user: str, open: bool, ratings: Path | None) -> int:
    """``cinekit rate RESULT user=NAME``: asks for 1 to 5, loop by loop."""
    from cinekit.rank.personal import read_items

    folder, items = read_items(result)
    store = _store(ratings)
    asked = sys.stdin.isatty()

    def one(item: Item) -> str | float:
        if asked and open and (loop := _loop(folder, item)):
            webbrowser.open(loop.resolve().as_uri())
        return _ask(f"{item.candidate} ({item.verdict}), 1 to 5, Enter skips, q ends: ", asked)

    count = 0
    for item in items:
        answer = one(item)
        if answer == QUIT:
            break
        if isinstance(answer, float):
            files = {kind: str((folder / name).resolve()) for kind, name in item.files.items()}
            store.add_cinemagraph(item.name, item.features, files)
            store.rate(user, item.name, answer)
            count += 1
    print(f"{count} of {len(items)} rated by {user}: {store.path}")
    return 0


def _loop(folder: Path, item: Item) -> Path | None:
    for kind, name in item.files.items():
        if kind != "labels" and (folder / name).is_file():
            return folder / name
    return None


def _ask(prompt: str, again: bool) -> str | float:
    """A rating, "" to skip or "q" to end; the end of the input ends."""
    while True:
        try:
            text = input(prompt if again else "").strip().lower()
        except EOFError:
            return QUIT
        if text in SKIP:
            return ""
        if text == QUIT:
            return QUIT
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if 1 <= value <= 5:
            return value
        if not again:
            raise ConfigError(f"rate: expected a number from 1 to 5, received {text!r}")
        print("a number from 1 to 5, please")


def export(file: Path, ratings: Path | None) -> int:
    """``cinekit ratings export FILE``: every rating ever given, as csv."""
    print(f"{_store(ratings).export_csv(file)} ratings written: {file}")
    return 0


def add(file: Path, ratings: Path | None) -> int:
    """``cinekit ratings import FILE``: those of another machine."""
    store = _store(ratings)
    print(f"{store.import_csv(file)} ratings added: {store.path}")
    return 0


def _store(ratings: Path | None) -> Any:
    from cinekit.rank.personal import store_path
    from cinekit.rank.store import RatingsStore

    return RatingsStore(store_path(ratings))


def train(ranker: dict[str, Any], ratings: Path | None) -> int:
    """``cinekit train ranker=joint``: learn from everything in the ratings store."""
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import personal as ranking

    plugins = load_plugins()
    name, built = ranker_of(plugins, ranker)
    path = ranking.store_path(ratings)
    print(ranking.train(name, built, path))
    print(f"model: {ranking.model_path(path)}")
    return 0


def rank(result: Path, user: str | None, ranker: dict[str, Any], ratings: Path | None) -> int:
    """``cinekit rank RESULT user=NAME``: the result's cinemagraphs in this user's order."""
    from cinekit.features import read_features
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import personal as ranking
    from cinekit.write import ranked, read_result, rewrite

    folder, document = read_result(result)
    plugins = load_plugins()
    store = ranking.store_path(ratings)
    _, prior = ranker_of(plugins, {**ranker, "name": ranker["name"] or "prior"})
    _no_other_model(ranker["name"], user, ranking.model_path(store))
    found, notes = ranking.rank(
        document["clip"]["name"],
        read_features(folder),
        prior,
        user,
        store,
        lambda kind: plugins.get("ranker", kind),
    )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(found.heading)
    document = ranked(document, found)
    for one in document["candidates"]:
        if one["id"] in found.scores:
            print(f"{found.scores[one['id']]:4.1f}  {one['id']}  {one['verdict']}")
    rewrite(folder, document)
    return 0


def _no_other_model(asked: str | None, user: str | None, model: Path) -> None:
    """The trained model orders for a user: a ranker that it is not must not be passed over."""
    from cinekit.rank.archive import read_kind

    if asked is not None and user is not None and model.exists():
        kind = read_kind(model)
        if kind != asked:
            raise ConfigError(
                f"ranker={asked}: the trained model is {kind}; "
                f"cinekit train ranker={asked} trains another"
            )


def ranker_of(plugins: Any, values: dict[str, Any]) -> tuple[str, Any]:
    """The ranker that ``ranker=NAME ranker.KEY=VALUE`` asks for, with its option's values."""
    from cinekit.plug.build import build_component
    from cinekit.plug.options import option_values

    option = option_values(plugins, "ranker", str(values["name"]))
    node = {**option, **values, "name": option["name"]}
    return str(node["name"]), build_component(plugins, "ranker", node)
