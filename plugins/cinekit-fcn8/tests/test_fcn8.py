from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cinekit_fcn8.caffemodel import read_caffemodel
from cinekit_fcn8.network import FCN8s, bilinear
from cinekit_fcn8.segmenter import CONTEXT_59, MEAN_BGR, Fcn8Segmenter
from cinekit_fcn8.weights import load_network

from cinekit import Clip, ConfigError, WeightsError, load_vocabulary
from cinekit.testing import FrameSegmenterSuite, PackageSuite, WeightsSuite

sys.path.insert(0, str(Path(__file__).parent))

from fcn8_files import HIDDEN, WIDTHS, blobs_of, narrow, write_caffemodel


class TestOptions(PackageSuite):
    distribution = "cinekit-fcn8"


class TestStateDict(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def weights(self, tmp_path):
        self.path = tmp_path / "net.pth"
        torch.save(narrow().state_dict(), self.path)

    def segmenter(self):
        return Fcn8Segmenter(model=str(self.path), longest=120)


class TestTorchWeights(WeightsSuite):
    def write(self, path):
        torch.save(narrow().state_dict(), path)

    def using(self, file):
        return Fcn8Segmenter(model=file)


class TestCaffeWeights(TestTorchWeights):
    file = "net.caffemodel"

    def write(self, path):
        write_caffemodel(path, blobs_of(narrow()))


class TestCaffeModel(FrameSegmenterSuite):
    sizes = ((16, 16), (33, 20))
    n_frames = 3

    @pytest.fixture(autouse=True)
    def weights(self, tmp_path):
        self.path = write_caffemodel(tmp_path / "net.caffemodel", blobs_of(narrow(60)))

    def segmenter(self):
        return Fcn8Segmenter(model=str(self.path))


def shapes_of(height: int, width: int, n_classes: int) -> dict[str, tuple[int, ...]]:
    """(channels, height, width) of every layer's output at the published widths; no arithmetic."""
    with torch.device("meta"):
        network = FCN8s(n_classes)
        found = {}
        for name, module in network.named_children():
            module.register_forward_hook(
                lambda _module, _input, output, name=name: found.update(
                    {name: tuple(output.shape[1:])}
                )
            )
        found["score"] = tuple(network(torch.empty(1, 3, height, width)).shape[1:])
    return found


def test_every_layer_has_the_published_shape():
    assert shapes_of(375, 500, 60) == {
        "conv1_1": (64, 573, 698),
        "conv1_2": (64, 573, 698),
        "pool1": (64, 287, 349),
        "conv2_1": (128, 287, 349),
        "conv2_2": (128, 287, 349),
        "pool2": (128, 144, 175),
        "conv3_1": (256, 144, 175),
        "conv3_2": (256, 144, 175),
        "conv3_3": (256, 144, 175),
        "pool3": (256, 72, 88),
        "conv4_1": (512, 72, 88),
        "conv4_2": (512, 72, 88),
        "conv4_3": (512, 72, 88),
        "pool4": (512, 36, 44),
        "conv5_1": (512, 36, 44),
        "conv5_2": (512, 36, 44),
        "conv5_3": (512, 36, 44),
        "pool5": (512, 18, 22),
        "fc6": (4096, 12, 16),
        "fc7": (4096, 12, 16),
        "score_fr": (60, 12, 16),
        "upscore2": (60, 26, 34),
        "score_pool4": (60, 36, 44),
        "upscore_pool4": (60, 54, 70),
        "score_pool3": (60, 72, 88),
        "upscore8": (60, 440, 568),
        "score": (60, 375, 500),
    }


def test_weights_have_the_published_shapes():
    with torch.device("meta"):
        network = FCN8s(60)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert shapes["conv1_1.weight"] == (64, 3, 3, 3)
    assert shapes["fc6.weight"] == (4096, 512, 7, 7)
    assert shapes["fc7.weight"] == (4096, 4096, 1, 1)
    assert shapes["upscore8.weight"] == (60, 60, 16, 16)
    assert "upscore2.bias" not in shapes
    vgg16 = 14_714_688 + 102_764_544 + 16_781_312
    scores = 60 * (4096 + 512 + 256 + 3)
    deconvolutions = 60 * 60 * (4 * 4 + 4 * 4 + 16 * 16)
    assert sum(np.prod(shape) for shape in shapes.values()) == vgg16 + scores + deconvolutions


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (33, 90), (64, 48)])
def test_scores_have_the_size_of_the_picture(size):
    with torch.inference_mode():
        assert narrow()(torch.zeros(1, 3, *size)).shape == (1, 21, *size)


