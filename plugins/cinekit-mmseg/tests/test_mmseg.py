from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cinekit_mmseg.index import find_config, model_index
from cinekit_mmseg.network import Config, load_network, mmseg_scope
from cinekit_mmseg.segmenter import MmsegSegmenter

from cinekit import (
    ConfigError,
    MissingDependencyError,
    SegmenterError,
    WeightsError,
    load_vocabulary,
)
from cinekit.testing import FrameSegmenterSuite, PackageSuite, identity, segmenter_clip

sys.path.insert(0, str(Path(__file__).parent))

from mmseg_files import NARROW, narrow_config, narrow_network, write_checkpoint

MASKFORMER = find_config("maskformer_r50-d32_8xb2-160k_ade20k-512x512")


class TestOptions(PackageSuite):
    distribution = "cinekit-mmseg"


class NetworkSuite(FrameSegmenterSuite):
    network = ""
    size = 48

    @pytest.fixture(autouse=True)
    def files(self, tmp_path):
        self.config = narrow_config(tmp_path, self.network, self.size)
        self.path = write_checkpoint(tmp_path / "net.pth", narrow_network(self.config))

    def segmenter(self):
        return MmsegSegmenter(config=str(self.config), checkpoint=str(self.path))


class TestFcn(NetworkSuite):
    network = "fcn"


class TestSegFormer(NetworkSuite):
    network = "segformer"
    size = 96  # its attention cannot take less


@pytest.fixture
def fcn(tmp_path):
    """A narrow FCN: its config, and its network."""
    config = narrow_config(tmp_path, "fcn")
    return config, narrow_network(config)


def frames_of(size: tuple[int, int] = (36, 48)) -> np.ndarray:
    return segmenter_clip(2, *size).frames


@pytest.mark.parametrize("name", NARROW)
def test_the_answer_is_what_mmsegmentation_itself_gives(tmp_path, name):
    config = narrow_config(tmp_path, name)
    model = narrow_network(config)
    path = write_checkpoint(tmp_path / "net.pth", model)
    network = load_network(config, path)
    answers = network.answers(frames_of())
    with mmseg_scope():
        from mmseg.apis import inference_model

        model.cfg = Config.fromfile(config)
        for frame, answer in zip(frames_of(), answers, strict=True):
            wanted = inference_model(model, frame[..., ::-1].copy()).seg_logits.data
            np.testing.assert_allclose(answer, wanted.movedim(0, -1).numpy(), rtol=1e-4, atol=1e-4)
    assert answers[0].std() > 0.1  # a network that answers nothing would agree as well
    assert abs(answers[0] - answers[1]).max() > 1e-3

    segmenter = MmsegSegmenter(config=str(config), checkpoint=str(path))
    p = segmenter.probabilities(frames_of())
    assert p.shape == (2, 36, 48, len(segmenter.classes()))
    np.testing.assert_allclose(p.sum(-1), 1, atol=1e-5)


def test_frames_are_resized_as_the_config_says(tmp_path, fcn):
    config, model = fcn
    path = write_checkpoint(tmp_path / "net.pth", model)
    for longest, size in ((None, (36, 48)), (24, (18, 24)), (500, (36, 48))):
        answer = load_network(config, path, longest).answers(frames_of((90, 120)))[0]
        assert answer.shape[:2] == size


def test_a_sliding_window_covers_the_frame(tmp_path):
    window = {"mode": "slide", "crop_size": (24, 24), "stride": (16, 16)}
    config = narrow_config(tmp_path, "fcn", extra=f"model['test_cfg'] = {window!r}")
    path = write_checkpoint(tmp_path / "net.pth", narrow_network(config))
    (answer, _) = load_network(config, path).answers(frames_of())
    assert answer.shape == (36, 48, 59)
    assert (answer.std(axis=(0, 1)) > 0).all()


def test_padding_is_no_part_of_the_answer(tmp_path):
    padded = "model['data_preprocessor'] = dict(test_cfg=dict(size_divisor=32))"
    config = narrow_config(tmp_path, "fcn", extra=padded)
    path = write_checkpoint(tmp_path / "net.pth", narrow_network(config))
    assert load_network(config, path).answers(frames_of())[0].shape == (36, 48, 59)


