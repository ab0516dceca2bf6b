"""rate, train, rank and features: from a result's folder to a personal order."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from cinekit.app import main
from cinekit.features import NAMES, write_features
from cinekit.rank.personal import model_path, read_items, store_path
from cinekit.rank.store import RatingsStore
from cinekit.store.paths import home_folder
from cinekit.write import SCHEMA

CANDIDATES = {"water": 0.2, "tree": 0.02, "person": 0.4}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CINEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make_result(folder: Path, clip: str = "clip", shift: float = 0.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(clip))
    table = {}
    for name, area in CANDIDATES.items():
        values = {n: float(v) for n, v in zip(NAMES, rng.standard_normal(len(NAMES)), strict=True)}
        values |= {"loop_moving_area": area, "verdict": 2.0, "flow_mean": area + shift}
        values |= {"face_x": float("nan"), "loop_sharpness": 1.0, "loop_own_step": 1.0}
        table[name] = values
    write_features(table, folder)
    candidates = [
        {"id": name, "verdict": "good", "moving_area": 0.1, "files": {"mp4": f"{name}.mp4"}}
        for name in table
    ]
    candidates.append({"id": "sky", "verdict": "refused", "moving_area": 0.1, "files": {}})
    document = {"schema": SCHEMA, "clip": {"name": clip}, "candidates": candidates, "files": {}}
    (folder / "result.json").write_text(json.dumps(document))
    return folder


def say(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_ratings_from_stdin_are_stored(tmp_path, monkeypatch, capsys):
    folder = make_result(tmp_path / "out")
    say(monkeypatch, "5\n\n2\n")
    assert main(["rate", str(folder), "user=ann"]) == 0
    assert "2 of 3 rated by ann" in capsys.readouterr().out
    told = RatingsStore(store_path()).ratings_of("ann")
    assert sorted(rating for rating, _ in told.values()) == [2.0, 5.0]
    assert home_folder() == tmp_path / "home"


def test_the_end_of_the_input_and_q_end(tmp_path, monkeypatch, capsys):
    folder = make_result(tmp_path / "out")
    for text in ("4\n", "4\nq\n5\n"):
        say(monkeypatch, text)
        assert main(["rate", str(folder / "result.json"), "user=ann"]) == 0
        assert "1 of 3 rated" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["6\n", "good\n", "nan\n"])
def test_a_rating_out_of_range_is_one_line_and_not_stored(tmp_path, monkeypatch, capsys, text):
    say(monkeypatch, text)
    assert main(["rate", str(make_result(tmp_path / "out")), "user=ann"]) == 1
    assert "expected a number from 1 to 5" in capsys.readouterr().err
    assert RatingsStore(store_path()).ratings_of("ann") == {}


def test_without_a_user_the_order_is_not_called_personal(tmp_path, capsys):
    folder = make_result(tmp_path / "out")
    assert main(["rank", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "not personal" in out.splitlines()[0]
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["water", "tree", "person"]
    document = json.loads((folder / "result.json").read_text())
    assert document["ranking"]["personal"] is False
    assert document["ranking"]["user"] is None
    assert [one["id"] for one in document["candidates"]] == ["water", "tree", "person", "sky"]


def test_a_user_without_a_model_is_told_so(tmp_path, capsys):
    assert main(["rank", str(make_result(tmp_path / "out")), "user=ann"]) == 0
    captured = capsys.readouterr()
    assert "no trained model" in captured.err
    assert "not personal" in captured.out


def rate_many(tmp_path: Path) -> None:
    """Ann likes much motion, Bob little; both rate twelve results."""
    store = RatingsStore(store_path())
    for i in range(12):
        _, items = read_items(make_result(tmp_path / str(i), "c" * (i + 1)))
        for item in items:
            store.add_cinemagraph(item.name, item.features, {})
            much = item.features["loop_moving_area"] / 0.1
            store.rate("ann", item.name, float(np.clip(1 + much, 1, 5)))
            store.rate("bob", item.name, float(np.clip(5 - much, 1, 5)))
            store.rate("cat", item.name, float(np.clip(1 + 1.1 * much, 1, 5)))


@pytest.mark.parametrize("ranker", ["joint", "completion"])
def test_trained_models_rank_by_taste(tmp_path, capsys, ranker):
    rate_many(tmp_path)
    assert main(["train", f"ranker={ranker}", "ranker.latent=2"]) == 0
    assert "trained on 108 ratings of 36 cinemagraphs by 3 users" in capsys.readouterr().out
    assert model_path(store_path()).exists()
    new = make_result(tmp_path / "new", "another clip")
    first = {}
    for user in ("ann", "bob"):
        assert main(["rank", str(new), f"user={user}"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"for {user} by {ranker} (36 ratings of their own)"
        first[user] = lines[1].split()[1]
    assert first == {"ann": "person", "bob": "tree"}


def test_a_new_user_s_ratings_count_without_training(tmp_path, monkeypatch, capsys):
    rate_many(tmp_path)
    assert main(["train", "ranker=joint", "ranker.latent=2", "ranker.mapping=linear"]) == 0
    new = make_result(tmp_path / "new", "another clip")
    tops = []
    for user, answers in (("dan", "3\n1\n5\n"), ("eve", "3\n5\n1\n")):
        for folder in ("1", "2", "3"):
            say(monkeypatch, answers)
            assert main(["rate", str(tmp_path / folder), f"user={user}"]) == 0
        capsys.readouterr()
        assert main(["rank", str(new), f"user={user}"]) == 0
        out = capsys.readouterr().out.splitlines()
        assert "9 ratings of their own" in out[0]
        tops.append(out[1].split()[1])
    assert tops == ["person", "tree"]


def test_training_on_nothing_is_one_line(capsys):
    assert main(["train"]) == 1
    assert "at least one rating, received none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "ranker=jont"], "unknown ranker 'jont'"),
        (["train", "rankr=joint"], "unknown option 'rankr'"),
        (["train", "joint"], "expected NAME=VALUE"),
        (["train", "ranker.latent=no"], "ranker.latent"),
        (["rate", "nowhere"], "expected user=... (whose ratings these are)"),
        (["rate", "nowhere", "user=ann"], "give the folder that 'cinekit make' wrote"),
        (["rank", "nowhere"], "expected a result"),
        (["features", "nowhere"], "give the folder of a result"),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys):
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_features_become_a_table(tmp_path, capsys):
    folder = make_result(tmp_path / "out")
    assert main(["features", str(folder)]) == 0
    lines = (folder / "features.csv").read_text().splitlines()
    assert lines[0].split(",")[:2] == ["candidate", NAMES[0]]
    assert len(lines) == 4
    assert main(["features", str(folder), f"output={folder / 't.txt'}"]) == 1
    assert "ends in .csv or .parquet" in capsys.readouterr().err


def test_a_verdict_comes_before_any_taste(tmp_path, capsys):
    rate_many(tmp_path)
    assert main(["train", "ranker=completion"]) == 0
    folder = make_result(tmp_path / "new", "another clip")
    document = json.loads((folder / "result.json").read_text())
    document["candidates"][2]["verdict"] = "doubtful"
    (folder / "result.json").write_text(json.dumps(document))
    assert main(["rank", str(folder), "user=ann"]) == 0
    document = json.loads((folder / "result.json").read_text())
    assert [one["id"] for one in document["candidates"]] == ["water", "tree", "person", "sky"]
    scores = document["ranking"]["scores"]
    assert scores["person"] == max(scores.values())


def test_a_model_of_other_features_is_refused_in_one_line(tmp_path, capsys):
    rate_many(tmp_path)
    assert main(["train", "ranker=completion"]) == 0
    folder = make_result(tmp_path / "new", "another clip")
    document = json.loads((folder / "features.json").read_text())
    for values in document["candidates"].values():
        del values["flow_mean"]
    (folder / "features.json").write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["rank", str(folder), "user=ann"]) == 1
    err = capsys.readouterr().err
    assert "missing: flow_mean" in err
    assert err.count("\n") == 1


def test_ratings_move_between_machines_as_csv(tmp_path, monkeypatch, capsys):
    say(monkeypatch, "5\n4\n2\n")
    assert main(["rate", str(make_result(tmp_path / "out")), "user=ann"]) == 0
    table, other = tmp_path / "ratings.csv", [f"ratings={tmp_path / 'other.sqlite'}"]
    assert main(["ratings", "export", str(table)]) == 0
    assert main(["ratings", "import", str(table), *other]) == 0
    assert main(["ratings", "import", str(table), *other]) == 0
    out = capsys.readouterr().out
    assert "3 ratings written" in out
    assert "3 ratings added" in out
    assert "0 ratings added" in out
    assert main(["ratings", "import", str(tmp_path / "none.csv")]) == 1
    assert "cannot read ratings" in capsys.readouterr().err


def test_at_a_terminal_each_loop_is_opened_and_asked_for_again(tmp_path, monkeypatch, capsys):
    folder = make_result(tmp_path / "out")
    for name in CANDIDATES:
        (folder / f"{name}.mp4").touch()
    stdin = io.StringIO("great\n5\n4\n3\n")
    stdin.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", stdin)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["rate", str(folder), "user=ann"]) == 0
    assert [Path(uri).name for uri in opened] == [f"{name}.mp4" for name in CANDIDATES]
    out = capsys.readouterr().out
    assert "a number from 1 to 5, please" in out
    assert "3 of 3 rated by ann" in out


def test_a_ranker_that_is_not_the_trained_one_is_not_passed_over(tmp_path, capsys):
    rate_many(tmp_path)
    assert main(["train", "ranker=completion"]) == 0
    folder = str(make_result(tmp_path / "new", "another clip"))
    assert main(["rank", folder, "user=ann", "ranker=joint"]) == 1
    assert "ranker=joint: the trained model is completion" in capsys.readouterr().err
    assert main(["rank", folder, "user=ann", "ranker=completion"]) == 0
    assert "for ann by completion" in capsys.readouterr().out
