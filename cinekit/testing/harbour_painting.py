"""What stands still in the harbour: sky, shore, stone and iron, painted once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cinekit.testing.drawing import Image, View, clouds, ramp, rgb

HORIZON = 158.0
QUAY = 292.0
WALL_EDGE = 176.0
LANTERN_PIVOT = (118.0, 92.0)
FLAG_MAST = (470.0, 62.0)
FIRE_FOOT = (72.0, 291.0)
DETAIL = 2
"""The still painting is drawn this many times larger and averaged, which smooths its edges."""


def _sky(x: Image, y: Image) -> Image:
    """Dusk: deep blue above, a warm band above the horizon, streaks of cloud, a low sun."""
    up = np.clip((HORIZON - y) / HORIZON, 0, 1.6)[..., None]
    top, middle, low = rgb(0.020, 0.045, 0.14), rgb(0.17, 0.16, 0.30), rgb(1.05, 0.46, 0.16)
    sky = top + (middle - top) * np.exp(-2.2 * up) * 1.15 + (low - middle) * np.exp(-7.0 * up)
    away = np.hypot((x - 372) / 1.6, y - (HORIZON - 13))[..., None]
    sky = sky + rgb(0.9, 0.36, 0.10) * np.exp(-away / 38)
    streak = clouds(x, y + 0.04 * x, 11, (150, 21))
    fleece = np.clip(streak - 0.05, 0, 1)[..., None] * np.exp(-((up - 0.33) ** 2) / 0.09)
    lit = rgb(0.75, 0.26, 0.17) * np.exp(-4.0 * up) + rgb(0.16, 0.11, 0.19)
    out: Image = (sky + fleece * lit * 0.9).astype(np.float32)
    return out


def _shore(x: Image, y: Image, sky: Image) -> Image:
    """The far shore: two chains of hills, the nearer one with the lights of a village."""
    for seed, lift, reach, colour in (
        (21, 17.0, 15.0, rgb(0.085, 0.070, 0.125)),
        (22, 7.0, 8.0, rgb(0.028, 0.027, 0.055)),
    ):
        ridge = HORIZON - lift - reach * clouds(x[:1], 0 * x[:1], seed, (95, 1), 5)
        notch = 15 * np.exp(-(((x[:1] - 372) / 46) ** 2))
        cover = ramp(y - (ridge + notch * lift / 17), 1.2)[..., None]
        haze = rgb(0.20, 0.085, 0.04) * np.exp(-np.abs(x - 372) / 130)[..., None]
        sky = sky + cover * (colour + haze * lift / 17 - sky)
    rng = np.random.default_rng(5)
    for _ in range(26):
        at = (rng.uniform(185, 640), HORIZON - rng.uniform(1.0, 6.5))
        warm = rgb(1.0, rng.uniform(0.5, 0.8), 0.25) * rng.uniform(0.5, 1.8)
        glow = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 0.9)
        sky = sky + glow[..., None] * warm
    return sky.astype(np.float32)


def _masonry(x: Image, y: Image, course: tuple[float, float], seed: int) -> Image:
    """Albedo of rough stone in courses: float32 (H, W), about 0.1 to 0.5."""
    rng = np.random.default_rng(seed)
    row = np.floor(y / course[1])
    along = x + course[0] * np.take(rng.random(64), row.astype(int) % 64)
    column = np.floor(along / course[0])
    tone = np.take(rng.random(512), (row * 37 + column * 101).astype(int) % 512)
    u, v = along / course[0] - column, y / course[1] - row
    joint = np.minimum(
        np.minimum(u, 1 - u) * course[0], np.minimum(v, 1 - v) * course[1]
    ) + 0.5 * clouds(x, y, seed + 1, (6, 6), 2)
    rough = clouds(x, y, seed + 2, (16, 16), 5)
    worn = 0.26 + 0.15 * (tone - 0.5) + 0.055 * rough
    lit = np.clip((joint - 0.3) / 1.6, 0, 1)
    out: Image = (np.clip(worn, 0.04, 1) * (0.35 + 0.65 * lit)).astype(np.float32)
    return out


@dataclass(frozen=True)
class Painting:
    """What stands still: radiance by evening light, and the albedo that lamps fall on.

    sky : float32 (H, W, 3), without anything before it: what the water mirrors.
    still : float32 (H, W, 3), the finished picture without water, lamps and fire.
    albedo : float32 (H, W, 3) of the wall and the quay, 0 elsewhere.
    sea : float32 (H, W), share of the pixel that is open water.
    """

    sky: Image
    still: Image
    albedo: Image
    sea: Image


def paint(view: View) -> Painting:
    """The still picture for a frame of this size."""
    x, y = view.grid(DETAIL)
    sky = _shore(x, y, _sky(x, y))
    wall = ramp(WALL_EDGE - x, 1.0) * ramp(QUAY + 8 - y, 1.0)
    quay = ramp(y - QUAY, 1.0)
    kerb = quay * ramp(QUAY + 9 - y, 1.0)
    depth = (y - QUAY + 40) / 40  # the paving grows towards the viewer
    stones = _masonry(x, y, (34, 17), 31)
    paving = _masonry(
        (x - 320) / np.maximum(depth, 0.2) + 2000, 36 * np.log(depth + 9), (30, 5), 41
    )
    slab = _masonry(x + 700, y * 0 + 8, (58, 16), 51) * 1.5
    ground = paving + kerb * (slab - paving)
    stone = wall * (1 - quay) * stones + quay * ground
    tint = rgb(1.0, 0.92, 0.82)
    albedo: Image = stone[..., None] * tint
    dusk = (
        rgb(0.20, 0.21, 0.34)
        + rgb(0.30, 0.14, 0.06) * (quay * np.exp(-np.abs(x - 372) / 230))[..., None]
    )
    still: Image = sky + np.maximum(wall, quay)[..., None] * (albedo * dusk * 0.9 - sky)
    still, albedo = _window(x, y, still, albedo)
    still, albedo, before = _furniture(x, y, still, albedo)
    sea = ramp(y - HORIZON, 1.0) * (1 - np.maximum.reduce([wall, quay, before]))
    size = (view.width, view.height)
    shrink = [
        np.asarray(cv2.resize(a.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
        for a in (sky, still, albedo, sea)
    ]
    return Painting(*shrink)


def _window(x: Image, y: Image, still: Image, albedo: Image) -> tuple[Image, Image]:
    """A shuttered window in the wall, faintly lit from inside."""
    frame = ramp(24 - np.abs(x - 42), 1.0) * ramp(34 - np.abs(y - 150), 1.0)
    pane = ramp(18 - np.abs(x - 42), 1.0) * ramp(28 - np.abs(y - 150), 1.0)
    bars = np.maximum(ramp(1.3 - np.abs(x - 42), 1.0), ramp(1.2 - np.abs(y - 141), 1.0))
    glow = rgb(0.95, 0.50, 0.17) * (0.30 + 0.35 * np.exp(-((y - 165) ** 2) / 900))[..., None]
    glow = glow * (1 + 0.12 * clouds(x, y, 61, (9, 30), 3))[..., None]
    wood = rgb(0.075, 0.055, 0.05)
    still = still + frame[..., None] * (wood - still)
    still = still + (pane * (1 - bars))[..., None] * (glow - still)
    sill = (ramp(28 - np.abs(x - 42), 1.0) * ramp(3.5 - np.abs(y - 187), 1.0))[..., None]
    still = still + sill * (rgb(0.10, 0.10, 0.13) - still)
    return still, albedo * (1 - frame[..., None]) + sill * 0.3


def _furniture(x: Image, y: Image, still: Image, albedo: Image) -> tuple[Image, Image, Image]:
    """Iron bracket of the lantern, flag mast, fire basket, bollards; and where they are."""
    px, py = LANTERN_PIVOT
    arm = (
        ramp(1.6 - np.abs(y - (py - 3)), 1.0) * ramp(x - px + 5, 1.0) * ramp(WALL_EDGE - 2 - x, 1.0)
    )
    bow = 0.5 * (x - px) + 0.004 * (x - px) ** 2
    brace = ramp(1.3 - np.abs(y - (py - 3) - bow) * 0.8, 1.0) * ramp(x - px - 4, 1.0)
    brace = brace * ramp(WALL_EDGE - 2 - x, 1.0)
    plate = ramp(2.5 - np.abs(x - WALL_EDGE + 3), 1.0) * ramp(30 - np.abs(y - py - 16), 1.0)
    mx, my = FLAG_MAST
    mast = ramp(1.9 - np.abs(x - mx), 1.0) * ramp(y - my + 8, 1.0) * ramp(QUAY + 30 - y, 1.0)
    knob = ramp(4 - np.hypot(x - mx, y - my + 10), 1.0)
    fx, fy = FIRE_FOOT
    bowl = ramp(25 - 0.42 * np.maximum(y - fy, 0) - np.abs(x - fx), 1.0) * ramp(
        11 - np.abs(y - fy - 10), 1.0
    )
    legs = ramp(1.6 - np.abs(np.abs(x - fx) - 7 - 0.34 * (y - fy - 18)), 1.0) * ramp(
        14 - np.abs(y - fy - 32), 1.0
    )
    shape = np.maximum.reduce([arm, brace, plate, mast, knob, bowl, legs])
    for bx in (250.0, 566.0):
        post = ramp(7 + 2.5 * np.exp(-((y - 280) ** 2) / 14) - np.abs(x - bx), 1.0)
        shape = np.maximum(shape, post * ramp(y - 276, 1.0) * ramp(QUAY + 13 - y, 1.0))
    round_light = 0.022 + 0.006 * clouds(x, y, 71, (5, 5), 2)
    iron = round_light[..., None] * rgb(0.8, 0.75, 0.9)
    still = still + shape[..., None] * (iron - still)
    return still, albedo + shape[..., None] * (0.06 - albedo), shape
