"""Boosted trees behind cinekit's ranker contract."""

from dataclasses import fields
from pathlib import Path

import cinekit_xgboost
import numpy as np
import pytest
import yaml
from cinekit_xgboost.ranker import FittedXgboost, XgboostRanker

from cinekit import ConfigError, UserRatings
from cinekit.rank import simulate_study
from cinekit.rank.archive import load, save
from cinekit.rank.evaluate import hold_out, score_tables
from cinekit.rank.rankers import GlobalForestRanker

STUDY = simulate_study(0, items=80, users=20)


def predict(ranker, train):
    fitted = ranker.fit(STUDY.features, train)
    return np.stack([fitted.predict(STUDY.features, UserRatings(y)) for y in train.T], axis=1)


@pytest.mark.parametrize("objective", ["regression", "ranking"])
def test_learns_tastes_that_a_global_forest_cannot(objective):
    test = hold_out(STUDY.ratings, 0.2, np.random.default_rng(0))
    train = np.where(test, np.nan, STUDY.ratings)
    ranker = XgboostRanker(objective=objective, rounds=40, latent=4)
    own = score_tables(predict(ranker, train), STUDY.ratings, test, 0)
    everybody = score_tables(predict(GlobalForestRanker(), train), STUDY.ratings, test, 0)
    assert own["mAP"] > everybody["mAP"] + 0.05


@pytest.mark.parametrize("objective", ["regression", "ranking"])
def test_a_saved_model_predicts_bit_equal(objective, tmp_path: Path):
    fitted = XgboostRanker(objective=objective, rounds=5).fit(STUDY.features, STUDY.ratings)
    save(fitted, "xgboost", tmp_path / "model.npz")
    again = load(FittedXgboost, tmp_path / "model.npz")
    user = UserRatings(STUDY.ratings[:, 0])
    np.testing.assert_array_equal(
        again.predict(STUDY.features, user), fitted.predict(STUDY.features, user)
    )


def test_one_rating_is_enough_to_say_something():
    only = np.full_like(STUDY.ratings, np.nan)
    only[3, 4] = 4.0
    assert np.isfinite(predict(XgboostRanker(rounds=2), only)).all()


def test_options_are_checked():
    with pytest.raises(ConfigError, match="objective: expected one of regression, ranking"):
        XgboostRanker(objective="listwise")


def test_the_yaml_option_shows_the_class_s_fields_and_defaults():
    folder = Path(cinekit_xgboost.__file__).parent / "conf"
    option = yaml.safe_load((folder / "ranker" / "xgboost.yaml").read_text())
    assert option.pop("name") == "xgboost"
    assert option == {field.name: field.default for field in fields(XgboostRanker)}


def test_the_hook_offers_the_ranker():
    assert dict(cinekit_xgboost.cinekit_rankers()) == {"xgboost": XgboostRanker}
