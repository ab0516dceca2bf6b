"""Candidates: single regions, combinations, everything."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cinekit.errors import ConfigError, SegmenterError
from cinekit.model import Motion, Region, Regions
from cinekit.see.candidates import CandidateOptions, make_candidates


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
    with pytest.raises(ConfigError, match=f"{field}: expected a value >= 1, received 0"):
        CandidateOptions(**{field: 0})


def paint(path: Path, mask: np.ndarray) -> Path:
    cv2.imwrite(str(path), mask.astype(np.uint8) * 255)
    return path


def test_what_is_painted_is_solved_instead(tmp_path: Path) -> None:
    left, right = region("water", slice(0, 10)), region("fire", slice(10, 20))
    found = regions(left, right)
    large = np.kron(left.mask, np.ones((2, 2), bool))  # of twice the size
    file = paint(tmp_path / "My brush.png", large)
    (one,) = make_candidates(found, CandidateOptions(painted=str(file)))
    assert (one.id, one.regions) == ("my_brush", ("water",))
    np.testing.assert_array_equal(one.target, left.mask)
    paint(tmp_path / "rest.png", right.mask)
    both = make_candidates(found, CandidateOptions(painted=str(tmp_path)))
    assert [c.id for c in both] == ["my_brush", "rest"]


def test_paint_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    found = regions(region("water", slice(0, 10)))
    file = paint(tmp_path / "black.png", np.zeros((20, 10), bool))
    with pytest.raises(SegmenterError, match=r"expected white in '.*black.png', found none"):
        make_candidates(found, CandidateOptions(painted=str(file)))
    file = paint(tmp_path / "wide.png", np.ones((20, 30), bool))
    with pytest.raises(SegmenterError, match="in the proportions of the frames"):
        make_candidates(found, CandidateOptions(painted=str(file)))
    with pytest.raises(SegmenterError, match="found nothing there"):
        make_candidates(found, CandidateOptions(painted=str(tmp_path / "none")))
    for name in ("black.png", "wide.png"):
        (tmp_path / name).unlink()
    for i in range(2):
        paint(tmp_path / f"{i}.png", np.ones((20, 10), bool))
    with pytest.raises(SegmenterError, match="one picture, or a folder with one for each"):
        make_candidates(found, CandidateOptions(painted=str(tmp_path)))
