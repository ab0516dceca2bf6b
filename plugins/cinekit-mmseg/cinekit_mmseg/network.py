"""From a config and a checkpoint to a network that scores the frames of a clip."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cinekit import CinekitError, ConfigError, MissingDependencyError, NetworkOutput, one_line
from cinekit_mmseg.checkpoint import load_weights, read_checkpoint
from cinekit_mmseg.ops import provide_compiled_ops

provide_compiled_ops()
with warnings.catch_warnings():
    # Old names within mmcv and torch.jit, which nobody who runs this can do anything about.
    warnings.simplefilter("ignore")
    from mmengine.config import Config
    from mmengine.dataset import Compose
    from mmengine.registry import DefaultScope
    from mmseg.registry import DATASETS, MODELS
    from mmseg.utils import register_all_modules

    register_all_modules(init_default_scope=False)

SCOPE = "mmseg"
"""The registry in which configs name their parts."""

SUMS_OF_MASKS = ("MaskFormerHead", "Mask2FormerHead", "SideAdapterCLIPHead")
"""Heads that score a class by the sum of the masks of it: no logits, and never negative."""

OF_MMDET = ("MaskFormerHead", "Mask2FormerHead")
"""Heads that mmsegmentation takes from mmdet. Without it they exist, and cannot be built."""

LOADERS = ("LoadImageFromFile", "LoadAnnotations")
"""Steps of a test pipeline that read files."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network of mmsegmentation, ready to run.

    classes : names that belong to its channels, or () when nothing says them.
    n_channels : of its answer; 1 is a mask.
    """

    model: Any
    pipeline: Any
    classes: tuple[str, ...]
    n_channels: int

    @property
    def output(self) -> NetworkOutput:
        """What the numbers of :meth:`answers` are."""
        if self.n_channels == 1:
            return NetworkOutput.MASK
        head = self.model.decode_head
        return (
            NetworkOutput.PROBABILITIES
            if type(head).__name__ in SUMS_OF_MASKS
            else NetworkOutput.LOGITS
        )

    def answers(self, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The answer for every frame: float32 (h, w, n_channels), at the size the config tests at.

        frames : uint8 (n, H, W, 3), RGB.
        """
        with mmseg_scope(), torch.inference_mode():
            # Configs are written for pictures that OpenCV has read: blue first.
            inputs = [self.pipeline({"img": frame[..., ::-1].copy()}) for frame in frames]
            for one in inputs:
                # Scores at the size of the input are as fine as they get.
                one["data_samples"].set_metainfo({"ori_shape": one["data_samples"].img_shape})
            batch = {key: [one[key] for one in inputs] for key in ("inputs", "data_samples")}
            samples = self.model.test_step(batch)
        scores = [sample.seg_logits.data.movedim(0, -1).float().cpu().numpy() for sample in samples]
        return [
            _shares(one) if self.output is NetworkOutput.PROBABILITIES else one for one in scores
        ]


def load_network(config: Path, checkpoint: Path, longest: int | None = None) -> Network:
    """The network of a config with the weights of a checkpoint.

    longest : the most that the longer side of the network's input may have; None leaves the config.

    Raises
    ------
    ConfigError
        When the config cannot be read, or is of no segmentation network.
    MissingDependencyError
        When the config needs a package that is not installed.
    WeightsError
        When the checkpoint is damaged, or of another network.
    """
    content = read_checkpoint(checkpoint)
    settings = read_config(config)
    with _explained(f"config: {config.name!r} cannot be built"), mmseg_scope():
        model = MODELS.build(settings.model)
        pipeline = Compose(_steps(settings, longest))
    n_channels = getattr(model, "out_channels", None)
    if not isinstance(n_channels, int) or not hasattr(model, "decode_head"):
        raise ConfigError(f"config: {config.name!r} is of no network for semantic segmentation")
    load_weights(model, content.weights, checkpoint.name, config.name)
    return Network(
        model=model.eval().requires_grad_(False),
        pipeline=pipeline,
        classes=content.classes or _classes_of_data(settings),
        n_channels=n_channels,
    )


def read_config(path: Path) -> Any:
    """A config, without what is for training only: nothing else is downloaded or built."""
    with _explained(f"config: {path.name!r} cannot be read"), mmseg_scope():
        settings = Config.fromfile(path)
    if not isinstance(settings.get("model"), Mapping):
        raise ConfigError(f"config: {path.name!r} has no `model`, it is of no network")
    head = settings.model.get("decode_head")
    if (
        isinstance(head, Mapping)
        and head.get("type") in OF_MMDET
        and importlib.util.find_spec("mmdet") is None
    ):
        raise MissingDependencyError(
            f"config: {path.name!r} needs 'mmdet', which is not installed: pip install "
            "'cinekit-mmseg[mmdet]'"
        )
    settings.model.pretrained = None
    settings.model.train_cfg = None
    return settings


def _steps(settings: Any, longest: int | None) -> list[dict[str, Any]]:
    """The config's own test pipeline, from a picture in memory to the network's input."""
    steps = settings.get("test_pipeline") or _test_data(settings).get("pipeline") or []
    kept = [dict(step) for step in steps if step["type"] not in LOADERS]
    if longest is not None:
        resizes = [step for step in kept if step["type"] == "Resize" and "scale" in step]
        if not resizes:
            raise ConfigError(
                "longest: the test pipeline of this config resizes in another way; "
                "set its size in a config of your own"
            )
        for step in resizes:
            scale = step["scale"]
            sides = scale if isinstance(scale, Sequence) else (scale, scale)
            step["scale"] = tuple(min(side, longest) for side in sides)
    return [{"type": "LoadImageFromNDArray"}, *kept]


def _test_data(settings: Any) -> Mapping[str, Any]:
    """The settings of the data set that the network is tested on, or nothing."""
    data = (settings.get("test_dataloader") or {}).get("dataset") or {}
    while "dataset" in data or "datasets" in data:
        data = data["dataset"] if "dataset" in data else data["datasets"][0]
    found: Mapping[str, Any] = data
    return found


def _classes_of_data(settings: Any) -> tuple[str, ...]:
    """Class names from the config's data set, or ()."""
    data = _test_data(settings)
    own = (data.get("metainfo") or {}).get("classes")
    if own is None:
        cls = DATASETS.get(data["type"]) if "type" in data else None
        own = getattr(cls, "METAINFO", {}).get("classes")
    return tuple(own or ())


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of masks to shares of the classes; a cell that no mask covers has equal ones."""
    positive = np.maximum(scores, np.float32(1e-6))
    shares: NDArray[np.float32] = positive / positive.sum(axis=-1, keepdims=True)
    return shares


@contextmanager
def mmseg_scope() -> Iterator[None]:
    """While mmsegmentation works: its parts are found by their short names, it does not warn."""
    with DefaultScope.overwrite_default_scope(SCOPE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Any error of a config, which is a program that others wrote, as one line."""
    try:
        yield
    except CinekitError:
        raise
    except Exception as error:
        module = _missing_module(error)
        if module is not None:
            raise MissingDependencyError(
                f"{what}: it needs the package {module!r}, which is not installed"
            ) from error
        raise ConfigError(f"{what} ({one_line(error)[:200]})") from error


def _missing_module(error: BaseException | None) -> str | None:
    """The package whose absence led to an error."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return None
