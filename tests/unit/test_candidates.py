"""Candidates: single regions, combinations, everything."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.errors import ConfigError
from cinekit.semantics.candidates import CandidateOptions, make_candidates
from cinekit.types import Motion, Region, Regions


def region(name: str, rows: slice) -> Region:
    mask = np.zeros((20, 10), bool)
    mask[rows] = True
    return Region(name, Motion.NATURAL, mask, float(mask.mean()), 1.0)


def regions(*found: Region, moving: np.ndarray | None = None) -> Regions:
    return Regions(found, (), np.zeros((20, 10), bool) if moving is None else moving)


def test_single_regions_come_first_then_everything_then_pairs() -> None:
    moving = np.ones((20, 10), bool)
    found = regions(region("water", slice(0, 8)), region("tree", slice(9, 12)), moving=moving)
    made = make_candidates(found)
    assert [c.id for c in made] == ["water", "tree", "everything", "water+tree"]
    assert made[3].regions == ("water", "tree")
    np.testing.assert_array_equal(made[3].target, made[0].target | made[1].target)
    assert made[2].target.all()


def test_everything_is_left_out_when_one_region_is_all_that_moves() -> None:
    only = region("water", slice(0, 8))
    assert [c.id for c in make_candidates(regions(only, moving=only.mask))] == ["water"]


def test_nothing_moves_gives_no_candidate() -> None:
    assert make_candidates(regions()) == ()


def test_names_become_safe_ids() -> None:
    found = regions(region("Texture 1 / fire", slice(0, 8)))
    assert make_candidates(found)[0].id == "texture_1_fire"


def test_limits_hold() -> None:
    found = regions(*(region(f"r{i}", slice(4 * i, 4 * i + 4)) for i in range(4)))
    assert len(make_candidates(found, CandidateOptions(combine=4, most=5))) == 5
    assert len(make_candidates(found, CandidateOptions(combine=1))) == 4


@pytest.mark.parametrize("field", ["combine", "most"])
def test_options_out_of_range_are_one_line(field: str) -> None:
    with pytest.raises(ConfigError, match=f"candidates.{field}: expected >= 1, received 0"):
        CandidateOptions(**{field: 0})
