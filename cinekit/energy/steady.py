"""A response that does not flicker: temporal median, then a dead band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.model import is_constant


def steady(response: NDArray[np.uint8], median: int, dead_band: float) -> NDArray[np.uint8]:
    """Take the flicker of a network out of its response.

    Every channel of every pixel is replaced by its median over ``median`` frames (the window is
    clamped to the clip), then keeps its running value until it changes by more than the dead band.

    response : uint8 (t, h, w, c), 255 is probability 1. Returns the same shape and dtype. A
        response that is a broadcast view along t comes back as it is.
    """
    if is_constant(response):
        return response
    t = response.shape[0]
    flat = np.ascontiguousarray(response).reshape(t, -1)
    out = np.empty_like(flat)
    _steady(flat, median // 2, np.int64(np.floor(255 * dead_band)), out)
    return out.reshape(response.shape)


@kernel
def _steady(values, reach, band, out):  # type: ignore[no-untyped-def]
    """uint8 (t, m) -> out; frames outermost, so that memory is read in order."""
    n, m = values.shape
    window = np.empty(2 * reach + 1, np.uint8)
    for t in range(n):
        for j in range(m):
            for k in range(2 * reach + 1):
                v = values[min(max(t + k - reach, 0), n - 1), j]
                at = k  # insertion sort: the window is a handful of values
                while at > 0 and window[at - 1] > v:
                    window[at] = window[at - 1]
                    at -= 1
                window[at] = v
            now = np.int64(window[reach])
            if t > 0 and abs(now - np.int64(out[t - 1, j])) <= band:
                now = np.int64(out[t - 1, j])
            out[t, j] = now
