from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cinekit.app.segment import areas, segment
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.testing import still_clip
from cinekit.testing.segmenter_suite import segmenter_clip

PLAIN = ("stabilise=off", "hydra.run.dir=out", "segmenter=masks", "segmenter.path=masks")


@pytest.fixture
def clip(jobs) -> Clip:
    """Water on the left, which ripples; a disc on the right, which swings."""
    clip = segmenter_clip(24, 60, 80)
    folder = Path("masks")
    folder.mkdir()
    left = np.zeros((60, 80), np.uint8)
    left[:, :40] = 255
    corner = np.zeros((60, 80), np.uint8)
    corner[:8, 60:68] = 255
    Image.fromarray(left).save(folder / "water.png")
    Image.fromarray(corner).save(folder / "flower.png")
    return clip


def report() -> dict:
    return json.loads(Path("out/segment.json").read_text("utf-8"))


def test_areas_regions_what_was_dropped_and_candidates(clip, capsys):
    assert segment([*PLAIN], clip) == 0
    found = report()
    area = {row["name"]: row["area"] for row in found["categories"]}
    assert area["water"] == pytest.approx(0.5, abs=0.02)
    assert [region["name"] for region in found["regions"]] == ["water"]
    (dropped,) = [one for one in found["dropped"] if one["name"] == "flower"]
    assert dropped["reason"].startswith("moves too little")
    assert "water" in {candidate["id"] for candidate in found["candidates"]}
    out = capsys.readouterr().out
    for line in (
        f"dropped    flower: {dropped['reason']}",
        "candidate  water: 50",
        "region     water: 50",
        "results: out",
    ):
        assert line in out


def test_the_overlay_has_every_frame_and_the_candidates_a_picture(clip):
    assert segment([*PLAIN], clip) == 0
    assert report()["files"] == {"overlay": "overlay.mp4", "candidates": "candidates.png"}
    with av.open("out/overlay.mp4") as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == clip.n_frames
    assert frames[0].shape[1] == 80
    left, right = frames[3][:60, 5:35].astype(int), frames[3][:60, 45:75].astype(int)
    original = clip.frames[3][:60].astype(int)
    # Tinted with the blue of water where the mask is, and not elsewhere.
    assert (left - original[:, 5:35])[..., 2].mean() > 30
    assert abs(right - original[:, 45:75]).mean() < 10
    with Image.open("out/candidates.png") as picture:
        assert picture.width > 300


def test_options_of_the_regions_are_those_of_make(clip):
    assert segment([*PLAIN, "regions.min_moving=0.0"], clip) == 0
    assert {region["name"] for region in report()["regions"]} == {"water", "flower"}


def test_a_clip_in_which_nothing_moves_is_a_result(jobs, capsys):
    arguments = ["stabilise=off", "hydra.run.dir=out", "segmenter=motion"]
    assert segment(arguments, still_clip()) == 0
    assert report()["candidates"] == []
    assert "no candidate: nothing moves by itself in this clip" in capsys.readouterr().out
    assert not Path("out/candidates.png").exists()


def test_it_needs_a_clip(run, jobs):
    done = run("segment", "segmenter=motion")
    assert done.status == 1
    assert "expected CLIP (the video)" in done.error
    assert "cinekit segment CLIP [NAME=VALUE ...]" in done.error
    assert "nowhere.mp4: expected a file, found none" in run("segment", "nowhere.mp4").error


def test_what_the_segmenter_refuses_is_one_line(run, jobs):
    done = run("segment", "clip.mp4", "segmenter=moton")
    assert done.status == 1
    assert "unknown segmenter 'moton' (did you mean 'motion'?)" in done.error


def test_areas_are_means_over_the_frames():
    water, sky, car = (
        Category("water", Motion.NATURAL),
        Category("sky", Motion.NATURAL),
        Category("vehicle", Motion.NON_NATURAL),
    )
    p = np.zeros((4, 2, 5, 3), np.uint8)
    p[..., 0] = 255
    p[0, :, 4] = (51, 204, 0)
    rows = {row["name"]: row for row in areas(SemanticResponse(p, (water, sky, car), "x"))}
    assert list(rows) == ["water", "sky"]
    assert rows["sky"] == {
        "name": "sky",
        "motion": "natural",
        "area": 0.05,
        "least": 0.0,
        "most": 0.2,
        "frames": 0.25,
        "confidence": 0.8,
    }


def test_a_response_that_never_changes_is_counted_once():
    water = Category("water", Motion.NATURAL)
    p = np.broadcast_to(np.full((2, 2, 1), 255, np.uint8), (500, 2, 2, 1))
    (row,) = areas(SemanticResponse(p, (water,), "x"))
    assert (row["area"], row["frames"], row["confidence"]) == (1, 1, 1)