def test_a_network_with_one_channel_is_a_mask(tmp_path):
    binary = "\n".join(
        (
            "for head in ('decode_head', 'auxiliary_head'):",
            "    model[head].update(num_classes=2, out_channels=1, threshold=0.5)",
            "    model[head]['loss_decode'] = dict(type='CrossEntropyLoss', use_sigmoid=True)",
            "del head",
        )
    )
    config = narrow_config(tmp_path, "fcn", extra=binary)
    model = narrow_network(config)
    meta = {"classes": ("background", "person")}
    path = write_checkpoint(tmp_path / "net.pth", model, dataset_meta=meta)
    segmenter = MmsegSegmenter(config=str(config), checkpoint=str(path))
    p = segmenter.probabilities(frames_of())
    assert segmenter.classes() == ("background", "person")
    np.testing.assert_allclose(p.sum(-1), 1, atol=1e-6)
    answer = segmenter._network.answers(frames_of())[0]
    np.testing.assert_array_equal(p[0, ..., 1], answer[..., 0])


def test_every_preset_is_in_the_model_index():
    conf = Path(__file__).parents[1] / "cinekit_mmseg" / "conf" / "segmenter"
    names = [
        line.split()[1]
        for file in conf.glob("mmseg_*.yaml")
        for line in file.read_text().splitlines()
        if line.startswith("config:")
    ]
    assert len(names) == 4
    for name in names:
        url = find_config(name).url
        assert url is not None
        assert url.endswith(".pth")


def test_the_model_index_is_read_whole():
    assert len(model_index()) > 600
    assert all(entry.config.suffix == ".py" for entry in model_index().values())


def test_an_unknown_config_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'fcn_r101-d8_4xb4-80k_pascal-context-59"):
        find_config("fcn_r101-d8_4xb4-80k_pascal-context-59-480x48")
    with pytest.raises(ConfigError, match="expected a config file, found none"):
        find_config(str(tmp_path / "missing.py"))
    reason = MmsegSegmenter(config="fcn_r1").unavailable()
    assert reason is not None
    assert "mmsegmentation has none called 'fcn_r1'" in reason


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("model = dict(type='Nothing')", ConfigError, "'c.py' cannot be built"),
        ("this is no python", ConfigError, "'c.py' cannot be read"),
        ("x = 1", ConfigError, "has no `model`"),
        (
            "custom_imports = dict(imports='mmpretrain_x.models', allow_failed_imports=False)",
            MissingDependencyError,
            "it needs the package 'mmpretrain_x', which is not installed",
        ),
        (
            f"_base_ = [{str(MASKFORMER.config)!r}]",
            MissingDependencyError,
            r"pip install 'cinekit-mmseg\[mmdet\]'",
        ),
    ],
)
def test_a_config_that_cannot_be_used_is_one_clear_line(
    tmp_path, fcn, monkeypatch, text, error, words
):
    monkeypatch.setitem(sys.modules, "mmdet", None)
    path = write_checkpoint(tmp_path / "net.pth", fcn[1])
    config = tmp_path / "c.py"
    config.write_text(text)
    with pytest.raises(error, match=words) as raised:
        MmsegSegmenter(config=str(config), checkpoint=str(path)).classes()
    assert "\n" not in str(raised.value)


def test_classes_are_those_of_the_checkpoint_else_of_the_config(tmp_path, fcn):
    config, model = fcn
    other = tuple(reversed(load_vocabulary("pascal_context_59").classes))
    for meta, first in (
        ({"dataset_meta": {"classes": other, "palette": [[0, 0, 0]] * 59}}, other[0]),
        ({"dataset_meta": {"CLASSES": list(other)}}, other[0]),
        ({"CLASSES": other, "PALETTE": np.zeros((59, 3), np.uint8)}, other[0]),
        ({"CLASSES": None}, "aeroplane"),
        ({}, "aeroplane"),
    ):
        path = write_checkpoint(tmp_path / "net.pth", model, **meta)
        segmenter = MmsegSegmenter(config=str(config), checkpoint=str(path))
        assert segmenter.classes()[0] == first
        assert len(segmenter.vocabulary().category_of) == 59


