"""Ranker plugin for cinekit: gradient-boosted trees by xgboost."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import Component, LazyComponents, hookimpl


@hookimpl
def cinekit_rankers() -> Mapping[str, type[Component]]:
    """``ranker=xgboost``."""
    return LazyComponents({"xgboost": "cinekit_xgboost.ranker:XgboostRanker"})
