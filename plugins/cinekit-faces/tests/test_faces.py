from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from cinekit_faces import mesh
from cinekit_faces.detect import ANCHORS, Box, Square, anchors, decode, overlap, squares, suppress
from cinekit_faces.masks import CLASSES, draw, face_probabilities
from cinekit_faces.segmenter import FaceMeshSegmenter
from PIL import Image

from cinekit import Clip, ConfigError, WeightsError, face_categories
from cinekit.testing import FrameSegmenterSuite, PackageSuite

PARTS = {"skin", "brows", "eyes", "mouth"}


def photo(folder: Path, name: str, longest: int = 512) -> np.ndarray:
    with Image.open(folder / "photos" / name) as image:
        picture = image.convert("RGB")
        picture.thumbnail((longest, longest))
        return np.asarray(picture)


@pytest.fixture
def made(test_data):
    weights = test_data / "weights"

    def build(**options) -> FaceMeshSegmenter:
        return FaceMeshSegmenter(
            detector=str(weights / "face_detection_short_range.tflite"),
            landmarks=str(weights / "face_landmark.tflite"),
            **options,
        )

    return build


class TestOptions(PackageSuite):
    distribution = "cinekit-faces"


class TestFaceMesh(FrameSegmenterSuite):
    """On a portrait that moves a little, in every size."""

    @pytest.fixture(autouse=True)
    def weights(self, made, test_data):
        self.made = made
        self.portrait = photo(test_data, "skimage_astronaut.png")[:256, 100:356]

    def segmenter(self):
        return self.made()

    def clip(self, size=None, n_frames=None):
        h, w = size or (90, 160)
        side = min(h, w)
        frames = np.full((n_frames or self.n_frames, h, w, 3), 90, np.uint8)
        face = cv2.resize(self.portrait, (side, side), interpolation=cv2.INTER_AREA)
        for t, frame in enumerate(frames):
            left = min(t, w - side)
            frame[:side, left : left + side] = face
        return Clip(frames, 25.0)


def areas(segmenter: FaceMeshSegmenter, frame: np.ndarray) -> dict[str, np.ndarray]:
    """The probability of every category, at the size of the frame."""
    response = segmenter.respond(Clip(frame[None], 25.0))
    size = frame.shape[1], frame.shape[0]
    return {
        category.name: cv2.resize(response.frame(0)[..., c], size)
        for c, category in enumerate(response.categories)
    }


def test_the_parts_of_a_face_are_where_they_are(made, test_data):
    seen = areas(made(), photo(test_data, "skimage_astronaut.png"))
    assert set(seen) == PARTS | {"background"}
    # Pixels of the photograph, looked up by eye.
    for name, (x, y) in {
        "eyes": (204, 105),
        "mouth": (222, 144),
        "skin": (222, 120),
        "background": (400, 300),
    }.items():
        assert seen[name][y, x] > 0.8, name
    y, x = np.nonzero(seen["eyes"] > 0.5)
    assert 180 < x.min() < x.max() < 265
    assert 88 < y.min() < y.max() < 118
    assert seen["brows"][:100].sum() > 0.9 * seen["brows"].sum()


def test_landmarks_lie_on_what_they_are_named_after(made, test_data):
    # Outer corners of the eyes and the mouth, read off the enlarged photograph.
    (points,) = made().find(photo(test_data, "skimage_astronaut.png"))
    corners = {33: (193, 102), 263: (258, 104), 61: (203, 140), 291: (244, 142)}
    for index, where in corners.items():
        np.testing.assert_allclose(points[index], where, atol=4)


def test_a_turned_face_is_parsed_as_it_lies(made, test_data):
    upright = photo(test_data, "skimage_astronaut.png")[:300, 80:380]
    middle = (149.5, 149.5)
    turn = cv2.getRotationMatrix2D(middle, 40, 1.0)
    straight = areas(made(), upright)
    turned = areas(made(), cv2.warpAffine(upright, turn, (300, 300)))
    for name in PARTS:
        wanted = cv2.warpAffine(straight[name], turn, (300, 300)) > 0.5
        found = turned[name] > 0.5
        assert (wanted & found).sum() > 0.6 * (wanted | found).sum(), name


