"""A .tflite file as a function from one picture to one array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit import WeightsError, one_line, require, sample_centres


class Network:
    """One network in memory, with its number types hidden.

    input_size : (h, w).
    n_channels : size of the output's last axis, 1 where it has none.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Read the file.

        Raises
        ------
        WeightsError
            When it is no .tflite file, not all of it, or no network from picture to picture.
        """
        litert = require("ai_edge_litert.interpreter", "ai-edge-litert", "segmenter 'litert'")
        try:
            self._interpreter = litert.Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(
                f"{path.name!r} is no .tflite network that can run here, or is damaged "
                f"({one_line(error)}); get the file again"
            ) from error
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        self._output: dict[str, Any] = self._interpreter.get_output_details()[0]
        shape = [int(n) for n in self._input["shape"]]
        answer = [int(n) for n in self._output["shape"]]
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or min(shape) < 1:
            raise WeightsError(f"expected {path.name!r} to take (1, h, w, 3), it takes {shape}")
        if len(answer) not in (3, 4) or answer[0] != 1 or min(answer[1:3]) < 2:
            raise WeightsError(
                f"expected {path.name!r} to answer (1, h, w, classes) or (1, h, w), "
                f"it answers {answer}: it is no segmentation network"
            )
        self.input_size = (shape[1], shape[2])
        self.n_channels = answer[3] if len(answer) == 4 else 1

    def run(self, values: NDArray[np.float32], most: int | None) -> NDArray[np.float32]:
        """float32 (h, w, 3), normalised, to float32 (h', w', n).

        most : see :class:`cinekit.see.network_file.OpenNetwork`.
        """
        self._interpreter.set_tensor(self._input["index"], self._quantised(values)[None])
        self._interpreter.invoke()
        view = self._interpreter.tensor(self._output["index"])()[0]  # memory of the network
        answer = view.copy() if most is None else sample_centres(view, most)
        scale, zero = self._output["quantization"]
        if np.issubdtype(answer.dtype, np.integer) and scale:
            answer = (answer.astype(np.float32) - zero) * np.float32(scale)
        out: NDArray[np.float32] = answer.astype(np.float32, copy=False)
        return out if out.ndim == 3 else out[..., None]

    def _quantised(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """The input in the network's own number type: ``q = value / scale + zero point``."""
        kind = self._input["dtype"]
        if not np.issubdtype(kind, np.integer):
            return values.astype(kind, copy=False)
        scale, zero = self._input["quantization"]
        limits = np.iinfo(kind)
        whole = np.rint(values / scale + zero) if scale else np.rint(values)
        return np.clip(whole, limits.min, limits.max).astype(kind)
