"""Every ranker: what holds whatever it learns, and what it must learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cinekit.errors import ConfigError, RankError
from cinekit.rank import Features, UserRatings, simulate_study
from cinekit.rank.archive import load, read_kind, save
from cinekit.rank.completion import CompletionRanker
from cinekit.rank.evaluate import hold_out, score_tables
from cinekit.rank.joint import JointRanker
from cinekit.rank.prior import USED, PriorRanker
from cinekit.rank.rankers import (
    ConstantRanker,
    GlobalForestRanker,
    IndividualForestRanker,
    RandomRanker,
    SharedForestRanker,
)
from cinekit.testing import RankerSuite, two_tastes

RANKERS = {
    "constant": ConstantRanker(),
    "random": RandomRanker(),
    "global_forest": GlobalForestRanker(trees=3),
    "individual_forest": IndividualForestRanker(trees=3),
    "srf aem": SharedForestRanker(trees=3, mapping="linear", latent=2),
    "srf mc": SharedForestRanker(trees=3, user_feature="mc"),
    "completion mc": CompletionRanker(),
    "completion aem": CompletionRanker(method="aem", latent=2),
    "joint linear": JointRanker(mapping="linear", latent=2, iterations=3),
    "joint rbf": JointRanker(latent=2, iterations=3, centres=8),
    "joint as printed": JointRanker(
        mapping="linear", latent=2, iterations=3, interaction=False, balance="paper"
    ),
}


class TestEveryRanker(RankerSuite):
    @pytest.fixture(autouse=True, params=RANKERS)
    def _chosen(self, request):
        self.name = request.param
        self.learns = "printed" not in self.name

    def ranker(self):
        return RANKERS[self.name]


@pytest.mark.parametrize("name", ["joint linear", "joint rbf"])
def test_a_rating_given_since_the_training_counts_at_once(name):
    features, ratings = two_tastes(items=60, users=20)
    fitted = RANKERS[name].fit(features, ratings)
    nothing = UserRatings(np.full(60, np.nan))
    liked = np.array([[2.0, 0.0, 0.0, 0.0, 0.0], [-2.0, 0.0, 0.0, 0.0, 0.0]])
    told = replace(nothing, more_features=liked, more_ratings=np.array([5.0, 1.0]))
    probe = Features(liked, features.names)
    before, after = fitted.predict(probe, nothing), fitted.predict(probe, told)
    assert after[0] - after[1] > before[0] - before[1] + 0.5


@pytest.mark.parametrize("name", ["joint linear", "joint rbf", "joint as printed"])
def test_the_joint_objective_never_rises(name):
    history = np.array(replace(RANKERS[name], iterations=8).fit(*two_tastes()).history)
    assert len(history) > 2
    assert (np.diff(history) <= 1e-9 * history[0]).all()


def test_as_printed_everybody_gets_the_same_order():
    """[O] Eq. 10 without interaction: a user only shifts the scores."""
    features, ratings = two_tastes()
    fitted = replace(RANKERS["joint as printed"], blend=0.0).fit(features, ratings)
    first, second = (fitted.score(features.values, UserRatings(y[fitted.order]),
                                  np.full(30, -1)) for y in ratings.T[:2])  # fmt: skip
    np.testing.assert_allclose(first - first.mean(), second - second.mean(), atol=1e-9)


def test_the_regression_equals_least_squares_on_the_rows():
    from cinekit.rank.regression import RegressionFitter

    features, ratings = two_tastes()
    v, u = features.values, np.random.default_rng(0).standard_normal((12, 2))
    item, user = np.nonzero(~np.isnan(ratings))
    rows = np.concatenate(
        [v[item], u[user], (u[user][:, :, None] * v[item][:, None]).reshape(len(item), -1)], axis=1
    )
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    penalty = np.diag([3.0] * (rows.shape[1] - 1) + [0.0])
    dense = np.linalg.solve(rows.T @ rows + penalty, rows.T @ ratings[item, user])
    found = RegressionFitter(v, ratings, 3.0, True).fit(u)
    np.testing.assert_allclose(found.v_weights, dense[:5], atol=1e-9)
    np.testing.assert_allclose(found.u_weights, dense[5:7], atol=1e-9)
    np.testing.assert_allclose(found.cross.ravel(), dense[7:17], atol=1e-9)
    assert found.offset == pytest.approx(dense[17])


def test_known_cinemagraphs_profit_from_what_others_said():
    """Features say nothing here: only the rows do."""
    rng = np.random.default_rng(0)
    hidden, taste = rng.standard_normal((60, 2)), rng.standard_normal((40, 2))
    truth = np.clip(3 + hidden @ taste.T, 1, 5)
    features = Features(rng.standard_normal((60, 3)), ("a", "b", "c"))
    test = hold_out(truth, 0.3, rng)
    train = np.where(test, np.nan, truth)
    for ranker in (CompletionRanker(), JointRanker(latent=2, mapping="linear")):
        fitted = ranker.fit(features, train)
        users = [UserRatings(y) for y in train.T]
        known = np.stack([fitted.predict(features, u, np.arange(60)) for u in users], 1)
        new = np.stack([fitted.predict(features, u) for u in users], 1)
        told = score_tables(known, truth, test, 0)
        assert told["RMSE"] < 0.6 * score_tables(new, truth, test, 0)["RMSE"]
        assert told["mAP"] > 0.9


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: JointRanker(mapping="quadratic"), "mapping: expected one of linear, rbf"),
        (lambda: JointRanker(balance="even"), "balance: expected one of paper, normalised"),
        (lambda: JointRanker(blend=2.0), "blend: expected a value in"),
        (lambda: JointRanker(ridge=0.0), "ridge: expected a value > 0"),
        (lambda: SharedForestRanker(user_feature="pca"), "user_feature: expected one of aem, mc"),
        (lambda: GlobalForestRanker(trees=0), "trees: expected a value >= 1"),
        (lambda: CompletionRanker(method="knn"), "method: expected one of aem, mc"),
    ],
)
def test_options_out_of_range_are_one_line(make, match):
    with pytest.raises(ConfigError, match=match):
        make()


def test_plain_words_are_options_too():
    assert JointRanker(mapping="linear") == JointRanker(
        mapping=JointRanker(mapping="linear").mapping
    )


def test_the_study_is_as_divided_as_the_published_one():
    study = simulate_study(0)
    assert study.ratings.shape == (459, 59)
    assert (~np.isnan(study.ratings)).mean() == pytest.approx(0.63, abs=0.01)
    assert (np.nanstd(study.ratings, axis=1) > 1).mean() == pytest.approx(0.7266, abs=0.005)
    np.testing.assert_array_equal(study.ratings, simulate_study(0).ratings)
    assert (simulate_study(1).truth != study.truth).any()


def prior_scores(**columns: list[float]) -> np.ndarray:
    values = {"verdict": 2.0, "loop_moving_area": 0.1, "loop_sharpness": 1.0, "loop_own_step": 1.0}
    count = max(len(v) for v in columns.values())
    rows = np.stack([np.array(columns.get(n, [values[n]] * count)) for n in USED], axis=1)
    features = Features(rows, USED)
    fitted = PriorRanker().fit(features, np.empty((count, 0)))
    assert not fitted.personal
    return fitted.predict(features, UserRatings(np.full(count, np.nan)))


def test_the_prior_prefers_good_moving_sharp_seamless_loops():
    good, doubtful, refused = prior_scores(verdict=[2.0, 1.0, 0.0])
    assert good > doubtful > refused
    still, tenth, whole = prior_scores(loop_moving_area=[0.0, 0.1, 1.0])
    assert tenth > whole > still
    sharp, blurred, unknown = prior_scores(loop_sharpness=[1.0, 0.7, np.nan])
    assert sharp == unknown > blurred
    smooth, jumping = prior_scores(loop_own_step=[1.0, 6.0])
    assert smooth > jumping


def test_the_prior_ranks_cinekit_s_own_features_only():
    with pytest.raises(RankError, match="missing verdict"):
        PriorRanker().fit(*two_tastes())


def test_a_damaged_or_foreign_model_is_one_line(tmp_path: Path):
    features, ratings = two_tastes()
    path = tmp_path / "model.npz"
    with pytest.raises(RankError, match="no such model"):
        read_kind(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(RankError, match="expected a cinekit model"):
        read_kind(path)
    fitted = ConstantRanker().fit(features, ratings)
    save(fitted, "constant", path)
    with pytest.raises(RankError, match="not a model of FittedJoint"):
        load(JointRanker.fitted, path)


class Bomb:
    """Pickled, it would make a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_model_file_can_hold_no_pickle_and_no_other_version(tmp_path: Path):
    features, ratings = two_tastes()
    path, mark = tmp_path / "model.npz", tmp_path / "exploded"
    save(ConstantRanker().fit(features, ratings), "constant", path)
    with np.load(path, allow_pickle=False) as file:  # every member is a plain array
        members = {name: file[name] for name in file.files}
    assert all(not array.dtype.hasobject for array in members.values())

    np.savez(path, **members, extra=np.array([Bomb(mark)], dtype=object))
    with pytest.raises(RankError, match="expected a cinekit model"):
        load(ConstantRanker.fitted, path)
    assert not mark.exists()

    text = members["json"].tobytes().replace(b'"format": 1', b'"format": 2')
    np.savez(path, **{**members, "json": np.frombuffer(text, np.uint8)})
    with pytest.raises(RankError, match="expected model format 1, received 2; train again"):
        load(ConstantRanker.fitted, path)


def test_an_unrated_user_changes_nobody_s_projection():
    features, ratings = two_tastes()
    more = np.concatenate([ratings, np.full((len(ratings), 2), np.nan)], axis=1)
    for name in ("joint linear", "joint rbf", "srf aem", "completion mc"):
        alone, crowd = (RANKERS[name].fit(features, table) for table in (ratings, more))
        for told in ratings.T:
            np.testing.assert_array_equal(
                crowd.latent(UserRatings(told)), alone.latent(UserRatings(told))
            )
