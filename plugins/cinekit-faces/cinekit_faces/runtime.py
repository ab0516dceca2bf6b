"""A .tflite file as a function from one picture to its output tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit import WeightsError, one_line, require

Values = NDArray[np.float32]


class Network:
    """One network in memory; its outputs come largest first."""

    def __init__(self, path: Path, side: int, sizes: tuple[int, ...], threads: int) -> None:
        """Read the file.

        side : of the square picture that it must take.
        sizes : number of values of each output that it must give, largest first.

        Raises
        ------
        WeightsError
            When it is damaged, or not the network that was asked for.
        """
        litert = require("ai_edge_litert.interpreter", "ai-edge-litert", "a network for faces")
        try:
            self._interpreter = litert.Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(
                f"{path.name!r} is no .tflite network that can run here, or is damaged "
                f"({one_line(error)}); get the file again"
            ) from error
        entry = self._interpreter.get_input_details()[0]
        outputs = self._interpreter.get_output_details()
        found = {int(np.prod(output["shape"])): int(output["index"]) for output in outputs}
        takes = [int(n) for n in entry["shape"]]
        if takes != [1, side, side, 3] or tuple(sorted(found, reverse=True)) != sizes:
            answers = " and ".join(str(n) for n in sorted(found, reverse=True))
            raise WeightsError(
                f"expected {path.name!r} to take [1, {side}, {side}, 3] and to answer "
                f"{' and '.join(map(str, sizes))} values, it takes {takes} and answers "
                f"{answers}: it is another network"
            )
        self._input = int(entry["index"])
        self._outputs = [found[size] for size in sizes]

    def run(self, picture: Values) -> list[Values]:
        """float32 (side, side, 3), normalised, to flat float32 outputs."""
        self._interpreter.set_tensor(self._input, picture[None])
        self._interpreter.invoke()
        return [
            np.array(self._interpreter.get_tensor(index), np.float32).ravel()
            for index in self._outputs
        ]
