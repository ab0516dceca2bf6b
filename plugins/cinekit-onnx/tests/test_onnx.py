from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from cinekit_onnx.network import Layout
from cinekit_onnx.segmenter import Channels, OnnxSegmenter

from cinekit import Clip, ConfigError, NetworkOutput, WeightsError
from cinekit.testing import FrameSegmenterSuite, PackageSuite, WeightsSuite

sys.path.insert(0, str(Path(__file__).parent))

from onnx_files import RED_OR_BLUE, TensorProto, write

LABELS = "background, person, sky"
PLAIN = {"mean": [127.5], "std": [127.5]}


def painted(size=(40, 60)) -> Clip:
    """Red on the left, blue on the right, grey between."""
    frame = np.full((*size, 3), 127, np.uint8)
    third = size[1] // 3
    frame[:, :third] = (255, 20, 20)
    frame[:, -third:] = (20, 20, 255)
    return Clip(frame[None], 25.0)


def seen(segmenter: OnnxSegmenter) -> list[str]:
    """What wins at the left, in the middle, at the right."""
    response = segmenter.respond(painted())
    won = response.probabilities[0].argmax(axis=-1)
    w = won.shape[1]
    return [response.categories[won[won.shape[0] // 2, x]].name for x in (w // 6, w // 2, -w // 6)]


def made(path: Path, **options) -> OnnxSegmenter:
    return OnnxSegmenter(**{"model": str(path), "labels": LABELS, **PLAIN, **options})


EXPECTED = ["person", "background", "sky"]


class TestOptions(PackageSuite):
    distribution = "cinekit-onnx"


class TestLogits(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def network(self, tmp_path):
        self.path = write(tmp_path / "net.onnx")

    def segmenter(self):
        return made(self.path)


class TestWeights(WeightsSuite):
    file = "net.onnx"
    library = "onnxruntime"
    damages = ("empty", "text", "half", "scrambled")

    def write(self, path):
        write(path)

    def using(self, file):
        return made(file)


class TestClassNumbers(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def network(self, tmp_path):
        self.path = write(tmp_path / "net.onnx", last="argmax", nhwc=True, size=("h", "w"))

    def segmenter(self):
        return made(self.path, output=NetworkOutput.CLASS_INDEX, size=(33, 47))


@pytest.mark.parametrize("nhwc", [False, True])
@pytest.mark.parametrize(
    ("last", "output"),
    [
        (None, NetworkOutput.LOGITS),
        ("softmax", NetworkOutput.PROBABILITIES),
        ("argmax", NetworkOutput.CLASS_INDEX),
        ("argmax_flat", NetworkOutput.CLASS_INDEX),
    ],
)
def test_every_output_in_every_layout(tmp_path, nhwc, last, output):
    path = write(tmp_path / "net.onnx", nhwc=nhwc, last=last)
    assert seen(made(path, output=output)) == EXPECTED


def test_logits_and_probabilities_of_one_network_agree(tmp_path):
    logits = made(write(tmp_path / "a.onnx"))
    shares = made(write(tmp_path / "b.onnx", last="softmax"), output=NetworkOutput.PROBABILITIES)
    a, b = (s.respond(painted()).probabilities.astype(int) for s in (logits, shares))
    assert abs(a - b).max() <= 1


@pytest.mark.parametrize("flat", [False, True])
def test_a_mask(tmp_path, flat):
    path = write(tmp_path / "net.onnx", RED_OR_BLUE[1:2], last="sigmoid", nhwc=flat)
    segmenter = made(path, labels="background, person", output=NetworkOutput.MASK)
    person = segmenter.respond(painted()).probabilities[0, 8, :, 1]
    assert person[2] > 250
    assert person[-2] < 5


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_number_types(tmp_path, kind):
    assert seen(made(write(tmp_path / "net.onnx", kind=kind))) == EXPECTED


def test_whole_numbers_are_pixels(tmp_path):
    weights = RED_OR_BLUE * np.array([1, 1, 1, 255], np.float32)
    path = write(tmp_path / "net.onnx", weights, kind=TensorProto.UINT8, nhwc=True)
    assert seen(made(path, mean=[0.0], std=[1.0])) == EXPECTED


def test_channels_may_be_swapped(tmp_path):
    path = write(tmp_path / "net.onnx")
    assert seen(made(path, channels=Channels.BGR)) == EXPECTED[::-1]


def test_the_mean_is_in_the_order_of_the_channels(tmp_path):
    path = write(tmp_path / "net.onnx")
    # What is red is nothing once the mean of the red channel, the last one, is that of red.
    segmenter = made(path, channels=Channels.BGR, mean=[20.0, 20.0, 255.0])
    assert seen(segmenter)[0] == "background"


def test_a_size_that_the_file_leaves_open_must_be_given(tmp_path):
    path = write(tmp_path / "net.onnx", size=("h", "w"), batch="n")
    with pytest.raises(ConfigError, match=r"size: 'net\.onnx' takes pictures of any size"):
        seen(made(path))
    segmenter = made(path, size=(20, 30))
    assert seen(segmenter) == EXPECTED
    assert segmenter.respond(painted()).probabilities.shape[1:3] == (20, 30)


def test_a_size_that_the_file_refuses_is_one_clear_line(tmp_path):
    path = write(tmp_path / "net.onnx")
    with pytest.raises(ConfigError, match="takes pictures of width 24, received 32"):
        seen(made(path, size=(16, 32)))


def test_a_layout_that_the_file_leaves_open_must_be_given(tmp_path):
    path = write(tmp_path / "net.onnx", size=(16, 3))
    with pytest.raises(ConfigError, match="give nchw or nhwc"):
        seen(made(path))
    assert made(path, layout=Layout.NCHW).respond(painted()).probabilities.shape[1:3] == (16, 3)
    other = write(tmp_path / "other.onnx")
    with pytest.raises(WeightsError, match="three channels in the layout nhwc"):
        seen(made(other, layout=Layout.NHWC))


def test_large_logits_are_sampled_where_the_cells_are(tmp_path):
    path = write(tmp_path / "net.onnx", size=(60, 90))
    response = made(path, cells=30).respond(painted((60, 90)))
    assert response.probabilities.shape[1:3] == (20, 30)
    person = [c.name for c in response.categories].index("person")
    assert (response.probabilities[0, :, :10, person] > 250).all()
    assert (response.probabilities[0, :, 10:, person] < 120).all()


def test_one_of_several_outputs(tmp_path):
    path = write(tmp_path / "net.onnx", extra_output=True)
    with pytest.raises(WeightsError, match="its output 'aux' is"):
        seen(made(path))
    assert seen(made(path, output_name="answer")) == EXPECTED
    with pytest.raises(ConfigError, match="no output 'other', only aux, answer"):
        seen(made(path, output_name="other"))


def test_the_number_of_threads_does_not_change_the_response(tmp_path):
    path = write(tmp_path / "net.onnx", size=(64, 96))
    one, two = (made(path, threads=n).respond(painted()).probabilities for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_a_network_with_one_class_more_than_the_vocabulary_has_background_first(tmp_path):
    path = write(tmp_path / "net.onnx", np.zeros((20, 4), np.float32))
    classes = made(path, labels="cityscapes_19").classes()
    assert classes[:2] == ("background", "road")
    assert len(classes) == 20


def test_the_wrong_number_of_labels_is_one_clear_line(tmp_path):
    path = write(tmp_path / "net.onnx")
    with pytest.raises(WeightsError, match=r"expected 21 classes.* has 3"):
        seen(made(path, labels="voc_21"))


def test_class_numbers_beyond_the_labels_are_one_clear_line(tmp_path):
    path = write(tmp_path / "net.onnx", last="argmax")
    with pytest.raises(WeightsError, match=r"class numbers from 0 to 1.*answers 0 to 2"):
        seen(made(path, labels="background, person", output=NetworkOutput.CLASS_INDEX))


def test_the_wrong_kind_of_output_is_one_clear_line(tmp_path):
    with pytest.raises(WeightsError, match=r"expected 'a\.onnx' to answer a number per class"):
        seen(made(write(tmp_path / "a.onnx", last="argmax_flat")))
    with pytest.raises(WeightsError, match=r"expected 'b\.onnx' to answer one number per pixel"):
        seen(made(write(tmp_path / "b.onnx"), output=NetworkOutput.CLASS_INDEX))


def test_a_batch_that_is_fixed_is_one_clear_line(tmp_path):
    with pytest.raises(WeightsError, match="export it with a batch of 1"):
        seen(made(write(tmp_path / "net.onnx", batch=4)))


def test_a_size_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="size: expected a value >= 1"):
        made(Path("x"), size=(0, 4))
