"""``onnx``: any segmentation network in an .onnx file."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError, WeightsError
from cinekit.models import find_weights
from cinekit.semantics import NetworkSegmenter
from cinekit.semantics.answers import Output, class_probabilities, fit_labels, parse_labels
from cinekit_onnx.network import Form, Layout, Network


class Channels(StrEnum):
    """Order of the colour channels that the network was trained on."""

    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, kw_only=True)
class OnnxSegmenter(NetworkSegmenter):
    """Runs an .onnx network on the CPU, one frame at a time.

    Frames are squashed to the network's input size, whatever their aspect: networks of this kind
    mind distortion less than they mind a smaller field of view.

    Parameters
    ----------
    model : path of the .onnx file, or its name in the models folder.
    labels : a vocabulary ("ade20k_150"), a text file with one label a line, or the names themselves
        separated by commas ("background, person"). A network with one class more than the
        vocabulary has background first.
    output : what the network answers: logits, probabilities, class_index or mask.
    output_name : which of several outputs; None takes the first.
    size : (height, width) of the input; None takes the file's own, and is an error where the file
        leaves it open.
    layout : where the input's channels stand; auto looks where the file has three of them.
    output_layout : the same for the output; auto takes that of the input.
    channels : their order. Networks that OpenCV fed while they were trained want bgr.
    mean, std : the input is ``(pixel - mean) / std`` with pixels in [0, 255]; one value or three,
        in the order of ``channels``. The default is ImageNet's, in RGB.
    threads : threads of the network; the result does not depend on them.
    """

    model: str
    labels: str
    output: Output = Output.LOGITS
    output_name: str | None = None
    size: tuple[int, int] | None = None
    layout: Layout = Layout.AUTO
    output_layout: Layout = Layout.AUTO
    channels: Channels = Channels.RGB
    mean: list[float] = field(default_factory=lambda: [123.675, 116.28, 103.53])
    std: list[float] = field(default_factory=lambda: [58.395, 57.12, 57.375])
    threads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (1, 3):
                raise ConfigError(
                    f"expected one or three values of {name}, received {getattr(self, name)}"
                )
        if 0 in self.std:
            raise ConfigError(f"expected no zero in std, received {self.std}")
        if self.threads < 1:
            raise ConfigError(f"expected threads >= 1, received {self.threads}")
        if self.size is not None and min(self.size) < 1:
            raise ConfigError(f"expected a size of at least 1x1, received {list(self.size)}")

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or the weights are missing."""
        if importlib.util.find_spec("onnxruntime") is None:
            return "needs 'onnxruntime': pip install onnxruntime"
        try:
            find_weights(self.model)
        except WeightsError as error:
            return str(error)
        return None

    def classes(self) -> Sequence[str]:
        """Class names in the order of the network's output."""
        labels = parse_labels(self.labels)
        return fit_labels(labels, self.output, self._network.n_channels, self.model)

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, h, w, n_classes); see :class:`NetworkSegmenter`."""
        n_classes = len(self.classes())
        return np.stack(
            [
                class_probabilities(
                    self._network.run(self._input(frame)),
                    self.output,
                    n_classes,
                    self.cells,
                    self.model,
                )
                for frame in frames
            ]
        )

    def source(self) -> str:
        """The file, for reports."""
        return self.model

    @cached_property
    def _network(self) -> Network:
        form = Form(
            size=self.size,
            layout=self.layout,
            output_layout=self.output_layout,
            output_name=self.output_name,
            per_class=self.output.per_class,
        )
        return Network(find_weights(self.model), form, self.threads)

    def _input(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (H, W, 3) RGB to the network's float32 (h, w, 3)."""
        h, w = self._network.input_size
        shrinks = h * w < frame.shape[0] * frame.shape[1]
        small = cv2.resize(
            frame, (w, h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        if self.channels is Channels.BGR:
            small = small[..., ::-1]
        mean, std = (np.array(value, np.float32) for value in (self.mean, self.std))
        values: NDArray[np.float32] = (small.astype(np.float32) - mean) / std
        return values