def test_several_faces_large_and_small(made, test_data):
    frame = photo(test_data, "coral_face.jpg")
    faces = made().find(frame)
    assert len(faces) == 4
    centres = sorted(round(float(points[:, 0].mean())) for points in faces)
    assert centres == pytest.approx([26, 171, 301, 463], abs=12)
    assert len(made(faces=2).find(frame)) == 2
    assert len(made(scales=1).find(frame)) < 4


@pytest.mark.parametrize("name", ["coral_pets.jpg", "opencv_home.jpg", "coral_kite_and_cold.jpg"])
def test_where_nobody_looks_at_the_camera_there_is_no_face(made, test_data, name):
    segmenter = made()
    response = segmenter.respond(Clip(photo(test_data, name)[None], 25.0))
    names = [category.name for category in response.categories]
    assert (response.probabilities[..., names.index("background")] == 255).all()
    assert response.notes == ("no face was found in any frame of 1",)


def test_frames_without_a_face_are_counted(made, test_data):
    face = photo(test_data, "skimage_astronaut.png", 200)
    clip = Clip(np.stack([face, np.zeros_like(face), face]), 25.0)
    assert made().respond(clip).notes == ("no face was found in 1 frames of 3",)


def test_every_part_has_a_category_of_the_face_table():
    vocabulary = FaceMeshSegmenter().vocabulary()
    known = {category.name for category in face_categories()}
    fold = dict(zip(vocabulary.classes, vocabulary.category_of, strict=True))
    assert fold.pop("background") == "background"
    assert set(fold.values()) == PARTS <= known


def test_there_is_an_anchor_for_every_box():
    assert anchors().shape == (ANCHORS, 2)
    np.testing.assert_allclose(
        anchors()[:3], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]]
    )
    np.testing.assert_allclose(anchors()[-1], [15 / 16, 15 / 16])


def test_a_box_is_decoded_into_pixels_of_the_frame():
    values = np.zeros(16, np.float32)
    values[:6] = (4, 8, 32, 16, -8, 0)
    square = Square(199.5, 99.5, 256.0)  # two pixels of the frame to one of the network
    box = decode(values, np.array([0.5, 0.5]), 0.9, square.to_frame(128))
    middle = np.array([199.5 + 8, 99.5 + 16])
    np.testing.assert_allclose(box.corners, [*(middle - (32, 16)), *(middle + (32, 16))])
    np.testing.assert_allclose(box.points[0], [199.5 - 16, 99.5])


@pytest.mark.parametrize("side", [40.0, 100.0, 310.0])
@pytest.mark.parametrize("angle", [0.0, 0.6, -2.0])
def test_a_cut_square_shows_what_it_says(side, angle):
    y, x = np.mgrid[:400, :500]
    frame = np.stack([x / 2, y / 2, 0 * x], axis=-1).astype(np.uint8)
    square = Square(250.0, 200.0, side, angle)
    cut = square.cut(frame, 64).astype(float)
    for row, column in ((32, 32), (20, 40), (45, 25)):
        where = square.to_frame(64) @ (column, row, 1)
        np.testing.assert_allclose(cut[row, column, :2], where / 2, atol=1.6)


def test_squares_cover_the_frame():
    for height, width in ((90, 160), (540, 960), (960, 540), (64, 64), (16, 200)):
        for scales in (1, 2, 3):
            found = list(squares(height, width, scales))
            assert found[0].side == max(height, width)
            for square in found[1:]:
                assert square.x - square.side / 2 >= -0.501
                assert square.x + square.side / 2 <= width - 0.499
                assert square.y + square.side / 2 <= height - 0.499
    small = [s for s in squares(540, 960, 3) if s.side == 270]
    seen = np.zeros((540, 960), bool)
    for s in small:
        seen[round(s.y - 134.5) : round(s.y + 135.5), round(s.x - 134.5) : round(s.x + 135.5)] = (
            True
        )
    assert seen.all()


def box(x: float, score: float, size: float = 10.0) -> Box:
    corners = np.array([x, 0, x + size, size], float)
    return Box(score, corners, np.full((6, 2), x, float))


