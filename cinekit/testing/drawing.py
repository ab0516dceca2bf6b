"""Drawing by formula: pixel coordinates, soft edges and smooth noise for procedural pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating[Any]]
"""Linear radiance, cover or coordinates, (H, W) or (H, W, 3); float32 wherever it matters."""


@dataclass(frozen=True)
class View:
    """Pixel coordinates of a frame, in 360-pixel units, and its scale."""

    height: int
    width: int

    @property
    def scale(self) -> float:
        """Pixels per unit."""
        return self.height / 360.0

    def grid(self, detail: int = 1) -> tuple[Image, Image]:
        """(x, y) of every pixel centre, float32 (H * detail, W * detail)."""
        step = 1 / (self.scale * detail)
        x = (np.arange(self.width * detail, dtype=np.float32) + 0.5) * step
        y = (np.arange(self.height * detail, dtype=np.float32) + 0.5) * step
        grid = np.meshgrid(x, y)
        return grid[0].astype(np.float32), grid[1].astype(np.float32)


def rgb(red: float, green: float, blue: float) -> Image:
    """A colour in linear light: float32 (3,)."""
    return np.array([red, green, blue], np.float32)


def ramp(value: Image, soft: float) -> Image:
    """0 below, 1 above, with a ramp of width ``soft`` about 0."""
    out: Image = np.clip(value / soft + 0.5, 0, 1).astype(np.float32)
    return out


NOISE_CELLS, NOISE_FINENESS = 64, 4


@lru_cache(maxsize=256)
def _noise_table(seed: int, octave: int) -> Image:
    """Random values on a torus of 64 cells, interpolated to 4 samples a cell, one more to wrap."""
    cells = np.random.default_rng((seed, octave)).uniform(-1, 1, (NOISE_CELLS, NOISE_CELLS))
    ring = np.pad(cells.astype(np.float32), 3, mode="wrap")
    side = ring.shape[0] * NOISE_FINENESS
    fine = cv2.resize(ring, (side, side), interpolation=cv2.INTER_CUBIC)
    first, length = 3 * NOISE_FINENESS, NOISE_CELLS * NOISE_FINENESS + 1
    return np.array(fine[first : first + length, first : first + length], np.float32)


def clouds(x: Image, y: Image, seed: int, cells: tuple[float, float], octaves: int = 4) -> Image:
    """Smooth noise with several octaves, looked up at (x, y) in cells: about [-1, 1]."""
    x, y = np.broadcast_arrays(x, y)
    out = np.zeros(x.shape, np.float32)
    period = NOISE_CELLS * NOISE_FINENESS
    for octave in range(octaves):
        fine = NOISE_FINENESS * 2**octave
        u = np.asarray(x / cells[0] * fine % period, np.float32)
        v = np.asarray(y / cells[1] * fine % period, np.float32)
        near = cv2.remap(_noise_table(seed, octave), u, v, cv2.INTER_LINEAR)
        out += near * np.float32(0.6**octave)
    return out
