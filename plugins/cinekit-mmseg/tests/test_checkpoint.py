from __future__ import annotations

import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from cinekit_mmseg.checkpoint import read_checkpoint
from cinekit_mmseg.network import load_network
from mmengine.logging import MessageHub

from cinekit import WeightsError

sys.path.insert(0, str(Path(__file__).parent))

from mmseg_files import narrow_config, narrow_network, write_checkpoint


@pytest.fixture(scope="module")
def fcn(tmp_path_factory):
    """A narrow FCN: its config, and its network."""
    config = narrow_config(tmp_path_factory.mktemp("fcn"), "fcn")
    return config, narrow_network(config)


def save(path: Path, content: object, **options: object) -> Path:
    torch.save(content, path, **options)
    return path


def test_what_a_training_run_leaves_is_read(tmp_path, fcn):
    hub = MessageHub.get_instance("test_checkpoint")
    for loss in (3.0, 2.0):
        hub.update_scalar("train/loss", loss)
    hub.update_info("best", np.float64(0.5))
    optimizer = torch.optim.SGD(fcn[1].parameters(), 0.1, momentum=0.9)
    content = {
        "meta": {"dataset_meta": {"classes": ("water", "sky")}, "seed": 3},
        "state_dict": fcn[1].state_dict(),
        "message_hub": hub.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    path = save(tmp_path / "iter_2.pth", content)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)  # what it holds is more than torch allows by itself
    assert read_checkpoint(path).classes == ("water", "sky")
    old = with_the_names_of_numpy_1(path, tmp_path / "old.pth")
    assert read_checkpoint(old).classes == ("water", "sky")


def with_the_names_of_numpy_1(path: Path, copy: Path) -> Path:
    """The same checkpoint as a numpy before version 2 pickles its parts."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename.endswith("data.pkl"):
                assert b"numpy._core.multiarray\n_reconstruct" in content
                content = content.replace(b"numpy._core.", b"numpy.core.")
            target.writestr(item.filename, content)
    return copy


def test_reading_leaves_the_switches_of_torch_and_the_methods_of_mmengine_alone(tmp_path, fcn):
    from mmengine.logging import HistoryBuffer

    before = set(torch.serialization.get_safe_globals()), dict(HistoryBuffer()._statistics_methods)
    read_checkpoint(write_checkpoint(tmp_path / "a.pth", fcn[1]))
    assert before == (
        set(torch.serialization.get_safe_globals()),
        dict(HistoryBuffer()._statistics_methods),
    )


def test_the_versions_of_the_layers_are_kept(tmp_path, fcn):
    path = write_checkpoint(tmp_path / "a.pth", fcn[1])
    assert read_checkpoint(path).weights._metadata == fcn[1].state_dict()._metadata


def test_what_data_parallel_saves_is_read(tmp_path, fcn):
    parallel = torch.nn.DataParallel(fcn[1]).state_dict()
    assert all(key.startswith("module.") for key in parallel)
    found = read_checkpoint(save(tmp_path / "a.pth", {"state_dict": parallel})).weights
    assert list(found) == list(fcn[1].state_dict())
    assert found._metadata[""] == fcn[1].state_dict()._metadata[""]
    assert "backbone.layer1" in found._metadata


def test_a_bare_state_dict_is_enough(tmp_path, fcn):
    path = save(tmp_path / "a.pth", fcn[1].state_dict())
    network = load_network(fcn[0], path)
    torch.testing.assert_close(network.model.state_dict(), fcn[1].state_dict())


@pytest.mark.parametrize("damage", ["empty", "text", "half", "cut"])
def test_a_damaged_file_is_one_clear_line(tmp_path, fcn, damage):
    path = write_checkpoint(tmp_path / "net.pth", fcn[1])
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"this is no network " * 50,
            "half": whole[: len(whole) // 2],
            "cut": whole[:-3],
        }[damage]
    )
    with pytest.raises(WeightsError, match=r"'net\.pth' is no checkpoint") as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [3, {}, {"state_dict": {}}, {"state_dict": {"a": 3}}, ["x"]])
def test_a_file_of_something_else_is_one_clear_line(tmp_path, content):
    with pytest.raises(WeightsError, match="to be a checkpoint with a state_dict"):
        read_checkpoint(save(tmp_path / "net.pth", content))


class Evil:
    """Pickles as a call."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_file_that_would_run_code_is_refused(tmp_path, protocol):
    ran = tmp_path / "ran"
    for evil in (Evil(Path.touch, ran), Evil(getattr, dict, "get")):
        path = save(tmp_path / "a.pth", {"state_dict": evil}, pickle_protocol=protocol)
        with pytest.raises(WeightsError, match="that can be read safely") as error:
            read_checkpoint(path)
        assert "weights_only" not in str(error.value)  # no advice to read it unsafely
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Evil(Path.touch, ran), protocol))
    with pytest.raises(WeightsError, match="can be read safely"):
        read_checkpoint(tmp_path / "b.pth")
    assert not ran.exists()


def test_a_checkpoint_of_another_network_is_one_clear_line(tmp_path, fcn):
    config, model = fcn
    weights = model.state_dict()

    def refused(words: str, changed: dict[str, torch.Tensor]) -> None:
        path = save(tmp_path / "net.pth", {"state_dict": OrderedDict(changed)})
        with pytest.raises(WeightsError, match=words) as error:
            load_network(config, path)
        assert "\n" not in str(error.value)

    without = {k: v for k, v in weights.items() if k != "backbone.layer2.0.conv1.weight"}
    refused(r"'net\.pth' .* backbone\.layer2\.0\.conv1\.weight missing", without)
    # As a ResNet-101 is to a ResNet-50: all weights fit, and there are more.
    refused(
        r"it has more: backbone\.layer3\.6",
        {**weights, "backbone.layer3.6.conv1.weight": torch.zeros(3)},
    )
    refused(
        r"size mismatch for decode_head\.conv_seg\.weight",
        {**weights, "decode_head.conv_seg.weight": torch.zeros(150, 8, 1, 1)},
    )
    refused(
        r"is damaged: 'decode_head\.conv_seg\.bias' is not finite",
        {**weights, "decode_head.conv_seg.bias": torch.full((59,), torch.nan)},
    )


def test_what_only_training_uses_may_be_missing_or_more(tmp_path, fcn):
    weights = fcn[1].state_dict()
    less = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    more = {**less, "auxiliary_head.other.weight": torch.zeros(3)}
    path = save(tmp_path / "net.pth", {"state_dict": OrderedDict(more)})
    network = load_network(fcn[0], path)
    torch.testing.assert_close(network.model.state_dict(), weights)
