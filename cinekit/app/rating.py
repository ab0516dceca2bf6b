"""The commands of the ranking: ``features``, ``rate``, ``ratings``, ``train`` and ``rank``."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import yaml  # type: ignore[import-untyped]

from cinekit.errors import ConfigError
from cinekit.text import did_you_mean

if TYPE_CHECKING:
    from cinekit.rank.personal import Item

SKIP, QUIT = ("", "s"), "q"


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors of one line."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise ConfigError(f"{self.prog}: {message}; see {self.prog} --help")


def features(rest: list[str]) -> int:
    """``cinekit features RESULT``: the features of a result's candidates as a table."""
    from cinekit.features import read_features, write_csv
    from cinekit.features.table import write_parquet

    parser = Parser("cinekit features", description=features.__doc__)
    parser.add_argument("result", type=Path, help="folder that 'cinekit make' wrote")
    parser.add_argument("--output", type=Path, help="table to write: .csv or .parquet")
    given = parser.parse_args(rest)
    folder = given.result.parent if given.result.name == "result.json" else given.result
    table = read_features(folder)
    path = given.output or folder / "features.csv"
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path}: expected a name that ends in .csv or .parquet")
    (write_csv if path.suffix == ".csv" else write_parquet)(table, path)
    print(f"{len(table)} candidates, {len(next(iter(table.values()), {}))} features: {path}")
    if any(values.get("face_known") == 0 for values in table.values()):
        print("faces are unknown: no face parser could run when these were made")
    return 0


def rate(rest: list[str]) -> int:
    """``cinekit rate RESULT --user NAME``: asks for 1 to 5, loop by loop."""
    from cinekit.rank.personal import read_items, store_path
    from cinekit.rank.store import RatingsStore

    parser = Parser("cinekit rate", description=rate.__doc__)
    parser.add_argument("result", type=Path, help="folder that 'cinekit make' wrote")
    parser.add_argument("--user", required=True, help="whose ratings these are")
    parser.add_argument("--ratings", type=Path, help="the ratings store")
    parser.add_argument("--no-open", action="store_true", help="do not open the loops")
    given = parser.parse_args(rest)
    folder, items = read_items(given.result)
    store = RatingsStore(store_path(given.ratings))
    asked = sys.stdin.isatty()

    def one(item: Item) -> str | float:
        if asked and not given.no_open and (loop := _loop(folder, item)):
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
            store.rate(given.user, item.name, answer)
            count += 1
    print(f"{count} of {len(items)} rated by {given.user}: {store.path}")
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


def ratings(rest: list[str]) -> int:
    """``cinekit ratings export FILE`` and ``import FILE``: every rating ever given, as csv."""
    from cinekit.rank.personal import store_path
    from cinekit.rank.store import RatingsStore

    parser = Parser("cinekit ratings", description=ratings.__doc__)
    parser.add_argument("action", choices=("export", "import"))
    parser.add_argument("file", type=Path, help="columns user, cinemagraph, rating, time")
    parser.add_argument("--ratings", type=Path, help="the ratings store")
    given = parser.parse_args(rest)
    store = RatingsStore(store_path(given.ratings))
    if given.action == "export":
        print(f"{store.export_csv(given.file)} ratings written: {given.file}")
    else:
        print(f"{store.import_csv(given.file)} ratings added: {store.path}")
    return 0


def train(rest: list[str]) -> int:
    """``cinekit train ranker=joint``: learn from everything in the ratings store."""
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import personal as ranking

    given = assignments("train", rest, ("ranker", "ratings"))
    plugins = load_plugins()
    name, ranker = ranker_of(plugins, given, "joint")
    path = ranking.store_path(given.get("ratings"))
    print(ranking.train(plugins, name, ranker, path))
    print(f"model: {ranking.model_path(path)}")
    return 0


def rank(rest: list[str]) -> int:
    """``cinekit rank RESULT --user NAME``: the result's cinemagraphs in this user's order."""
    from cinekit.plug.registry import load_plugins
    from cinekit.rank import personal as ranking

    parser = Parser("cinekit rank", description=rank.__doc__)
    parser.add_argument("result", type=Path, help="folder that 'cinekit make' wrote")
    parser.add_argument("--user", help="whose order; nobody's: by loop quality")
    parser.add_argument("--ratings", type=Path, help="the ratings store")
    given = parser.parse_args(rest)
    folder, items = ranking.read_items(given.result)
    plugins = load_plugins()
    prior = ranker_of(plugins, {}, "prior")
    found, notes = ranking.rank(
        items, plugins, prior, given.user, ranking.store_path(given.ratings)
    )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(found.heading)
    for place in found.places:
        print(f"{place.score:4.1f}  {place.candidate}")
    ranking.write_ranking(found, folder)
    return 0


def assignments(command: str, rest: list[str], known: tuple[str, ...]) -> dict[str, Any]:
    """``key=value`` arguments; the values are yaml, as on the command line of ``make``."""
    given: dict[str, Any] = {}
    for argument in rest:
        key, found, value = argument.partition("=")
        if not found:
            raise ConfigError(f"cinekit {command}: expected NAME=VALUE, received '{argument}'")
        if key not in known and key.partition(".")[0] not in known:
            raise ConfigError(
                f"cinekit {command}: unknown option '{key}'{did_you_mean(key, known)}; "
                f"options: {', '.join(known)}"
            )
        try:
            given[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"cinekit {command}: {key}: cannot read '{value}'") from None
    return given


def ranker_of(plugins: Any, given: dict[str, Any], default: str) -> tuple[str, Any]:
    """The ranker that ``ranker=NAME ranker.KEY=VALUE`` asks for, with its option's values."""
    from cinekit.plug.build import build_component
    from cinekit.plug.options import option_values

    node = option_values(plugins, "ranker", str(given.get("ranker", default)))
    prefix = "ranker."
    node.update({k[len(prefix) :]: v for k, v in given.items() if k.startswith(prefix)})
    return str(node["name"]), build_component(plugins, "ranker", node)
