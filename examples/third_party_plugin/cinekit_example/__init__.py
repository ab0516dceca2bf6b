"""An example of a plugin: a component of every kind.

Hooks are called whenever cinekit starts: what is heavy to import is named, not imported.
"""

from __future__ import annotations

from collections.abc import Mapping

import cinekit


@cinekit.hookimpl
def cinekit_segmenters() -> Mapping[str, type[cinekit.Segmenter]]:
    """What has a colour."""
    return cinekit.LazyComponents({"colour": "cinekit_example.colour:ColourSegmenter"})


@cinekit.hookimpl
def cinekit_solvers() -> Mapping[str, type[cinekit.Solver]]:
    """Pixel by pixel."""
    return cinekit.LazyComponents({"icm": "cinekit_example.icm:IcmSolver"})


@cinekit.hookimpl
def cinekit_attempts() -> Mapping[str, type[cinekit.Attempt]]:
    """Twice as fast."""
    return cinekit.LazyComponents({"shorter": "cinekit_example.shorter:ShorterAttempt"})


@cinekit.hookimpl
def cinekit_judges() -> Mapping[str, type[cinekit.Judge]]:
    """What is calm."""
    return cinekit.LazyComponents({"calm": "cinekit_example.calm:CalmJudge"})


@cinekit.hookimpl
def cinekit_rankers() -> Mapping[str, type[cinekit.Ranker]]:
    """What is like what was liked."""
    return cinekit.LazyComponents({"nearest": "cinekit_example.nearest:NearestRanker"})


@cinekit.hookimpl
def cinekit_features() -> Mapping[str, type[cinekit.FeatureExtractor]]:
    """How restless it is."""
    return cinekit.LazyComponents({"calm": "cinekit_example.calm:CalmFeatures"})


@cinekit.hookimpl
def cinekit_writers() -> Mapping[str, type[cinekit.Writer]]:
    """Frame beside frame."""
    return cinekit.LazyComponents({"strip": "cinekit_example.strip:StripWriter"})