def test_a_list_of_classes_of_another_length_is_one_clear_line(tmp_path, fcn):
    path = write_checkpoint(tmp_path / "net.pth", fcn[1], CLASSES=("water", "sky"))
    with pytest.raises(WeightsError, match=r"expected 2 classes.* has 59"):
        MmsegSegmenter(config=str(fcn[0]), checkpoint=str(path)).classes()


def test_a_network_without_names_is_one_clear_line(tmp_path):
    config = narrow_config(tmp_path, "fcn", extra="test_dataloader = dict(_delete_=True)")
    path = write_checkpoint(tmp_path / "net.pth", narrow_network(config))
    with pytest.raises(SegmenterError, match="expected class names in the checkpoint"):
        MmsegSegmenter(config=str(config), checkpoint=str(path)).classes()


@pytest.mark.parametrize(
    ("data", "table"),
    [
        ("ADE20KDataset", "ade20k_150"),
        ("CityscapesDataset", "cityscapes_19"),
        ("COCOStuffDataset", "coco_stuff_171"),
        ("PascalContextDataset", "pascal_context_60"),
        ("PascalContextDataset59", "pascal_context_59"),
        ("PascalVOCDataset", "voc_21"),
    ],
)
def test_the_data_sets_of_mmsegmentation_fold_as_their_tables(tmp_path, fcn, data, table):
    from mmseg.registry import DATASETS

    names = DATASETS.get(data).METAINFO["classes"]
    config, model = fcn
    path = write_checkpoint(tmp_path / "net.pth", model, CLASSES=names)
    segmenter = MmsegSegmenter(config=str(config), checkpoint=str(path))
    segmenter.__dict__["_network"] = dataclasses.replace(segmenter._network, n_channels=len(names))
    wanted = load_vocabulary(table).select(names)
    assert segmenter.vocabulary().category_of == wanted.category_of


def test_nothing_heavy_is_imported_before_it_runs():
    code = (
        "import sys; from cinekit_mmseg.segmenter import MmsegSegmenter\n"
        "from cinekit import load_plugins\n"
        "assert 'mmseg' in load_plugins().names('segmenter')\n"
        "print(MmsegSegmenter(config='fcn_r101-d8_4xb4-80k_pascal-context-59-480x480')"
        ".unavailable())\n"
        "print(*{'torch', 'mmseg', 'mmcv', 'mmengine'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    reason, heavy = done.stdout.splitlines()
    assert "are not installed: segmenter.download=true fetches them from" in reason
    assert heavy == ""


def test_a_config_that_includes_another_one_is_known_by_both(tmp_path):
    base, config = narrow_config(tmp_path, "fcn"), tmp_path / "mine.py"
    config.write_text(f"_base_ = [{str(base)!r}]")
    segmenter = MmsegSegmenter(config=str(config), checkpoint=str(tmp_path / "net.pth"))
    one = identity(segmenter)
    assert one is not None
    assert identity(segmenter) == one
    narrow_config(tmp_path, "fcn", size=64)
    assert identity(segmenter) not in (None, one)
    config.write_text("model = dict()\ncustom_imports = dict(imports=['json'])")
    assert identity(segmenter) is None  # its answers depend on code of others


def test_options_out_of_range_are_refused(tmp_path, fcn):
    with pytest.raises(ConfigError, match="longest: expected a value >= 16"):
        MmsegSegmenter(config="x", longest=3)
    with pytest.raises(ConfigError, match="leave out checkpoint"):
        MmsegSegmenter(config="x", checkpoint="y.pth", download=True)
    path = write_checkpoint(tmp_path / "net.pth", fcn[1])
    with pytest.raises(ConfigError, match="expected cpu, cuda"):
        MmsegSegmenter(config=str(fcn[0]), checkpoint=str(path), device="toaster").classes()


def test_a_frame_that_the_network_cannot_take_is_one_clear_line(tmp_path):
    config = narrow_config(tmp_path, "fcn", extra="model['decode_head']['in_index'] = 2")
    path = write_checkpoint(tmp_path / "net.pth", narrow_network(config))
    segmenter = MmsegSegmenter(config=str(config), checkpoint=str(path))
    with pytest.raises(SegmenterError, match="'narrow_fcn' cannot run on 'cpu'") as error:
        segmenter.respond(segmenter_clip(1, 36, 48))
    assert "\n" not in str(error.value)
