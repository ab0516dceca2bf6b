from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from cinekit_litert.segmenter import LitertSegmenter

from cinekit import (
    Clip,
    NetworkOutput,
    SegmenterError,
    WeightsError,
    build_option,
    load_plugins,
)
from cinekit.testing import FrameSegmenterSuite, PackageSuite, WeightsSuite

sys.path.insert(0, str(Path(__file__).parent))

from tiny import RED_OR_BLUE, write

LABELS = "background, person, sky"


def painted(size=(40, 60)) -> Clip:
    """Red on the left, blue on the right, grey between."""
    frame = np.full((*size, 3), 127, np.uint8)
    third = size[1] // 3
    frame[:, :third] = (255, 20, 20)
    frame[:, -third:] = (20, 20, 255)
    return Clip(frame[None], 25.0)


def seen(segmenter: LitertSegmenter) -> list[str]:
    """What wins at the left, in the middle, at the right."""
    response = segmenter.respond(painted())
    won = response.probabilities[0].argmax(axis=-1)
    w = won.shape[1]
    return [response.categories[won[won.shape[0] // 2, x]].name for x in (w // 6, w // 2, -w // 6)]


EXPECTED = ["person", "background", "sky"]


class TestPackage(PackageSuite):
    distribution = "cinekit-litert"


class TestLogits(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def network(self, tmp_path):
        self.path = write(tmp_path / "net.tflite", RED_OR_BLUE)

    def segmenter(self):
        return LitertSegmenter(model=str(self.path), labels=LABELS)


class TestWeights(WeightsSuite):
    file = "net.tflite"
    library = "ai_edge_litert.interpreter"
    damages = ("empty", "text", "half", "scrambled")

    def write(self, path):
        write(path, RED_OR_BLUE)

    def using(self, file):
        return LitertSegmenter(model=file, labels=LABELS)


class TestPreset(FrameSegmenterSuite):
    """The preset with the smallest network, on its real weights."""

    sizes = ((16, 16), (160, 90))

    @pytest.fixture(autouse=True)
    def weights(self, test_data):
        self.path = test_data / "weights" / "selfie_segmentation.tflite"

    def segmenter(self):
        return LitertSegmenter(
            model=str(self.path),
            labels="background, person",
            output=NetworkOutput.MASK,
            mean=[0.0],
            std=[255.0],
        )


def test_logits(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE)
    assert seen(LitertSegmenter(model=str(path), labels=LABELS)) == EXPECTED


def test_logits_of_a_large_output_are_sampled_where_the_cells_are(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE, size=(60, 90))
    small = LitertSegmenter(model=str(path), labels=LABELS, cells=30)
    assert seen(small) == EXPECTED
    response = small.respond(painted((60, 90)))
    assert response.probabilities.shape[1:3] == (20, 30)
    person = [c.name for c in response.categories].index("person")
    assert (response.probabilities[0, :, :, person].argmin(axis=1) >= 10).all()


def test_class_numbers(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE, last="argmax")
    segmenter = LitertSegmenter(model=str(path), labels=LABELS, output=NetworkOutput.CLASS_INDEX)
    assert seen(segmenter) == EXPECTED
    p = segmenter.respond(painted()).probabilities
    assert set(np.unique(p)) <= {0, 255} | set(range(1, 255))
    assert (p.max(axis=-1) == 255).mean() > 0.9  # soft only at borders


def test_a_mask(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE[1:2] * 2, last="sigmoid")
    segmenter = LitertSegmenter(
        model=str(path), labels="background, person", output=NetworkOutput.MASK, cells=200
    )
    response = segmenter.respond(painted())
    person = response.probabilities[0, 8, :, 1]
    assert person[2] > 250
    assert person[-2] < 5


def test_whole_numbers_in_and_out(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE / 2, quantised=True)
    assert seen(LitertSegmenter(model=str(path), labels=LABELS)) == EXPECTED


def test_probabilities(tmp_path):
    weights = np.array([[0, 0, 0, 0.2], [0.4, 0, -0.4, 0.4], [-0.4, 0, 0.4, 0.4]], np.float32)
    path = write(tmp_path / "net.tflite", weights)
    segmenter = LitertSegmenter(model=str(path), labels=LABELS, output=NetworkOutput.PROBABILITIES)
    middle = segmenter.respond(painted()).frame(0)[8, 12]
    np.testing.assert_allclose(middle, [0.2, 0.4, 0.4], atol=0.01)


def test_normalisation_is_applied_per_channel(tmp_path):
    # What is red in [-1, 1] is nothing once the mean of red is that of the red part.
    path = write(tmp_path / "net.tflite", RED_OR_BLUE)
    segmenter = LitertSegmenter(model=str(path), labels=LABELS, mean=[255.0, 20.0, 20.0])
    assert seen(segmenter)[0] == "background"


def test_a_network_with_one_class_more_than_the_vocabulary_has_background_first(tmp_path):
    rows = np.zeros((20, 4), np.float32)
    path = write(tmp_path / "net.tflite", rows)
    classes = LitertSegmenter(model=str(path), labels="cityscapes_19").classes()
    assert classes[:2] == ("background", "road")
    assert len(classes) == 20


def test_labels_may_come_from_a_file(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE)
    labels = tmp_path / "labels.txt"
    labels.write_text("1\tperson\n2\tsky\n", "utf-8")
    assert seen(LitertSegmenter(model=str(path), labels=str(labels))) == EXPECTED


def test_the_wrong_number_of_labels_is_one_clear_line(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE)
    with pytest.raises(WeightsError, match=r"expected 21 classes.* has 3"):
        LitertSegmenter(model=str(path), labels="voc_21").respond(painted())


def test_class_numbers_beyond_the_labels_are_one_clear_line(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE, last="argmax")
    segmenter = LitertSegmenter(
        model=str(path), labels="background, person", output=NetworkOutput.CLASS_INDEX
    )
    with pytest.raises(WeightsError, match=r"class numbers from 0 to 1.*answers 0 to 2"):
        segmenter.respond(painted())


def test_a_network_of_another_kind_is_one_clear_line(test_data):
    path = test_data / "weights" / "face_landmark.tflite"
    with pytest.raises(WeightsError, match="it is no segmentation network"):
        LitertSegmenter(model=str(path), labels=LABELS).respond(painted())


def test_a_label_without_a_category_is_an_error(tmp_path):
    path = write(tmp_path / "net.tflite", RED_OR_BLUE)
    with pytest.raises(SegmenterError, match="'hobbit'"):
        LitertSegmenter(model=str(path), labels="background, sky, hobbit").respond(painted())


def photo(folder: Path, name: str) -> Clip:
    from PIL import Image

    with Image.open(folder / name) as image:
        picture = image.convert("RGB")
        picture.thumbnail((480, 480))
        return Clip(np.asarray(picture)[None], 25.0)


@pytest.mark.parametrize(
    ("preset", "picture", "categories"),
    [
        ("ade20k", "photos/mdn_balloon.jpg", {"sky"}),
        ("ade20k", "segmentation/water_motion_masks/0_image.png", {"water"}),
        ("voc", "photos/coral_pets.jpg", {"dog"}),
        ("voc", "photos/coral_parrot.jpg", {"bird"}),
        ("selfie", "photos/skimage_astronaut.png", {"person"}),
        ("selfie_landscape", "photos/coral_face.jpg", {"person"}),
    ],
)
def test_the_presets_see_what_is_in_a_photograph(
    test_data, monkeypatch, preset, picture, categories
):

    monkeypatch.setenv("CINEKIT_MODELS", str(test_data / "weights"))
    segmenter = build_option(load_plugins(), "segmenter", preset)
    response = segmenter.respond(photo(test_data, picture))
    won = np.bincount(response.probabilities[0].argmax(axis=-1).ravel(), minlength=40)
    seen = {c.name for c, n in zip(response.categories, won, strict=False) if n > 0.1 * won.sum()}
    assert categories <= seen
