"""The protocol and its report, on a small simulated study."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cinekit.app import main
from cinekit.errors import RankError
from cinekit.rank import report
from cinekit.rank.completion import CompletionRanker
from cinekit.rank.evaluate import METRICS, Protocol, evaluate, hold_out, new_users
from cinekit.rank.metrics import average_precision, kendall_tau, ndcg, rmse
from cinekit.rank.movielens import read_movielens
from cinekit.rank.rankers import ConstantRanker
from cinekit.rank.study import simulate_study

SMALL = simulate_study(0, items=60, users=20)


@pytest.fixture(scope="module")
def scores():
    rankers = {"constant": ConstantRanker(), "completion": CompletionRanker()}
    return evaluate(rankers, SMALL.features, SMALL.ratings, Protocol(seeds=(0, 1)))


def test_learning_beats_chance_and_a_constant_is_at_chance(scores):
    constant, learnt = scores["constant"].known, scores["completion"].known
    chance = float((SMALL.ratings >= 4).sum() / (~np.isnan(SMALL.ratings)).sum())
    # The precision of a random order of few items lies above the share of relevant ones.
    assert chance - 0.05 < np.mean(constant["mAP"]) < chance + 0.25
    assert np.mean(learnt["mAP"]) > np.mean(constant["mAP"]) + 0.1
    assert np.mean(learnt["RMSE"]) < np.mean(constant["RMSE"])
    assert np.isnan(constant["tau"]).all()


def test_more_ratings_of_a_new_user_help(scores):
    curve = dict(scores["completion"].curve)
    assert np.mean(curve[20]) > np.mean(curve[0])
    assert len(scores["completion"].new_all) == 2


def test_new_cinemagraphs_are_asked_too(scores):
    assert set(scores["completion"].new_items) == set(METRICS)


def test_held_out_ratings_are_known_ones_of_everybody():
    test = hold_out(SMALL.ratings, 0.2, np.random.default_rng(0))
    assert not np.isnan(SMALL.ratings[test]).any()
    share = test.sum(0) / (~np.isnan(SMALL.ratings)).sum(0)
    assert ((share > 0.1) & (share < 0.3)).all()
    assert len(new_users(20, 0.2, 0)) == 4
    assert len(new_users(2, 0.2, 0)) == 0


def test_nothing_to_hold_out_is_one_line():
    with pytest.raises(RankError, match="at least 2 ratings"):
        evaluate({}, SMALL.features, np.full((60, 3), np.nan))
    with pytest.raises(RankError, match=r"held_out in \(0, 1\)"):
        Protocol(held_out=1.0)


def test_metrics_on_orders_known_by_hand():
    rng = np.random.default_rng(0)
    truth = np.array([5.0, 1.0, 4.0, 2.0])
    assert average_precision(truth, truth, rng) == 1
    assert average_precision(truth, -truth, rng) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert np.isnan(average_precision(np.ones(3), np.ones(3), rng))
    assert ndcg(truth, truth, rng) == pytest.approx(1)
    assert ndcg(truth, -truth, rng) < 0.7
    assert kendall_tau(truth, truth) == pytest.approx(1)
    assert kendall_tau(truth, -truth) == pytest.approx(-1)
    assert rmse(truth, truth + 2) == 2


def test_ties_are_broken_at_random():
    rng = np.random.default_rng(0)
    truth = np.array([5.0] + [1.0] * 9)
    values = [average_precision(truth, np.zeros(10), rng) for _ in range(3000)]
    expected = np.mean([1 / k for k in range(1, 11)])
    assert np.mean(values) == pytest.approx(expected, abs=0.02)


def test_the_report_is_one_file_without_scripts(scores):
    fitted = CompletionRanker().fit(SMALL.features, SMALL.ratings)
    view = report.picture(fitted, SMALL.features, SMALL.ratings)
    assert view.places is not None
    assert view.places.shape == (20, 2)
    known = ~np.isnan(SMALL.ratings)
    np.testing.assert_array_equal(view.completed[known], SMALL.ratings[known])
    page = report.as_html(scores, {"completion": view}, SMALL.ratings, "a <simulated> study")
    assert "a &lt;simulated&gt; study" in page
    assert page.count("data:image/png") == 2
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"http", page)
    assert page.count("<circle") == 20
    document = json.loads(report.as_json(scores, {"seeds": 2}))
    assert document["rankers"]["constant"]["known"]["tau"] == [None, None]
    assert len(document["rankers"]["completion"]["known"]["mAP"]) == 2
    lines = report.table(scores).splitlines()
    assert lines[1].startswith("completion")


def movielens(folder: Path) -> Path:
    """Three users who rated two films each other knows, and one of each who is outside."""
    folder.mkdir()
    (folder / "movies.csv").write_text(
        "movieId,title,genres\n7,Heat (1995),Action|Crime\n"
        "8,No Year,(no genres listed)\n9,X (2000),War\n"
    )
    rows = [f"{u},{m},{r}" for u in (1, 2, 3) for m, r in ((7, 5.0), (8, 0.5))] + ["4,9,3.0"]
    (folder / "ratings.csv").write_text("userId,movieId,rating\n" + "\n".join(rows) + "\n")
    return folder


def test_the_dense_core_of_real_ratings(tmp_path: Path):
    real = read_movielens(movielens(tmp_path / "ml"), per_item=2, per_user=2)
    assert real.titles == ("Heat (1995)", "No Year")
    assert real.users == (1, 2, 3)
    np.testing.assert_array_equal(real.ratings, [[5, 5, 5], [1, 1, 1]])
    assert real.features.names == ("genre_action", "genre_crime", "year")
    np.testing.assert_array_equal(real.features.values, [[1, 1, 1995], [0, 0, np.nan]])


def test_a_folder_that_is_no_data_set_is_one_line(tmp_path: Path):
    with pytest.raises(RankError, match="cannot read ratings"):
        read_movielens(tmp_path)
    with pytest.raises(RankError, match="expected films with 40"):
        read_movielens(movielens(tmp_path / "ml"))


def test_real_ratings_of_the_test_data(test_data: Path):
    real = read_movielens(test_data / "ratings" / "movielens-latest-small")
    known = ~np.isnan(real.ratings)
    assert (known.sum(0) >= 40).all()
    assert (known.sum(1) >= 40).all()
    assert real.ratings.shape == (534, 321)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seeds=0"], "expected a number of at least 1"),
        (["ranker=[joint,srf]", "ranker.latent=2"], "expected one ranker, received 2"),
        (["ranker=[magic]"], "unknown ranker 'magic'"),
        (["data=nowhere"], "cannot read ratings"),
    ],
)
def test_mistakes_of_the_command_are_one_line(arguments, message, capsys):
    assert main(["evaluate", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_the_command_writes_page_and_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("cinekit.rank.study.simulate_study", lambda: SMALL)
    out = tmp_path / "out"
    assert main(["evaluate", "ranker=[constant,global_forest]", "seeds=1", f"output={out}"]) == 0
    printed = capsys.readouterr().out
    assert "no person rated anything" in printed
    assert "global_forest" in printed
    assert "Simulated study" in (out / "evaluation.html").read_text()
    assert json.loads((out / "evaluation.json").read_text())["about"]["seeds"] == 1
