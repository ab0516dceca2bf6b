from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from cinekit.errors import ConfigError
from cinekit.model import Clip
from cinekit.see import NetworkFileSegmenter
from cinekit.see.network_file import NetworkOutput
from cinekit.testing.segmenter_suite import FrameSegmenterSuite


@dataclass
class Echo:
    """A network whose logits are its input."""

    input_size: tuple[int, int] = (6, 8)
    n_channels: int = 3
    seen: list = field(default_factory=list)

    def run(self, values, most):
        self.seen.append((values, most))
        return values


@dataclass(frozen=True, kw_only=True)
class EchoSegmenter(NetworkFileSegmenter):
    module: ClassVar[str] = "json"
    distribution: ClassVar[str] = "json-runtime"
    network: Echo = field(default_factory=Echo)

    def open_network(self):
        return self.network


def made(**options) -> EchoSegmenter:
    return EchoSegmenter(**{"model": "net.bin", "labels": "background, person, sky", **options})


class TestEcho(FrameSegmenterSuite):
    @pytest.fixture(autouse=True)
    def weights(self, tmp_path):
        self.path = tmp_path / "net.bin"
        self.path.touch()

    def segmenter(self):
        return made(model=str(self.path))


def test_frames_are_squashed_and_normalised_per_channel():
    frame = np.full((30, 90, 3), (10, 20, 30), np.uint8)
    values = made(mean=[10.0, 10.0, 10.0], std=[1.0, 2.0, 4.0]).values(frame)
    assert values.shape == (6, 8, 3)
    np.testing.assert_allclose(values[3, 4], [0, 5, 5])


@pytest.mark.parametrize(("output", "most"), [("logits", 50), ("probabilities", None)])
def test_only_logits_may_be_read_at_some_places(output, most):
    segmenter = made(output=NetworkOutput(output), cells=50, mean=[0.0], std=[255.0])
    segmenter.respond(Clip(np.full((1, 9, 9, 3), 85, np.uint8), 25.0))
    assert [asked for _, asked in segmenter.network.seen] == [most]


def test_a_missing_runtime_or_file_is_said_before_it_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
    assert "'net.bin' are not installed" in (made().unavailable() or "")
    (tmp_path / "net.bin").touch()
    assert made().unavailable() is None
    monkeypatch.setattr(EchoSegmenter, "module", "no_such_runtime")
    reason = "needs 'no_such_runtime', which is not installed: pip install 'json-runtime'"
    assert made().unavailable() == reason


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mean": [1.0, 2.0]}, "mean: expected one or three values"),
        ({"std": [0.0]}, "std: expected no zero"),
        ({"threads": 0}, "threads: expected a value >= 1"),
    ],
)
def test_options_out_of_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        made(**wrong)