def test_scores_stand_where_the_picture_shows_what_they_score():
    # Padding, pooling, crops and deconvolutions must cancel: with weights that only pass the
    # picture on, the scores are a blurred picture, not a shifted one.
    network = FCN8s(1, (1, 1, 1, 1, 1), 1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith("upscore"):
                continue
            parameter.zero_()
            if name.endswith("weight"):
                middle = parameter.shape[-1] // 2
                parameter[0, 0, middle, middle] = 1
        picture = torch.zeros(1, 3, 128, 160)
        y, x = np.mgrid[:128, :160]
        spot = np.exp(-((y - 50) ** 2 + (x - 90) ** 2) / 300)
        picture[0, 0] = torch.from_numpy(spot)
        score = network(picture)[0, 0].numpy()
    score -= np.median(score)
    centre = (score * y).sum() / score.sum(), (score * x).sum() / score.sum()
    # Max pooling takes the lower right of equals: half a stride of pool3 is the tolerance.
    assert centre == pytest.approx((50, 90), abs=4.5)


def test_deconvolutions_interpolate_between_cells():
    weight = bilinear(2, 4)
    np.testing.assert_allclose(weight[0, 0, 1], [0.1875, 0.5625, 0.5625, 0.1875])
    assert not weight[0, 1].any()
    up = torch.nn.ConvTranspose2d(1, 1, 16, 8, bias=False)
    with torch.inference_mode():
        up.weight.copy_(bilinear(1, 16))
        ramp = up(torch.arange(6.0).expand(1, 1, 6, 6))[0, 0, 24, 12:36].numpy()
    np.testing.assert_allclose(np.diff(ramp), 1 / 8, atol=1e-5)


@pytest.mark.parametrize("form", ["packed", "unpacked", "double", "legacy"])
def test_a_caffe_model_is_read_in_every_form(tmp_path, form):
    rng = np.random.default_rng(1)
    layers = {
        "conv": [rng.normal(size=(2, 3, 5, 4)).astype("f4"), rng.normal(size=130).astype("f4")],
        "up": [rng.normal(size=(2, 2, 4, 4)).astype("f4")],
    }
    found = read_caffemodel(write_caffemodel(tmp_path / "x.caffemodel", layers, form))
    assert list(found) == ["conv", "up"]
    for name, blobs in layers.items():
        for given, read in zip(blobs, found[name], strict=True):
            np.testing.assert_array_equal(read.reshape(given.shape), given)


@pytest.mark.parametrize("form", ["packed", "legacy"])
def test_caffe_and_torch_files_of_one_network_give_the_same_scores(tmp_path, form):
    network = narrow()
    torch.save({"epoch": 3, "model_state_dict": network.state_dict()}, tmp_path / "a.pth")
    caffe = write_caffemodel(tmp_path / "b.caffemodel", blobs_of(network), form)
    picture = torch.rand(1, 3, 24, 40) * 200 - 100
    with torch.inference_mode():
        wanted = network(picture)
        for path in (tmp_path / "a.pth", caffe):
            torch.testing.assert_close(load_network(path)(picture), wanted)


def test_what_data_parallel_saves_is_read(tmp_path):
    weights = {f"module.{key}": value for key, value in narrow().state_dict().items()}
    torch.save(weights, tmp_path / "a.pth")
    assert load_network(tmp_path / "a.pth").score_fr.out_channels == 21


def test_missing_deconvolutions_interpolate(tmp_path):
    weights = {k: v for k, v in narrow().state_dict().items() if not k.startswith("upscore")}
    torch.save(weights, tmp_path / "a.pth")
    torch.testing.assert_close(load_network(tmp_path / "a.pth").upscore8.weight, bilinear(21, 16))


def test_the_at_once_variant_scales_its_skips(tmp_path):
    network = narrow()
    torch.save(network.state_dict(), tmp_path / "a.pth")
    layers = blobs_of(network)
    layers["scale_pool4"] = [np.full(WIDTHS[3], 0.01, np.float32)]
    layers["scale_pool3"] = [np.full(WIDTHS[2], 0.0001, np.float32)]
    caffe = load_network(write_caffemodel(tmp_path / "b.caffemodel", layers))
    once = load_network(tmp_path / "a.pth", at_once=True)
    for name, factor in (("score_pool4", 0.01), ("score_pool3", 0.0001)):
        scaled = network.get_submodule(name).weight * factor
        torch.testing.assert_close(caffe.get_submodule(name).weight, scaled)
        torch.testing.assert_close(once.get_submodule(name).weight, scaled)
        torch.testing.assert_close(caffe.get_submodule(name).bias, network.get_submodule(name).bias)


def test_the_input_is_bgr_minus_the_mean():
    frame = np.zeros((16, 16, 3), np.uint8)
    frame[..., 0] = 255
    values = Fcn8Segmenter(model="x")._input(frame)
    assert values.shape == (3, 16, 16)
    np.testing.assert_allclose(
        values[:, 0, 0], [-MEAN_BGR[0], -MEAN_BGR[1], 255 - MEAN_BGR[2]], rtol=1e-6
    )


def test_large_frames_are_scaled_down_in_their_aspect():
    frame = np.zeros((540, 960, 3), np.uint8)
    assert Fcn8Segmenter(model="x", longest=500)._input(frame).shape == (3, 281, 500)


@pytest.mark.parametrize(
    ("n", "first", "table"),
    [(60, "background", "pascal_context_60"), (59, "aeroplane", "pascal_context_59")],
)
def test_labels_of_pascal_context_go_by_name(tmp_path, n, first, table):
    torch.save(narrow(n).state_dict(), tmp_path / "a.pth")
    segmenter = Fcn8Segmenter(model=str(tmp_path / "a.pth"))
    vocabulary = segmenter.vocabulary()
    assert vocabulary.classes[0] == first
    assert len(set(vocabulary.classes)) == n
    assert sorted(vocabulary.category_of) == sorted(load_vocabulary(table).category_of)
    fold = dict(zip(vocabulary.classes, vocabulary.category_of, strict=True))
    assert fold["diningtable"] == "furniture"
    assert fold["bedcloth"] == "bedding"
    assert fold["cloth"] == "cloth"
    assert fold["water"] == "water"


def test_the_published_order_is_kept():
    # Indices of the published list, which counts background as 0.
    numbers = {"table": 11, "person": 15, "bag": 21, "curtain": 42, "sky": 50, "wood": 59}
    for name, index in numbers.items():
        assert CONTEXT_59[index - 1].removeprefix("dining") == name


def test_other_labels_in_another_order_are_matched_by_name(tmp_path):
    torch.save(narrow(3).state_dict(), tmp_path / "a.pth")
    segmenter = Fcn8Segmenter(model=str(tmp_path / "a.pth"), labels="water, sky, person")
    assert segmenter.vocabulary().category_of == ("water", "sky", "person")
    with pytest.raises(WeightsError, match=r"labels: .* has 3 classes, none of 60, 59, 21"):
        Fcn8Segmenter(model=str(tmp_path / "a.pth")).classes()


def test_a_file_that_would_run_code_is_refused(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"state_dict": Evil()}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="no file of torch weights that can be read safely"):
        load_network(tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="can be read safely"):
        load_network(tmp_path / "b.pth")
    assert not (tmp_path / "ran").exists()