def test_boxes_of_one_face_become_one():
    kept = suppress([box(0, 0.6), box(1, 0.9), box(50, 0.7), box(80, 0.5, size=0.0)])
    assert [one.score for one in kept] == [0.9, 0.7]
    assert kept[0].corners[0] == pytest.approx((0 * 0.6 + 1 * 0.9) / 1.5)
    assert overlap(box(0, 1).corners, box(5, 1).corners) == pytest.approx(1 / 3)


def test_a_region_is_upright_for_the_face():
    points = np.zeros((6, 2))
    points[0], points[1] = (10, 10), (20, 20)  # right eye, left eye
    region = Box(1.0, np.array([0, 0, 40, 30.0]), points).region()
    assert region.angle == pytest.approx(np.pi / 4)
    assert (region.x, region.y) == (20, 15)
    assert region.side == pytest.approx(60)


def test_the_square_around_landmarks_turns_with_them():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (468, 2)) * (30, 40)
    points[33], points[263] = (-10, 0), (10, 0)
    plain = mesh.around(points)
    c, s = np.cos(0.5), np.sin(0.5)
    turned = mesh.around(points @ np.array([[c, s], [-s, c]]) + (100, 50))
    assert turned.angle - plain.angle == pytest.approx(0.5)
    assert turned.side == pytest.approx(plain.side)
    np.testing.assert_allclose(
        (turned.x, turned.y),
        np.array([[c, -s], [s, c]]) @ (plain.x, plain.y) + (100, 50),
        atol=1e-9,
    )


def test_a_polygon_is_drawn_to_the_fraction_of_a_cell_and_grows():
    square = np.array([[10.0, 10], [30, 10], [30, 20], [10, 20]])
    plain = draw(square, (40, 50))
    assert plain[15, 20] == pytest.approx(1, abs=0.01)
    assert plain[30, 20] == 0
    assert plain.sum() == pytest.approx(21 * 11, rel=0.12)
    shifted = draw(square + (0.5, 0), (40, 50))
    assert shifted[15, 30] > plain[15, 30]
    grown = draw(square, (40, 50), margin=4.0)
    assert grown[23, 20] > 0.9
    closed = np.array([[10.0, 15], [30, 15], [20, 15]])  # an eye that is shut
    assert draw(closed, (40, 50), margin=3.0)[17, 20] > 0.8


def test_parts_share_a_cell_and_sum_to_one():
    rng = np.random.default_rng(0)
    faces = [rng.uniform(0, 60, (468, 2)), rng.uniform(-40, 300, (468, 2))]
    p = face_probabilities(faces, (120, 160), (60, 80), grow=0.2)
    assert p.shape == (60, 80, len(CLASSES))
    np.testing.assert_allclose(p.sum(axis=-1), 1, atol=1e-5)
    assert p.min() >= 0


@pytest.mark.parametrize("which", ["detector", "landmarks"])
@pytest.mark.parametrize("damage", ["empty", "text", "half", "other"])
def test_weights_that_are_damaged_or_of_another_network_are_one_clear_line(
    made, test_data, tmp_path, which, damage
):
    good = made()
    path = tmp_path / "net.tflite"
    whole = Path(getattr(good, which)).read_bytes()
    if damage == "other":
        shutil.copy(test_data / "weights" / "selfie_segmentation.tflite", path)
    else:
        path.write_bytes({"empty": b"", "text": b"no network" * 99, "half": whole[:9000]}[damage])
    files = {"detector": good.detector, "landmarks": good.landmarks, which: str(path)}
    segmenter = FaceMeshSegmenter(**files)
    with pytest.raises(WeightsError, match=r"'net\.tflite'") as error:
        segmenter.respond(Clip(np.zeros((1, 32, 32, 3), np.uint8), 25.0))
    assert "\n" not in str(error.value)


def test_missing_weights_say_where_to_put_them(tmp_path, monkeypatch):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
    reason = FaceMeshSegmenter().unavailable()
    assert reason is not None
    assert "'face_detection_short_range.tflite'" in reason
    assert str(tmp_path) in reason


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"faces": 0}, "faces: expected a value >= 1"),
        ({"scales": 0}, "scales: expected a value >= 1"),
        ({"confidence": 1.0}, r"confidence: expected a value in \(0, 1\)"),
        ({"grow": -0.1}, r"grow: expected a value in \[0, 1\]"),
    ],
)
def test_options_out_of_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        FaceMeshSegmenter(**wrong)
