"""Which sets of regions are worth solving for: the candidates ID of [O] 3.2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cinekit.errors import ConfigError
from cinekit.types import Candidate, Region, Regions

EVERYTHING = "everything"
"""Id of the candidate in which all that moves may loop."""


@dataclass(frozen=True, kw_only=True)
class CandidateOptions:
    """Which candidates are solved.

    combine : largest number of regions in one candidate, >= 1. 1 animates single regions only.
    everything : also the candidate in which all that moves may loop, whatever it is.
    most : at most so many candidates; single regions come first, then "everything", then the
        combinations that cover most.
    """

    combine: int = 2
    everything: bool = True
    most: int = 6

    def __post_init__(self) -> None:
        if self.combine < 1:
            raise ConfigError(f"candidates.combine: expected >= 1, received {self.combine}")
        if self.most < 1:
            raise ConfigError(f"candidates.most: expected >= 1, received {self.most}")


def make_candidates(
    regions: Regions, options: CandidateOptions | None = None
) -> tuple[Candidate, ...]:
    """The candidates of a clip; none when nothing moves.

    A candidate whose target is (within 2 % of its pixels) that of an earlier one is left out: it
    would be solved twice for one result.
    """
    options = options or CandidateOptions()
    singles = [_candidate((region,)) for region in regions.regions]
    combined = [
        _candidate(group)
        for size in range(2, options.combine + 1)
        for group in combinations(regions.regions, size)
    ]
    combined.sort(key=lambda candidate: -int(candidate.target.sum()))
    everything = [everything_of(regions)] if options.everything and regions.moving.any() else []
    kept: list[Candidate] = []
    for candidate in [*singles, *everything, *combined]:
        if len(kept) < options.most and not any(_same(candidate, other) for other in kept):
            kept.append(candidate)
    return tuple(kept)


def everything_of(regions: Regions) -> Candidate:
    """The candidate in which all that moves may loop."""
    target = np.logical_or.reduce([regions.moving, *(region.mask for region in regions.regions)])
    return Candidate(EVERYTHING, tuple(region.name for region in regions.regions), target)


def _candidate(group: tuple[Region, ...]) -> Candidate:
    names = tuple(region.name for region in group)
    target = np.logical_or.reduce([region.mask for region in group])
    return Candidate("+".join(_slug(name) for name in names), names, target)


def _same(a: Candidate, b: Candidate) -> bool:
    either = int((a.target | b.target).sum())
    return int((a.target ^ b.target).sum()) <= 0.02 * either


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
