"""An .onnx file as a function from one picture to one array, channels last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit import ConfigError, WeightsError, one_line, require, sample_centres

DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
"""Number types of pictures."""

QUIET = 3
"""Log severity of ONNX Runtime from which it writes to stderr: errors."""


class Layout(StrEnum):
    """Where the channels of a picture stand."""

    AUTO = "auto"
    NCHW = "nchw"
    NHWC = "nhwc"


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the file leaves open: see :class:`cinekit_onnx.segmenter.OnnxSegmenter`."""

    size: tuple[int, int] | None = None
    layout: Layout = Layout.AUTO
    output_layout: Layout = Layout.AUTO
    output_name: str | None = None
    per_class: bool = True


class Network:
    """One network in memory.

    input_size : (h, w).
    n_channels : size of the output's class axis, 1 where it has none.
    """

    def __init__(self, path: Path, form: Form, threads: int) -> None:
        """Read the file.

        Raises
        ------
        WeightsError
            When it is no .onnx file, not all of it, or no network from picture to picture.
        ConfigError
            When the file leaves open what the form does not say.
        """
        self._path, self._form = path, form
        self._session = _open(path, threads)
        picture = self._picture()
        self._input: str = picture.name
        self._dtype = DTYPES[picture.type]
        self._channels_first = self._find_layout(picture.shape) is Layout.NCHW
        self.input_size = self._find_size(picture.shape)
        self._output = self._find_output()
        # What a file says of its output is often only a name for an unknown number: ask it once.
        self.n_channels = self.run(np.zeros((*self.input_size, 3), np.float32), None).shape[-1]

    def run(self, values: NDArray[np.float32], most: int | None) -> NDArray[np.generic]:
        """float32 (h, w, 3), normalised, to (h', w', n) in the network's own number type.

        most : see :class:`cinekit.see.network_file.OpenNetwork`.
        """
        planes = values.transpose(2, 0, 1) if self._channels_first else values
        if np.issubdtype(self._dtype, np.integer):
            planes = np.clip(np.rint(planes), 0, 255)
        picture = np.ascontiguousarray(planes[None], self._dtype)
        try:
            (answer,) = self._session.run([self._output], {self._input: picture})
        except Exception as error:  # the runtime's errors share no base of their own
            h, w = self.input_size
            raise WeightsError(
                f"{self._path.name!r} does not run on a picture of {h}x{w} ({one_line(error)}); "
                "give the size that it was made for"
            ) from error
        scores = self._channels_last(np.asarray(answer))
        return scores if most is None else sample_centres(scores, most)

    def _picture(self) -> Any:
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(one.name for one in inputs)
            raise WeightsError(
                f"expected {self._path.name!r} to take one picture, it takes {len(inputs)} "
                f"inputs: {names}"
            )
        if inputs[0].type not in DTYPES or len(inputs[0].shape) != 4:
            raise WeightsError(
                f"expected {self._path.name!r} to take a picture of four axes in "
                f"{', '.join(DTYPES)}, it takes {inputs[0].type} {inputs[0].shape}"
            )
        if inputs[0].shape[0] not in (1, None) and not isinstance(inputs[0].shape[0], str):
            raise WeightsError(
                f"expected {self._path.name!r} to take one picture at a time, it takes "
                f"{inputs[0].shape[0]}; export it with a batch of 1"
            )
        return inputs[0]

    def _find_layout(self, shape: list[int | str | None]) -> Layout:
        chosen = self._form.layout
        if chosen is Layout.AUTO:
            if shape[1] == 3 and shape[3] != 3:
                chosen = Layout.NCHW
            elif shape[3] == 3 and shape[1] != 3:
                chosen = Layout.NHWC
            else:
                raise ConfigError(
                    f"layout: {self._path.name!r} does not say where its channels are ({shape}); "
                    "give nchw or nhwc"
                )
        channels = shape[1] if chosen is Layout.NCHW else shape[3]
        if isinstance(channels, int) and channels != 3:
            raise WeightsError(
                f"expected {self._path.name!r} to take three channels in the layout {chosen}, "
                f"it takes {shape}"
            )
        return chosen

    def _find_size(self, shape: list[int | str | None]) -> tuple[int, int]:
        h, w = shape[2:] if self._channels_first else shape[1:3]
        given = self._form.size
        if given is None:
            if not isinstance(h, int) or not isinstance(w, int):
                raise ConfigError(
                    f"size: {self._path.name!r} takes pictures of any size ({shape}); give the "
                    "[height, width] that it was trained on"
                )
            return h, w
        for name, own, asked in (("height", h, given[0]), ("width", w, given[1])):
            if isinstance(own, int) and own != asked:
                raise ConfigError(
                    f"size: {self._path.name!r} takes pictures of {name} {own}, received {asked}"
                )
        return given

    def _find_output(self) -> str:
        names = [one.name for one in self._session.get_outputs()]
        wanted = self._form.output_name
        if wanted is not None and wanted not in names:
            raise ConfigError(
                f"output_name: {self._path.name!r} has no output {wanted!r}, only "
                f"{', '.join(names)}"
            )
        return wanted or str(names[0])

    def _channels_last(self, answer: NDArray[np.generic]) -> NDArray[np.generic]:
        """(1, h, w), (1, n, h, w) or (1, h, w, n) to (h, w, n)."""
        if answer.dtype.kind not in "fiub":
            raise self._no_segmentation(answer.shape)
        if answer.ndim == 3 and answer.shape[0] == 1 and not self._form.per_class:
            planes: NDArray[np.generic] = answer[0][..., None]
        elif answer.ndim == 4 and answer.shape[0] == 1:
            layout = self._form.output_layout
            first = self._channels_first if layout is Layout.AUTO else layout is Layout.NCHW
            planes = answer[0].transpose(1, 2, 0) if first else answer[0]
        else:
            raise self._no_segmentation(answer.shape)
        if min(planes.shape[:2]) < 2 or (not self._form.per_class and planes.shape[2] != 1):
            raise self._no_segmentation(answer.shape)
        return planes

    def _no_segmentation(self, shape: tuple[int, ...]) -> WeightsError:
        kind = "a number per class and pixel" if self._form.per_class else "one number per pixel"
        return WeightsError(
            f"expected {self._path.name!r} to answer {kind}, its output {self._output!r} is "
            f"{list(shape)}: choose another output, output_name or output_layout, or it is no "
            "segmentation network"
        )


def _open(path: Path, threads: int) -> Any:
    runtime = require("onnxruntime", "onnxruntime", "segmenter 'onnx'")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = QUIET
    try:
        return runtime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's errors share no base of their own
        raise WeightsError(
            f"{path.name!r} is no .onnx network that can run here, or is damaged "
            f"({one_line(error)}); get the file again"
        ) from error
