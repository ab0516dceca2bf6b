from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from cinekit_c3d.clips import MEAN_BGR, clip_frames, describe, network_input, read_mean, signs
from cinekit_c3d.features import C3dFeatures
from cinekit_c3d.network import C3D, load_network

from cinekit import Clip, ConfigError, RankError, WeightsError
from cinekit.testing import FeatureSuite, PackageSuite, WeightsSuite

sys.path.insert(0, str(Path(__file__).parent))

from c3d_files import HIDDEN, STYLES, WIDTHS, narrow, weights_of


@pytest.fixture
def model(tmp_path) -> str:
    path = tmp_path / "net.pth"
    torch.save(weights_of(narrow()), path)
    return str(path)


def loop(n: int = 20, size: tuple[int, int] = (54, 96), seed: int = 0) -> np.ndarray:
    """Ripples that run to the right and close after n frames: uint8 (n, H, W, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    phase = 2 * np.pi * np.arange(n)[:, None, None] / n
    wave = 120 + 80 * np.sin(x / 5 + 0.05 * y * rng.uniform(-1, 1) - phase)
    return (wave[..., None] * rng.uniform(0.5, 1, 3)).astype(np.uint8)


def extract(features: C3dFeatures, frames: np.ndarray, fps: float = 25.0) -> dict[str, float]:
    """What a loop alone decides: of the result, only the clip is looked at."""
    result = SimpleNamespace(clip=Clip(frames[:1], fps))
    return features.extract(result, SimpleNamespace(), frames)


class TestOptions(PackageSuite):
    distribution = "cinekit-c3d"


class TestC3d(FeatureSuite):
    @pytest.fixture(autouse=True)
    def weights(self, model):
        self.model = model

    def features(self):
        return C3dFeatures(model=self.model, clips=2, dims=3)


class TestWeights(WeightsSuite):
    def write(self, path):
        torch.save(weights_of(narrow()), path)

    def using(self, file):
        return C3dFeatures(model=file, dims=3)


def test_every_layer_has_the_published_shape():
    found = {}
    with torch.device("meta"):
        network = C3D()
        for name, module in network.named_children():
            module.register_forward_hook(
                lambda _module, _input, output, name=name: found.update(
                    {name: tuple(output.shape[1:])}
                )
            )
        network(torch.empty(1, 3, 16, 112, 112))
    assert found == {
        "conv1a": (64, 16, 112, 112),
        "pool1": (64, 16, 56, 56),
        "conv2a": (128, 16, 56, 56),
        "pool2": (128, 8, 28, 28),
        "conv3a": (256, 8, 28, 28),
        "conv3b": (256, 8, 28, 28),
        "pool3": (256, 4, 14, 14),
        "conv4a": (512, 4, 14, 14),
        "conv4b": (512, 4, 14, 14),
        "pool4": (512, 2, 7, 7),
        "conv5a": (512, 2, 7, 7),
        "conv5b": (512, 2, 7, 7),
        "pool5": (512, 1, 4, 4),
        "fc6": (4096,),
    }


def test_weights_have_the_published_shapes():
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in C3D().state_dict().items()}
    layers = ("conv1a", "conv2a", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b")
    channels = (3, 64, 128, 256, 256, 512, 512, 512, 512)
    wanted = {}
    for i, name in enumerate(layers):
        wanted[f"{name}.weight"] = (channels[i + 1], channels[i], 3, 3, 3)
        wanted[f"{name}.bias"] = (channels[i + 1],)
    wanted |= {"fc6.weight": (4096, 8192), "fc6.bias": (4096,)}
    assert shapes == wanted


def test_pool5_looks_from_the_first_cell_on_as_caffe_does():
    cells = torch.arange(49.0).reshape(1, 1, 1, 7, 7).expand(1, 1, 2, 7, 7)
    pooled = C3D(WIDTHS, HIDDEN).pool5(cells)[0, 0, 0]
    columns = torch.tensor([1, 3, 5, 6])
    torch.testing.assert_close(pooled, (7 * columns[:, None] + columns).float())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("zipped", [True, False])
def test_public_checkpoints_are_read_by_their_key_names(tmp_path, style, zipped):
    network = narrow()
    path = tmp_path / "net.pth"
    torch.save(weights_of(network, style), path, _use_new_zipfile_serialization=zipped)
    clip = torch.rand(1, 3, 16, 112, 112) * 200 - 100
    with torch.inference_mode():
        torch.testing.assert_close(load_network(path)(clip), network(clip))


def test_key_names_are_those_that_are_published():
    named = {key.rpartition(".")[0] for key in weights_of(narrow(), "named")}
    assert named == {
        *("conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b"),
        *("fc6", "fc7"),
    }
    numbered = {key.rpartition(".")[0] for key in weights_of(narrow(), "numbered")}
    assert numbered == {f"features.{i}" for i in (0, 3, 6, 8, 11, 13, 16, 18)} | {
        "classifier.0",
        "classifier.3",
    }


def test_checkpoints_of_a_training_are_read(tmp_path):
    weights = {f"module.{key}": value for key, value in weights_of(narrow()).items()}
    torch.save({"epoch": 99, "state_dict": weights}, tmp_path / "a.pth.tar")
    assert load_network(tmp_path / "a.pth.tar").fc6.out_features == HIDDEN


def test_features_are_named_numbered_and_plain(model):
    found = extract(C3dFeatures(model=model, dims=12), loop())
    assert list(found) == [f"c3d12_{i:02d}" for i in range(12)]
    assert all(type(value) is float and np.isfinite(value) for value in found.values())
    assert max(map(abs, found.values())) <= np.sqrt(HIDDEN / 12)


def test_different_motion_gives_different_features(model):
    frames = loop()
    plain = np.array(list(extract(C3dFeatures(model=model), frames).values()))
    still = np.repeat(frames[:1], len(frames), axis=0)
    other = np.array(list(extract(C3dFeatures(model=model), still).values()))
    assert np.linalg.norm(plain - other) > 0.01


def test_twice_the_frame_rate_changes_nothing(model):
    frames = loop(32)
    features = C3dFeatures(model=model)
    twice = np.repeat(frames, 2, axis=0)
    assert extract(features, frames, fps=25) == extract(features, twice, fps=50)


def test_twice_the_loop_changes_nothing(model):
    # Its clips are the same ones, as long as all of them are looked at.
    frames = loop(16)
    features = C3dFeatures(model=model, clips=4, dims=HIDDEN)
    once = list(extract(features, frames).values())
    twice = list(extract(features, np.concatenate([frames, frames])).values())
    np.testing.assert_allclose(once, twice, atol=1e-6)


def test_clips_begin_every_eight_frames_and_go_round():
    frames = clip_frames(20, fps=25, most=10)
    assert frames[:, 0].tolist() == [0, 6, 13]
    assert frames[0].tolist() == [*range(16)]
    assert frames[2].tolist() == [*range(13, 20), *range(9)]
    assert clip_frames(64, fps=30, most=10)[:, 0].tolist() == [*range(0, 64, 8)]
    assert clip_frames(64, fps=30, most=4)[:, 0].tolist() == [0, 16, 32, 48]
    assert clip_frames(3, fps=30, most=4).tolist() == [[0, 1, 2] * 5 + [0]]
    assert clip_frames(64, fps=60, most=1).tolist() == [[*range(0, 32, 2)]]
    assert clip_frames(64, fps=12, most=1).tolist() == [[*range(16)]]


def test_the_input_is_bgr_minus_the_mean_cut_in_the_middle():
    frames = np.zeros((16, 128, 171, 3), np.uint8)
    frames[..., 0] = 200
    frames[3, 8, 29] = (1, 2, 3)
    values = network_input(frames)
    assert values.shape == (3, 16, 112, 112)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[:, 3, 0, 0], np.array([3, 2, 1]) - MEAN_BGR, rtol=1e-6)
    wanted = np.array([0, 0, 200]) - MEAN_BGR
    np.testing.assert_allclose(values[:, 0, 5, 5], wanted, rtol=1e-6)
    mean = np.zeros((3, 16, 128, 171), np.float32)
    mean[:, 3, 8, 29] = (10, 20, 30)
    np.testing.assert_allclose(network_input(frames, mean)[:, 3, 0, 0], (-7, -18, -29))


def test_large_frames_are_scaled_to_the_size_that_was_published():
    y, x = np.mgrid[:540, :960]
    frames = np.broadcast_to(
        np.stack([x / 4, y / 4, 0 * x], -1).astype(np.uint8), (16, 540, 960, 3)
    )
    values = network_input(frames) + np.array(MEAN_BGR, np.float32)[:, None, None, None]
    row, column = 8 + 50, 29 + 70
    red, green = (column + 0.5) * 960 / 171 / 4, (row + 0.5) * 540 / 128 / 4
    np.testing.assert_allclose(values[[2, 1], 0, 50, 70], (red, green), atol=1)


@pytest.mark.parametrize("leading", [(), (1,)])
def test_the_mean_volume_is_subtracted(tmp_path, model, leading):
    volume = np.empty((*leading, 3, 16, 128, 171))
    volume[:] = np.array(MEAN_BGR)[:, None, None, None]
    np.save(tmp_path / "mean.npy", volume)
    features = C3dFeatures(model=model, mean=str(tmp_path / "mean.npy"))
    plain = extract(C3dFeatures(model=model), loop())
    np.testing.assert_allclose(
        list(extract(features, loop()).values()), list(plain.values()), atol=1e-5
    )
    np.save(tmp_path / "mean.npy", volume + 40)
    brighter = dataclasses.replace(features)
    assert extract(brighter, loop()) != plain


def test_a_mean_that_is_none_is_one_clear_line(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"no array")
    np.save(tmp_path / "b.npy", np.zeros((3, 4)))
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object))
    for name, message in (
        ("a.npy", "no .npy file that can be read safely"),
        ("b.npy", r"to be \[3, 16, 128, 171\], it is \[3, 4\]"),
        ("c.npy", "no .npy file that can be read safely"),
    ):
        with pytest.raises(WeightsError, match=message) as error:
            read_mean(tmp_path / name)
        assert "\n" not in str(error.value)


def test_the_descriptor_is_the_mean_of_length_one():
    seen = np.array([[3, 0, 1], [3, 0, 7]], np.float32)
    np.testing.assert_allclose(describe(seen, 3), [0.6, 0, 0.8])
    np.testing.assert_array_equal(describe(np.zeros((2, 3), np.float32), 3), 0)
    assert describe(np.zeros((2, 70), np.float32), 5).tolist() == [0] * 5


def test_projecting_keeps_distances():
    rng = np.random.default_rng(0)
    seen = np.maximum(rng.normal(size=(40, 1, 4096)), 0).astype(np.float32)
    full = np.array([describe(one, 4096) for one in seen])
    short = np.array([describe(one, 64) for one in seen])
    pairs = np.triu_indices(40, 1)
    distances = [np.linalg.norm(v[pairs[0]] - v[pairs[1]], axis=1) for v in (full, short)]
    ratio = distances[1] / distances[0]
    assert ratio.mean() == pytest.approx(1, abs=0.05)
    assert ratio.std() < 1.3 / np.sqrt(2 * 64)


def test_signs_are_drawn_the_same_everywhere():
    drawn = signs(3, 70)
    assert set(drawn.ravel()) == {-1.0, 1.0}
    assert drawn[0, :12].tolist() == [1, 1, 1, 1, 1, -1, 1, -1, -1, 1, -1, -1]
    assert drawn[2, -6:].tolist() == [1, 1, 1, 1, -1, 1]
    # More numbers begin with those of fewer.
    np.testing.assert_array_equal(signs(5, 70)[:3], drawn)
    assert abs(signs(64, 4096) @ signs(64, 4096).T / 4096 - np.eye(64)).max() < 0.08


def test_another_network_is_one_clear_line(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(torch.nn.Linear(3, 2).state_dict(), path)
    with pytest.raises(WeightsError, match=r"to hold C3D, its weight 'conv1a\.weight' is missing"):
        load_network(path)
    weights = weights_of(narrow())
    weights["conv3b.weight"] = torch.zeros(4, 4, 1, 1, 1)
    torch.save(weights, path)
    with pytest.raises(WeightsError, match=r"'conv3b\.weight' of 'a\.pth' to be \[4, 4, 3, 3, 3\]"):
        load_network(path)
    weights = weights_of(narrow())
    weights["fc6.bias"][0] = torch.inf
    torch.save(weights, path)
    with pytest.raises(WeightsError, match=r"damaged: 'fc6\.bias' is not finite"):
        load_network(path)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "c3d.pickle").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="can be read safely"):
        load_network(tmp_path / "c3d.pickle")
    assert not (tmp_path / "ran").exists()


def test_missing_files_say_where_they_are_published(tmp_path, monkeypatch, model):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "store"))
    reason = C3dFeatures().unavailable()
    assert reason is not None
    assert "'c3d.pickle'" in reason
    assert "imagelab.ing.unimore.it" in reason
    assert str(tmp_path / "store") in reason
    assert C3dFeatures(model=model).unavailable() is None
    assert "'m.npy'" in str(C3dFeatures(model=model, mean="m.npy").unavailable())


def test_options_out_of_range_are_refused(model):
    with pytest.raises(ConfigError, match="clips: expected a value >= 1"):
        C3dFeatures(clips=0)
    with pytest.raises(ConfigError, match=f"dims of at most {HIDDEN}"):
        extract(C3dFeatures(model=model, dims=HIDDEN + 1), loop())
    with pytest.raises(ConfigError, match="expected cpu, cuda"):
        extract(C3dFeatures(model=model, device="toaster"), loop())


def test_frames_of_another_clip_are_refused(model):
    result = SimpleNamespace(clip=Clip(loop(1, (16, 16)), 25.0))
    for frames in (loop(4, (20, 20)), loop()[0], loop()[:0]):
        with pytest.raises(RankError, match=r"frames as \(n, 16, 16, 3\)"):
            C3dFeatures(model=model).extract(result, SimpleNamespace(), frames)


def test_torch_is_imported_only_when_it_runs():
    code = (
        "import sys, cinekit; plugins = cinekit.load_plugins(); "
        "plugins.get('features', 'c3d')().unavailable(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
