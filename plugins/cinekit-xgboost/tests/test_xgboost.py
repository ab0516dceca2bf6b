"""Boosted trees behind cinekit's ranker contract."""

import pytest
from cinekit_xgboost.ranker import Objective, XgboostRanker

from cinekit import ConfigError
from cinekit.testing import PackageSuite, RankerSuite


class TestPackage(PackageSuite):
    distribution = "cinekit-xgboost"


class TestRegression(RankerSuite):
    objective = Objective.REGRESSION

    def ranker(self):
        return XgboostRanker(objective=self.objective, rounds=20, latent=2)


class TestRanking(TestRegression):
    objective = Objective.RANKING


def test_options_are_checked():
    with pytest.raises(ConfigError, match="objective: expected one of regression, ranking"):
        XgboostRanker(objective="listwise")
