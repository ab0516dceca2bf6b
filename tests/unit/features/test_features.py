"""Features say what was planted, with names, units and ranges that hold."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from cinekit.errors import ConfigError, MissingDependencyError, RankError
from cinekit.features import (
    FEATURES,
    NAMES,
    FaceFeatures,
    StandardFeatures,
    extract_all,
    read_features,
    write_csv,
    write_features,
)
from cinekit.features.look import saliency
from cinekit.features.registry import FACES
from cinekit.features.table import content_hash, write_parquet
from cinekit.labels import LabelMap
from cinekit.model import (
    Category,
    Clip,
    Motion,
    SemanticResponse,
)
from cinekit.protocols import Progress, silent
from cinekit.see.motion import MotionSegmenter
from cinekit.testing import FeatureSuite, loop_of, moving_box

CORE = {"standard": StandardFeatures(), "faces": FaceFeatures()}
H, W, N, FPS = 72, 128, 20, 25.0
BOX = (slice(20, 60), slice(64, 120))


class TestStandard(FeatureSuite):
    def features(self):
        return StandardFeatures()


class TestFaces(FeatureSuite):
    def features(self):
        return FaceFeatures(parser=MotionSegmenter())


def of(frames: np.ndarray) -> dict[str, float]:
    scene, loop = loop_of(frames)
    return extract_all(CORE, scene, loop, frames)


@pytest.fixture(scope="module")
def values() -> dict[str, float]:
    return of(moving_box())


def test_every_registered_feature_is_there_in_its_order(values):
    assert tuple(values) == NAMES
    assert len(set(NAMES)) == len(NAMES)
    assert sum(name.startswith(("still_", "moving_")) for name in NAMES) >= 64
    assert all(feature.unit and feature.meaning for feature in FEATURES.values())


@pytest.mark.parametrize(
    "frames",
    [moving_box(), moving_box(speed=3.0), moving_box(speed=0.0), np.zeros((N, H, W, 3), np.uint8)],
)
def test_values_stay_in_their_range(frames):
    for name, value in of(frames).items():
        if not math.isnan(value):
            assert FEATURES[name].low <= value <= FEATURES[name].high, name


def test_motion_to_the_right_is_seen_and_measured(values):
    assert values["flow_direction_x"] > 0.7
    assert abs(values["flow_direction_y"]) < 0.3
    expected = FPS / math.hypot(H, W)  # one pixel a frame, in diagonals per second
    # Some of the points are corners of the box itself, which stands still.
    assert 0.6 * expected < values["track_speed"] < 1.05 * expected
    assert values["track_smoothness"] > 0.8
    assert values["flow_mean"] == pytest.approx(expected, rel=0.5)


def test_faster_motion_is_faster(values):
    assert of(moving_box(speed=2.0))["track_speed"] > 1.5 * values["track_speed"]


def test_the_place_of_the_motion(values):
    assert values["moving_x"] == pytest.approx(92 / W, abs=0.02)
    assert values["moving_y"] == pytest.approx(40 / H, abs=0.02)
    assert values["moving_parts"] == 1


def test_occurrence_is_split_between_still_and_moving(values):
    assert values["moving_water"] == pytest.approx(1.0, abs=0.03)
    assert values["still_building"] > 0.95
    assert values["moving_building"] < 0.03
    assert values["moving_dog"] == 0.0


def test_periods_energies_and_measures(values):
    assert values["period_mean"] == pytest.approx(10 / FPS)
    assert values["period_dominant"] == 1.0
    assert values["period_count"] == 1
    assert values["energy_temporal"] == 1.0  # 100 over 10x10, borders left out
    assert values["energy_total"] == pytest.approx(1.5)
    assert values["loop_own_jump"] == 1.5
    assert values["verdict"] == 2
    assert math.isnan(values["loop_seam_step"])


def test_nobody_looked_for_faces(values):
    assert values["face_known"] == 0
    assert math.isnan(values["face_count"])


class Drawn:
    """A parser that sees the faces that were drawn: skin with eyes on it, and hair."""

    def __init__(self, *boxes: tuple[slice, slice]) -> None:
        self.boxes = boxes

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        names = ("background", "skin", "eyes", "hair")
        cells = np.zeros((clip.n_frames, 36, 64, len(names)), np.uint8)
        cells[:, 20:, :, 3] = 255  # hair is no face
        for box in self.boxes:
            cells[:, box[0], box[1]] = (0, 128, 127, 0)
        cells[..., 0] = 255 - cells[..., 1:].sum(axis=-1)
        categories = tuple(Category(name, Motion.NON_NATURAL) for name in names)
        return SemanticResponse(cells, categories, "drawn")


def test_faces_are_counted_and_the_largest_is_placed():
    scene, loop = loop_of(moving_box())
    large, small = (slice(4, 16), slice(40, 50)), (slice(4, 8), slice(8, 12))
    found = FaceFeatures(parser=Drawn(large, small)).extract(scene, loop, moving_box())
    assert tuple(found) == tuple(feature.name for feature in FACES)
    assert found["face_known"] == 1
    assert found["face_count"] == 2
    assert found["face_area"] == pytest.approx(120 / (36 * 64))
    assert (found["face_x"], found["face_y"]) == pytest.approx((45 / 64, 10 / 36))


def test_no_face_is_another_thing_than_nobody_looking():
    scene, loop = loop_of(moving_box())
    found = FaceFeatures(parser=Drawn()).extract(scene, loop, moving_box())
    assert (found["face_known"], found["face_count"], found["face_area"]) == (1, 0, 0)
    assert math.isnan(found["face_x"])


def test_two_extractors_cannot_give_the_same_feature():
    scene, loop = loop_of(moving_box())
    twice = {"standard": StandardFeatures(), "again": StandardFeatures(width=64)}
    with pytest.raises(RankError, match="'standard' and 'again' both give 'sharpness_frame'"):
        extract_all(twice, scene, loop, moving_box())


def test_nothing_moves():
    values = of(moving_box(speed=0.0))
    assert values["flow_mean"] == 0
    assert values["track_count"] == 0
    assert math.isnan(values["moving_x"])
    assert math.isnan(values["moving_water"])
    assert values["still_water"] > 0.1


def test_blur_is_less_sharp_and_colour_is_seen(values):
    import cv2

    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 3) for frame in moving_box()])
    assert of(blurred)["sharpness_frame"] < values["sharpness_frame"]
    red = moving_box()
    red[..., 1:] //= 3
    assert of(red)["colourfulness"] > values["colourfulness"] + 10


def test_the_odd_thing_is_salient():
    grey = np.full((60, 80), 90, np.uint8)
    grey[20:30, 50:60] = 220
    found = saliency(grey)
    assert found.sum() == pytest.approx(1.0, abs=1e-3)
    assert found[15:35, 45:65].sum() > 3 * (20 * 20) / (60 * 80)


def test_a_larger_clip_gives_nearly_the_same_features(values):
    large = moving_box().repeat(2, axis=1).repeat(2, axis=2)
    small = StandardFeatures(width=W)
    scene, loop = loop_of(moving_box())
    labels = LabelMap(
        *(a.repeat(2, 0).repeat(2, 1) for a in (loop.labels.period, loop.labels.start)),
        N,
    )
    scene = replace(scene, clip=Clip(large, FPS))
    again = small.extract(scene, replace(loop, labels=labels), large)
    for name in ("flow_mean", "track_speed", "moving_x", "looping_area", "moving_water"):
        assert again[name] == pytest.approx(values[name], rel=0.1), name


def test_other_frames_are_refused():
    scene, loop = loop_of(moving_box())
    with pytest.raises(RankError, match=r"expected the loop's frames as \(n, 72, 128, 3\)"):
        StandardFeatures().extract(scene, loop, np.zeros((3, 10, 10, 3), np.uint8))
    with pytest.raises(ConfigError, match="expected a value >="):
        StandardFeatures(width=3)


def test_features_come_back_from_their_file(values, tmp_path: Path):
    write_features({"water": values}, tmp_path)
    again = read_features(tmp_path)
    np.testing.assert_equal(again, {"water": dict(values)})
    write_csv(again, tmp_path / "t.csv")
    (row,) = csv.DictReader((tmp_path / "t.csv").read_text().splitlines())
    assert row["candidate"] == "water"
    assert float(row["verdict"]) == 2
    assert row["face_count"] == ""
    write_parquet(again, tmp_path / "t.parquet")
    columns = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert columns.pop("candidate") == ["water"]
    np.testing.assert_equal({name: column[0] for name, column in columns.items()}, dict(values))


def test_parquet_without_its_library_is_one_line(values, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cinekit\[parquet\]'"):
        write_parquet({"water": values}, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())


def test_a_folder_without_features_is_one_line(tmp_path: Path):
    with pytest.raises(RankError, match="give the folder of a result"):
        read_features(tmp_path)
    (tmp_path / "features.json").write_text('{"schema": "other"}')
    with pytest.raises(RankError, match=r"expected cinekit.features/1"):
        read_features(tmp_path)


def test_the_same_content_has_the_same_name(values):
    assert content_hash("clip", "water", values) == content_hash("clip", "water", dict(values))
    assert content_hash("clip", "water", values) != content_hash("clip", "tree", values)
