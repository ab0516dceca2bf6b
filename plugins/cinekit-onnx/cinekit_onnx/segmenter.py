"""``onnx``: any segmentation network in an .onnx file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit import Count, NetworkFileSegmenter, find_weights
from cinekit_onnx.network import Form, Layout, Network


class Channels(StrEnum):
    """Order of the colour channels that the network was trained on."""

    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, kw_only=True)
class OnnxSegmenter(NetworkFileSegmenter):
    """Runs an .onnx network on the CPU.

    Parameters
    ----------
    output_name : which of several outputs; None takes the first.
    size : (height, width) of the input; None takes the file's own, and is an error where the file
        leaves it open.
    layout : where the input's channels stand; auto looks where the file has three of them.
    output_layout : the same for the output; auto takes that of the input.
    channels : their order. Networks that OpenCV fed while they were trained want bgr.
    mean, std : in the order of ``channels``. The default is ImageNet's, in RGB.
    """

    module: ClassVar[str] = "onnxruntime"
    distribution: ClassVar[str] = "onnxruntime"

    output_name: str | None = None
    size: tuple[Count, Count] | None = None
    layout: Layout = Layout.AUTO
    output_layout: Layout = Layout.AUTO
    channels: Channels = Channels.RGB
    mean: list[float] = field(default_factory=lambda: [123.675, 116.28, 103.53])
    std: list[float] = field(default_factory=lambda: [58.395, 57.12, 57.375])

    def open_network(self) -> Network:
        """The network in ONNX Runtime; see :class:`NetworkFileSegmenter`."""
        form = Form(
            size=self.size,
            layout=self.layout,
            output_layout=self.output_layout,
            output_name=self.output_name,
            per_class=self.output.per_class,
        )
        return Network(find_weights(self.model), form, self.threads)

    def values(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The network's input, in its own order of channels."""
        return super().values(frame[..., ::-1] if self.channels is Channels.BGR else frame)
