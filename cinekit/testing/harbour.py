"""The clip that ``make demo`` animates: an evening harbour, drawn in linear light and tone-mapped.

Four things move, each its own way and none of them periodic: water (a sum of travelling waves that
mirror the sky), a flag (a running ripple), a lantern (a pendulum whose light moves over the wall)
and a fire in a basket. Everything else is a still painting. All lengths are in units of a frame
that is 360 pixels high; ``View.scale`` turns them into pixels.
"""

from __future__ import annotations

import numpy as np

from cinekit.model import Clip
from cinekit.testing.drawing import Image, View, rgb
from cinekit.testing.harbour_motion import Fire, Flag, Lantern, Water
from cinekit.testing.harbour_painting import FIRE_FOOT, paint


def lamp(
    view: View, at: tuple[float, float], reach: float, flat: float, albedo: Image, colour: Image
) -> Image:
    """Light of a lamp on stone: inverse square about (x, y), ``flat`` squeezing it vertically."""
    x, y = view.grid()
    square = (x - at[0]) ** 2 + ((y - at[1]) * flat) ** 2
    fall = reach**2 / (square + reach**2)
    return albedo * (fall**1.25)[..., None] * colour


def _tone_curve() -> Image:
    """Linear radiance (index / 4096) to display levels [0, 255]: soft shoulder, gamma 2.2."""
    radiance = np.arange(8 * 4096, dtype=np.float32) / 4096
    level: Image = (255 * (1 - np.exp(-1.25 * radiance)) ** (1 / 2.2)).astype(np.float32)
    return level


def demo_clip(
    size: tuple[int, int] = (360, 640), frames: int = 150, fps: float = 30.0, seed: int = 7
) -> Clip:
    """The harbour at dusk: what ``make demo`` animates.

    Parameters
    ----------
    size : (H, W) in pixels; the scene is composed for 16:9 and scales with H.
    frames : length; nothing repeats, however long.
    seed : of the waves, the ripples and the film grain; the composition stays.
    """
    view = View(*size)
    rng = np.random.default_rng(seed)
    painting = paint(view)
    water = Water(view, painting, rng)
    flag, lantern, fire = Flag(view, rng), Lantern(view), Fire(view)
    curve = _tone_curve()
    grain = rng.standard_normal((size[0] + 64, size[1] + 64, 1), dtype=np.float32) * 0.45
    out = np.empty((frames, *size, 3), np.uint8)
    for t in range(frames):
        seconds = t / fps
        frame = painting.still.copy()
        frame[water.box] += water.share * (water.draw(seconds) - frame[water.box])
        colour, cover = flag.draw(seconds)
        frame[flag.box] += cover[..., None] * (colour - frame[flag.box])
        flames = fire.draw(seconds)
        power = 0.25 + float(flames.mean()) * 1.7
        glow = power * rgb(1.5, 0.62, 0.20)
        frame += lamp(view, (FIRE_FOOT[0], 300), 46, 1.9, painting.albedo, glow)
        at = lantern.flame(seconds)
        frame += lamp(view, at, 44, 1.0, painting.albedo, rgb(3.4, 1.75, 0.62))
        colour, cover = lantern.draw(seconds)
        frame[lantern.box] += cover[..., None] * (colour - frame[lantern.box])
        frame[fire.box] += flames
        level = np.take(curve, (frame * 4096).astype(np.int32), mode="clip")
        dy, dx = rng.integers(0, 64, 2)
        level += grain[dy : dy + size[0], dx : dx + size[1]]
        out[t] = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    return Clip(out, fps=fps, name="harbour")