def test_another_network_is_one_clear_line(tmp_path):
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "a.pth")
    with pytest.raises(
        WeightsError, match=r"its weight 'conv1_1\.weight' is missing; the file has weight"
    ):
        load_network(tmp_path / "a.pth")
    weights = narrow().state_dict()
    weights["fc7.weight"] = torch.zeros(HIDDEN, HIDDEN, 3, 3)
    torch.save(weights, tmp_path / "b.pth")
    with pytest.raises(WeightsError, match=r"'fc7\.weight' of 'b\.pth' to be \[10, 10, 1, 1\]"):
        load_network(tmp_path / "b.pth")
    weights = narrow().state_dict()
    weights["conv3_2.bias"][1] = torch.nan
    torch.save(weights, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match=r"'c\.pth' is damaged: 'conv3_2\.bias'"):
        load_network(tmp_path / "c.pth")


def test_a_published_network_of_another_kind_is_one_clear_line(test_data):
    path = test_data / "weights" / "espnetv2_s_2.0_pascal_384x384.pth"
    with pytest.raises(WeightsError, match=r"its weight 'conv1_1\.weight' is missing"):
        load_network(path)


def test_missing_weights_say_where_they_are_published(tmp_path, monkeypatch):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
    reason = Fcn8Segmenter(model="pascalcontext-fcn8s-heavy.caffemodel").unavailable()
    assert reason is not None
    assert "dl.caffe.berkeleyvision.org" in reason
    assert str(tmp_path) in reason


def test_options_out_of_range_are_refused(tmp_path):
    torch.save(narrow().state_dict(), tmp_path / "a.pth")
    with pytest.raises(ConfigError, match="longest: expected a value >= 16"):
        Fcn8Segmenter(model="x", longest=3)
    clip = Clip(np.zeros((1, 16, 16, 3), np.uint8), 25.0)
    with pytest.raises(ConfigError, match="expected cpu, cuda"):
        Fcn8Segmenter(model=str(tmp_path / "a.pth"), device="toaster").respond(clip)
