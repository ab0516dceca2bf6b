"""The loop of message passing, whatever the pair costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Kernel = Callable[..., Any]


def pass_messages(
    iteration: Kernel,
    decode: Kernel,
    costs: tuple[Float, Float, Float],
    iterations: int,
    tolerance: float,
) -> tuple[NDArray[np.int32], float, int]:
    """TRW-S from zero messages: labels int32 (h, w), lower bound, iterations done.

    Stops when the bound gains less than ``tolerance`` of itself in an iteration.

    iteration, decode : those of :mod:`cinekit.solve.line_metric` or
        :mod:`cinekit.solve.table_metric`.
    costs : unary float32 (h, w, L), finite somewhere at every pixel, vertical and horizontal pair
        costs as those kernels take them.
    """
    h, w, n = costs[0].shape
    messages = np.zeros((h, w, 4, n), np.float32)
    bound, done = -np.inf, 0
    for _ in range(iterations):
        before, bound = bound, float(iteration(*costs, messages))
        done += 1
        if bound - before <= tolerance * abs(bound):
            break
    labels = np.zeros((h, w), np.int32)
    decode(*costs, messages, labels)
    return labels, bound, done
