"""Predicts how a user would rate a cinemagraph, learning from everybody's ratings."""

from cinekit.rank.aem import Aem, AemOptions, MappingKind, fit_aem
from cinekit.rank.base import Features, FittedRanker, Scaler, Training, UserRatings, join
from cinekit.rank.soft_impute import Completion, soft_impute
from cinekit.rank.store import RatingsStore, Table
from cinekit.rank.study import Study, simulate_study

__all__ = [
    "Aem",
    "AemOptions",
    "Completion",
    "Features",
    "FittedRanker",
    "MappingKind",
    "RatingsStore",
    "Scaler",
    "Study",
    "Table",
    "Training",
    "UserRatings",
    "fit_aem",
    "join",
    "simulate_study",
    "soft_impute",
]
