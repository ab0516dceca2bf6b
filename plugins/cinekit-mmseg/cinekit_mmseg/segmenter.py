"""``mmseg``: a network of mmsegmentation by its config and checkpoint."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from cinekit import (
    CinekitError,
    Clip,
    ConfigError,
    NetworkSegmenter,
    Progress,
    SegmenterError,
    SemanticResponse,
    WeightsError,
    Within,
    checksum,
    class_probabilities,
    download,
    find_weights,
    fit_labels,
    models_folder,
    one_line,
    require,
    silent,
)
from cinekit_mmseg.index import find_config

if TYPE_CHECKING:
    from cinekit_mmseg.network import Network

NEEDED = ("torch", "mmengine", "mmcv", "mmseg", "ftfy", "regex")
"""Packages that are imported when it runs."""


@dataclass(frozen=True, kw_only=True)
class MmsegSegmenter(NetworkSegmenter):
    """Any network of mmsegmentation.

    Frames are resized and normalised by the config's own test pipeline, and the network runs as the
    config tests it: on whole frames or in a sliding window. Class names are those of the
    checkpoint, else those of the data set that the config tests on.

    A config is a program in Python; take only those that you trust. A checkpoint is not: what is in
    it is never executed.

    Parameters
    ----------
    config : a name in mmsegmentation's model index, or the path of a config file.
    checkpoint : path of a checkpoint (``.pth``), or its name in the models folder; None is the
        file that the model index names for the config.
    download : fetch that file into the models folder when it is not there.
    sha256 : that the checkpoint must have, 64 hex digits; None takes it as it is. (The eight digits
        at the end of published names are no help: they are of the file before it was published.)
    longest : the most that the longer side of the network's input may have, in pixels; less is
        faster and coarser. None leaves it to the config.
    device : of torch: cpu, cuda, cuda:1.
    batch : frames at once. Scores of 150 classes at the size of the input are 0.3 GB a frame, and
        more of them are faster on a GPU only.
    """

    config: str
    checkpoint: str | None = None
    download: bool = False
    sha256: str | None = None
    longest: Annotated[int, Within("[16, inf)")] | None = None
    device: str = "cpu"
    batch: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.download and self.checkpoint is not None:
            raise ConfigError(
                "download=true fetches the checkpoint that the model index names for the config; "
                "leave out checkpoint"
            )

    def unavailable(self) -> str | None:
        """Why it cannot run here: a package, the config or the checkpoint is missing."""
        for package in NEEDED:
            if importlib.util.find_spec(package) is None:
                return f"needs {package!r}: pip install cinekit-mmseg"
        try:
            find_config(self.config)
            if self.download:
                self._published()
            else:
                self._weights()
        except CinekitError as error:
            return str(error)
        return None

    def cache_key(self) -> str | None:
        """What the fields do not tell: the index's checkpoint, and the files a config includes."""
        key = ""
        if self.checkpoint is None:
            place = self._published()[1]
            if not place.is_file():
                return None
            key = checksum(place)
        entry = find_config(self.config)
        if entry.url is not None:
            return key  # of the installed package, whose version counts already
        from cinekit_mmseg.network import read_config

        settings = read_config(entry.config)
        return None if "custom_imports" in settings else f"{key} {settings!r}"

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The folded response of every frame, after the download where one was asked for."""
        if not self.download or self._published()[1].is_file():
            return super().respond(clip, progress)
        self._weights(lambda share: progress(share / 2))
        return super().respond(clip, lambda share: progress((1 + share) / 2))

    def classes(self) -> Sequence[str]:
        """Class names in the order of the network's channels."""
        network = self._network
        if not network.classes:
            raise SegmenterError(
                f"expected class names in the checkpoint of {self.config!r} or the data set of its "
                "config, found none; give the data set `metainfo = dict(classes=...)`"
            )
        return fit_labels(network.classes, network.output, network.n_channels, self.config)

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, n_classes); see :class:`NetworkSegmenter`."""
        network = self._network
        n = len(self.classes())
        try:
            answers = network.answers(frames)
        except CinekitError:
            raise
        except Exception as error:  # of a network that others wrote
            raise SegmenterError(
                f"{self.source()!r} cannot run on {self.device!r} ({one_line(error)[:200]}); try "
                "segmenter.batch=1, a smaller segmenter.longest or segmenter.device=cpu"
            ) from error
        return np.stack(
            [
                class_probabilities(one, network.output, n, self.cells, self.config)
                for one in answers
            ]
        )

    def source(self) -> str:
        """The config, for reports."""
        return Path(self.config).stem

    @cached_property
    def _network(self) -> Network:
        torch = require("torch", "torch", "segmenter 'mmseg'")
        require("mmseg", "cinekit-mmseg", "segmenter 'mmseg'")
        from cinekit_mmseg.network import load_network

        try:
            device = torch.device(self.device)
        except RuntimeError as error:
            raise ConfigError(
                f"device: expected cpu, cuda or cuda:N, received {self.device!r}"
            ) from error
        network = load_network(find_config(self.config).config, self._weights(), self.longest)
        try:
            network.model.to(device)
        except (RuntimeError, AssertionError) as error:
            raise SegmenterError(
                f"device: {self.device!r} cannot be used here ({one_line(error)[:200]})"
            ) from error
        return network

    def _weights(self, progress: Progress = silent) -> Path:
        """The checkpoint, fetched where that was asked for."""
        if self.checkpoint is not None:
            return find_weights(self.checkpoint, sha256=self.sha256)
        url, place = self._published()
        if not self.download and not place.is_file():
            raise WeightsError(
                f"the weights {place.name!r} are not installed: segmenter.download=true fetches "
                f"them from {url}; or put the file into {place.parent}, or give its path as "
                "segmenter.checkpoint"
            )
        return download(url, place, self.sha256, progress)

    def _published(self) -> tuple[str, Path]:
        """Where the model index says that the checkpoint is, and its place in the models folder."""
        url = find_config(self.config).url
        if url is None:
            raise WeightsError(
                f"checkpoint: the model index of mmsegmentation names none for {self.config!r}, "
                "give its path"
            )
        return url, models_folder() / url.rpartition("/")[2]
