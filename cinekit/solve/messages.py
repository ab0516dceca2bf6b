"""The loop of message passing, whatever the pair costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Kernel = Callable[..., Any]


def no_messages(shape: tuple[int, int], n_labels: int) -> Float:
    """What TRW-S begins with: float32 (h, w, 4, L), see :mod:`cinekit.solve.line_metric`."""
    return np.zeros((*shape, 4, n_labels), np.float32)


def pass_messages(
    iteration: Kernel,
    costs: tuple[Float, Float, Float],
    messages: Float,
    iterations: int,
    tolerance: float,
) -> tuple[float, int]:
    """TRW-S, messages in place: lower bound, iterations done.

    Stops when the bound gains less than ``tolerance`` of itself in an iteration.

    iteration : that of :mod:`cinekit.solve.line_metric` or :mod:`cinekit.solve.table_metric`.
    costs : unary float32 (h, w, L), finite somewhere at every pixel, vertical and horizontal pair
        costs as those kernels take them.
    """
    bound, done = -np.inf, 0
    for _ in range(iterations):
        before, bound = bound, float(iteration(*costs, messages))
        done += 1
        if bound - before <= tolerance * abs(bound):
            break
    return bound, done


def finer_messages(messages: Float, shape: tuple[int, int]) -> Float:
    """Where message passing goes on from, on a grid twice as fine: float32 (h, w, 4, L).

    An edge between blocks stands for two, so each bears half. Any messages are valid ones.
    """
    fine = (messages * np.float32(0.5)).repeat(2, axis=0).repeat(2, axis=1)
    fine = np.ascontiguousarray(fine[: shape[0], : shape[1]])
    fine[:, -1, 0] = fine[:, 0, 1] = fine[-1, :, 2] = fine[0, :, 3] = 0  # nobody there to send any
    return fine
