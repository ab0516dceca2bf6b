"""Which sets of regions are worth solving for: the candidates ID of [O] 3.2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from cinekit.checks import Checked, Count
from cinekit.errors import SegmenterError
from cinekit.model import Candidate, Region, Regions
from cinekit.see.mask_files import check_aspect, find_layout, read_mask

EVERYTHING = "everything"
"""Id of the candidate in which all that moves may loop."""


@dataclass(frozen=True, kw_only=True)
class CandidateOptions(Checked):
    """Which candidates are solved.

    combine : largest number of regions in one candidate, >= 1. 1 animates single regions only.
    everything : also the candidate in which all that moves may loop, whatever it is.
    most : at most so many candidates; single regions come first, then "everything", then the
        combinations that cover most.
    painted : a picture, white where it should move, or a folder of them, each called after its
        candidate: these are solved instead. What the segmenter saw stays as it is ([O] 3.1: a user
        paints on pi, not on the response).
    """

    combine: Count = 2
    everything: bool = True
    most: Count = 6
    painted: str | None = None


def make_candidates(
    regions: Regions, options: CandidateOptions | None = None
) -> tuple[Candidate, ...]:
    """The candidates of a clip; none when nothing moves.

    A candidate whose target is (within 2 % of its pixels) that of an earlier one is left out: it
    would be solved twice for one result.

    Raises
    ------
    SegmenterError
        When what was painted cannot be read, is black, or is of another shape than the clip.
    """
    options = options or CandidateOptions()
    if options.painted is not None:
        return _painted(Path(options.painted).expanduser(), regions)
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


def _painted(path: Path, regions: Regions) -> tuple[Candidate, ...]:
    """A candidate for every picture of a path."""
    layout = find_layout(path)
    files = [file for _, file in layout.regions] or list(layout.frames)
    if layout.video is not None or (len(files) > 1 and not layout.regions):
        raise SegmenterError(
            f"candidates.painted: expected one picture, or a folder with one for each candidate "
            f"and named after it, received {str(path)!r}"
        )
    height, width = regions.moving.shape
    made = []
    for file in files:
        mask = read_mask(file)
        check_aspect(mask.shape, (height, width), file)
        target = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) >= 0.5
        if not target.any():
            raise SegmenterError(f"candidates.painted: expected white in {str(file)!r}, found none")
        names = tuple(one.name for one in regions.regions if (one.mask & target).any())
        made.append(Candidate(_slug(file.stem) or "painted", names, target))
    return tuple(made)


def _candidate(group: tuple[Region, ...]) -> Candidate:
    names = tuple(region.name for region in group)
    target = np.logical_or.reduce([region.mask for region in group])
    return Candidate("+".join(_slug(name) for name in names), names, target)


def _same(a: Candidate, b: Candidate) -> bool:
    either = int((a.target | b.target).sum())
    return int((a.target ^ b.target).sum()) <= 0.02 * either


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
