"""A cinemagraph in numbers, for the rankers (method section 7, [O] 4.2)."""

from cinekit.features.registry import FEATURES, NAMES, Feature
from cinekit.features.standard import StandardFeatures, extract
from cinekit.features.table import read_features, write_csv, write_features

__all__ = [
    "FEATURES",
    "NAMES",
    "Feature",
    "StandardFeatures",
    "extract",
    "read_features",
    "write_csv",
    "write_features",
]
