"""Ranker plugin for cinekit: gradient-boosted trees by xgboost."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Ranker, hookimpl


@hookimpl
def cinekit_rankers() -> Mapping[str, type[Ranker]]:
    """``ranker=xgboost``."""
    return LazyComponents({"xgboost": "cinekit_xgboost.ranker:XgboostRanker"})
