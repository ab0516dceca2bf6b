"""``features.json`` beside a result, and tables for other programs."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import math
from collections.abc import Mapping
from pathlib import Path

from cinekit.errors import MissingDependencyError, RankError
from cinekit.store.atomic import whole_file, write_text

FILE = "features.json"
SCHEMA = "cinekit.features/1"

Table = Mapping[str, Mapping[str, float]]
"""Candidate id -> feature name -> value."""


def content_hash(clip: str, candidate: str, features: Mapping[str, float]) -> str:
    """Names a cinemagraph in the ratings store: the same content, the same 16 hex digits."""
    text = json.dumps([clip, candidate, {k: repr(float(v)) for k, v in features.items()}])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_features(table: Table, folder: Path) -> Path:
    """Write ``features.json`` into a result's folder; NaN becomes null."""
    rows = {
        candidate: {k: (v if math.isfinite(v) else None) for k, v in values.items()}
        for candidate, values in table.items()
    }
    path = folder / FILE
    document = {"schema": SCHEMA, "candidates": rows}
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
    return path


def read_features(folder: Path) -> dict[str, dict[str, float]]:
    """Features of a result's candidates, NaN where there is no value.

    Raises
    ------
    RankError
        When the folder holds no features of this version.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        return {
            str(candidate): {
                str(k): float("nan") if v is None else float(v) for k, v in values.items()
            }
            for candidate, values in document["candidates"].items()
        }
    except FileNotFoundError:
        raise RankError(
            f"{path}: not found; give the folder of a result, made by 'cinekit make'"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RankError(f"{path}: expected {SCHEMA}, received something else ({error})") from None


def write_csv(table: Table, path: Path) -> None:
    """One row per candidate, one column per feature; empty where there is no value."""
    names = list(next(iter(table.values()), {}))
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["candidate", *names])
        for candidate, values in table.items():
            cells = [values[name] for name in names]
            writer.writerow([candidate, *(repr(v) if math.isfinite(v) else "" for v in cells)])


def write_parquet(table: Table, path: Path) -> None:
    """The same as parquet; needs pyarrow, which cinekit does not.

    Raises
    ------
    MissingDependencyError
        When pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingDependencyError(
            f"{path}: parquet needs 'pyarrow', which is not installed: "
            "pip install 'cinekit[parquet]', or give a name that ends in .csv"
        )
    arrow, parquet = (importlib.import_module(f"pyarrow{part}") for part in ("", ".parquet"))
    columns: dict[str, list[object]] = {"candidate": list(table)}
    for name in next(iter(table.values()), {}):
        columns[name] = [values[name] for values in table.values()]
    with whole_file(path) as temporary:
        parquet.write_table(arrow.table(columns), temporary)
