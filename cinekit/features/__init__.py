"""A cinemagraph in numbers, for the rankers ([O] 4.2)."""

from cinekit.features.faces import FaceFeatures
from cinekit.features.merge import extract_all
from cinekit.features.registry import FEATURES, NAMES, Feature
from cinekit.features.standard import StandardFeatures
from cinekit.features.table import read_features, write_csv, write_features

__all__ = [
    "FEATURES",
    "NAMES",
    "FaceFeatures",
    "Feature",
    "StandardFeatures",
    "extract_all",
    "read_features",
    "write_csv",
    "write_features",
]
