"""One palette for a whole loop, and dithering that stands still.

Error diffusion looks best on a single picture and worst on a film: a change in one corner stirs
the dots of everything below it. Here the dots come from a fixed blue-noise mask, so a pixel's
palette index depends on its own colour and place alone: what does not change in the film does not
change in the file.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

_TO_PERCEPTUAL = np.array(
    [[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32
).T * np.array([1.6, 1.0, 1.0], np.float32)
"""RGB to YCbCr (BT.601) with brightness counted 1.6 times: the eye minds it more than hue."""

_BITS = 6
"""Bits per channel of the colour -> palette index table: 2**18 entries."""


@lru_cache(maxsize=1)
def blue_noise(size: int = 32) -> NDArray[np.float32]:
    """A void-and-cluster threshold mask, float32 (size, size) in (-0.5, 0.5), tiles seamlessly.

    Ulichney 1993: rank the cells so that at every threshold the cells below it are spread evenly.
    The first tenth starts at random and is relaxed, the rest always fills the largest void.
    """
    rng = np.random.default_rng(7)
    cells = size * size
    on = np.zeros(cells, bool)
    on[rng.choice(cells, cells // 10, replace=False)] = True
    kernel = np.zeros((size, size), np.float32)
    kernel[0, 0] = 1
    kernel = gaussian_filter(kernel, 1.5, mode="wrap")

    def spread(cell: int) -> NDArray[np.float32]:
        return np.asarray(np.roll(kernel, divmod(cell, size), (0, 1)).ravel(), np.float32)

    energy = np.zeros(cells, np.float32)
    for cell in np.flatnonzero(on):
        energy += spread(int(cell))
    for _ in range(cells):  # move the tightest cell into the largest void until that is the same
        tight = int(np.argmax(np.where(on, energy, -np.inf)))
        on[tight] = False
        energy -= spread(tight)
        void = int(np.argmin(np.where(on, np.inf, energy)))
        on[void] = True
        energy += spread(void)
        if void == tight:
            break
    rank = np.zeros(cells, np.float32)
    start, start_energy = on.copy(), energy.copy()
    for position in range(int(on.sum()) - 1, -1, -1):
        tight = int(np.argmax(np.where(start, start_energy, -np.inf)))
        start[tight] = False
        start_energy -= spread(tight)
        rank[tight] = position
    for position in range(int(on.sum()), cells):
        void = int(np.argmin(np.where(on, np.inf, energy)))
        on[void] = True
        energy += spread(void)
        rank[void] = position
    mask = (rank + np.float32(0.5)) / np.float32(cells) - np.float32(0.5)
    return mask.reshape(size, size)


def choose_palette(
    frames: NDArray[np.uint8], moving: NDArray[np.bool_], colours: int, samples: int = 60_000
) -> NDArray[np.uint8]:
    """At most ``colours`` colours for a loop: uint8 (n, 3).

    frames : uint8 (T, H, W, 3).
    moving : bool (H, W). Half the samples come from here, however small it is: it is what people
        look at, and a palette by area alone would leave a small flame four shades.
    """
    rng = np.random.default_rng(0)
    still_pixels = frames[0][~moving]
    moving_pixels = frames[:, moving].reshape(-1, 3)
    parts = [
        pixels[rng.integers(0, len(pixels), samples // 2)]
        for pixels in (still_pixels, moving_pixels)
        if len(pixels)
    ]
    pixels = np.concatenate(parts)
    picture = Image.fromarray(pixels.reshape(1, -1, 3))
    quantised = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=3)
    flat = np.asarray(quantised.getpalette(), np.uint8).reshape(-1, 3)
    used = np.unique(np.asarray(quantised))
    return np.asarray(flat[used], np.uint8)


class PaletteMap:
    """Maps frames to palette indices, with fixed blue-noise dithering.

    palette : uint8 (n, 3), n at most 256.
    strength : dither amplitude in units of the palette's own spacing, 0 (none) to 1.
    """

    def __init__(self, palette: NDArray[np.uint8], strength: float) -> None:
        tree = cKDTree(palette.astype(np.float32) @ _TO_PERCEPTUAL)
        levels = 1 << _BITS
        axis = (np.arange(levels, dtype=np.float32) + 0.5) * (256 / levels) - 0.5
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
        self.table: NDArray[np.uint8] = tree.query(grid @ _TO_PERCEPTUAL)[1].astype(np.uint8)
        self.amplitude = 0.0
        if len(palette) > 1:
            gaps = tree.query(tree.data, k=2)[0][:, 1]
            self.amplitude = strength * float(np.median(gaps)) * 2

    def indices(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (H, W) palette indices of a uint8 (H, W, 3) frame."""
        height, width = frame.shape[:2]
        noise = blue_noise()
        size = len(noise)
        tiled = np.tile(noise, (-(-height // size), -(-width // size)))[:height, :width]
        dots = np.rint(tiled * self.amplitude).astype(np.int16)[..., None]
        colour = np.clip(frame + dots, 0, 255).astype(np.uint8) >> (8 - _BITS)
        r, g, b = (colour[..., c].astype(np.int32) for c in range(3))
        out: NDArray[np.uint8] = self.table[(r << 2 * _BITS) | (g << _BITS) | b]
        return out
