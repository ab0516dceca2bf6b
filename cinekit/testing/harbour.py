"""The clip that ``make demo`` animates: an evening harbour, drawn in linear light and tone-mapped.

Four things move, each its own way and none of them periodic: water (a sum of travelling waves that
mirror the sky), a flag (a running ripple), a lantern (a pendulum whose light moves over the wall)
and a fire in a basket. Everything else is a still painting. All lengths are in units of a frame
that is 360 pixels high; ``scale`` turns them into pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.types import Clip

Image = NDArray[np.float32]

HORIZON = 158.0
QUAY = 292.0
WALL_EDGE = 176.0
LANTERN_PIVOT = (118.0, 92.0)
FLAG_MAST = (470.0, 62.0)
FLAG_SIZE = (118.0, 70.0)
FIRE_FOOT = (72.0, 291.0)
DETAIL = 2
"""The still painting is drawn this many times larger and averaged, which smooths its edges."""


@dataclass(frozen=True)
class _View:
    """Pixel coordinates of a frame, in 360-pixel units, and its scale."""

    height: int
    width: int

    @property
    def scale(self) -> float:
        return self.height / 360.0

    def grid(self, detail: int = 1) -> tuple[Image, Image]:
        """(x, y) of every pixel centre, float32 (H * detail, W * detail)."""
        step = 1 / (self.scale * detail)
        x = (np.arange(self.width * detail, dtype=np.float32) + 0.5) * step
        y = (np.arange(self.height * detail, dtype=np.float32) + 0.5) * step
        grid = np.meshgrid(x, y)
        return grid[0].astype(np.float32), grid[1].astype(np.float32)


def _rgb(red: float, green: float, blue: float) -> Image:
    return np.array([red, green, blue], np.float32)


def _step(value: Image, soft: float) -> Image:
    """0 below, 1 above, with a ramp of width ``soft`` about 0."""
    return np.clip(value / soft + 0.5, 0, 1).astype(np.float32)


NOISE_CELLS, NOISE_FINENESS = 64, 4


@lru_cache(maxsize=256)
def _noise_table(seed: int, octave: int) -> Image:
    """Random values on a torus of 64 cells, interpolated to 4 samples a cell, one more to wrap."""
    cells = np.random.default_rng((seed, octave)).uniform(-1, 1, (NOISE_CELLS, NOISE_CELLS))
    ring = np.pad(cells.astype(np.float32), 3, mode="wrap")
    side = ring.shape[0] * NOISE_FINENESS
    fine = cv2.resize(ring, (side, side), interpolation=cv2.INTER_CUBIC)
    first, length = 3 * NOISE_FINENESS, NOISE_CELLS * NOISE_FINENESS + 1
    table: Image = fine[first : first + length, first : first + length].copy()
    return table


def _clouds(x: Image, y: Image, seed: int, cells: tuple[float, float], octaves: int = 4) -> Image:
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


def _sky(x: Image, y: Image) -> Image:
    """Dusk: deep blue above, a warm band above the horizon, streaks of cloud, a low sun."""
    up = np.clip((HORIZON - y) / HORIZON, 0, 1.6)[..., None]
    top, middle, low = _rgb(0.020, 0.045, 0.14), _rgb(0.17, 0.16, 0.30), _rgb(1.05, 0.46, 0.16)
    sky = top + (middle - top) * np.exp(-2.2 * up) * 1.15 + (low - middle) * np.exp(-7.0 * up)
    away = np.hypot((x - 372) / 1.6, y - (HORIZON - 13))[..., None]
    sky = sky + _rgb(0.9, 0.36, 0.10) * np.exp(-away / 38)
    streak = _clouds(x, y + 0.04 * x, 11, (150, 21))
    fleece = np.clip(streak - 0.05, 0, 1)[..., None] * np.exp(-((up - 0.33) ** 2) / 0.09)
    lit = _rgb(0.75, 0.26, 0.17) * np.exp(-4.0 * up) + _rgb(0.16, 0.11, 0.19)
    return (sky + fleece * lit * 0.9).astype(np.float32)


def _shore(x: Image, y: Image, sky: Image) -> Image:
    """The far shore: two chains of hills, the nearer one with the lights of a village."""
    for seed, lift, reach, colour in (
        (21, 17.0, 15.0, _rgb(0.085, 0.070, 0.125)),
        (22, 7.0, 8.0, _rgb(0.028, 0.027, 0.055)),
    ):
        ridge = HORIZON - lift - reach * _clouds(x[:1], 0 * x[:1], seed, (95, 1), 5)
        notch = 15 * np.exp(-(((x[:1] - 372) / 46) ** 2))
        cover = _step(y - (ridge + notch * lift / 17), 1.2)[..., None]
        haze = _rgb(0.20, 0.085, 0.04) * np.exp(-np.abs(x - 372) / 130)[..., None]
        sky = sky + cover * (colour + haze * lift / 17 - sky)
    rng = np.random.default_rng(5)
    for _ in range(26):
        at = (rng.uniform(185, 640), HORIZON - rng.uniform(1.0, 6.5))
        warm = _rgb(1.0, rng.uniform(0.5, 0.8), 0.25) * rng.uniform(0.5, 1.8)
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
    ) + 0.5 * _clouds(x, y, seed + 1, (6, 6), 2)
    rough = _clouds(x, y, seed + 2, (16, 16), 5)
    worn = 0.26 + 0.15 * (tone - 0.5) + 0.055 * rough
    lit = np.clip((joint - 0.3) / 1.6, 0, 1)
    return (np.clip(worn, 0.04, 1) * (0.35 + 0.65 * lit)).astype(np.float32)


@dataclass(frozen=True)
class _Painting:
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


def _paint(view: _View) -> _Painting:
    x, y = view.grid(DETAIL)
    sky = _shore(x, y, _sky(x, y))
    wall = _step(WALL_EDGE - x, 1.0) * _step(QUAY + 8 - y, 1.0)
    quay = _step(y - QUAY, 1.0)
    kerb = quay * _step(QUAY + 9 - y, 1.0)
    depth = (y - QUAY + 40) / 40  # the paving grows towards the viewer
    stones = _masonry(x, y, (34, 17), 31)
    paving = _masonry(
        (x - 320) / np.maximum(depth, 0.2) + 2000, 36 * np.log(depth + 9), (30, 5), 41
    )
    slab = _masonry(x + 700, y * 0 + 8, (58, 16), 51) * 1.5
    ground = paving + kerb * (slab - paving)
    stone = wall * (1 - quay) * stones + quay * ground
    tint = _rgb(1.0, 0.92, 0.82)
    albedo = stone[..., None] * tint
    dusk = (
        _rgb(0.20, 0.21, 0.34)
        + _rgb(0.30, 0.14, 0.06) * (quay * np.exp(-np.abs(x - 372) / 230))[..., None]
    )
    still = sky + np.maximum(wall, quay)[..., None] * (albedo * dusk * 0.9 - sky)
    still, albedo = _window(x, y, still, albedo)
    still, albedo, before = _furniture(x, y, still, albedo)
    sea = _step(y - HORIZON, 1.0) * (1 - np.maximum.reduce([wall, quay, before]))
    size = (view.width, view.height)
    shrink = [
        cv2.resize(np.ascontiguousarray(a, np.float32), size, interpolation=cv2.INTER_AREA)
        for a in (sky, still, albedo, sea)
    ]
    return _Painting(*shrink)


def _window(x: Image, y: Image, still: Image, albedo: Image) -> tuple[Image, Image]:
    """A shuttered window in the wall, faintly lit from inside."""
    frame = _step(24 - np.abs(x - 42), 1.0) * _step(34 - np.abs(y - 150), 1.0)
    pane = _step(18 - np.abs(x - 42), 1.0) * _step(28 - np.abs(y - 150), 1.0)
    bars = np.maximum(_step(1.3 - np.abs(x - 42), 1.0), _step(1.2 - np.abs(y - 141), 1.0))
    glow = _rgb(0.95, 0.50, 0.17) * (0.30 + 0.35 * np.exp(-((y - 165) ** 2) / 900))[..., None]
    glow = glow * (1 + 0.12 * _clouds(x, y, 61, (9, 30), 3))[..., None]
    wood = _rgb(0.075, 0.055, 0.05)
    still = still + frame[..., None] * (wood - still)
    still = still + (pane * (1 - bars))[..., None] * (glow - still)
    sill = (_step(28 - np.abs(x - 42), 1.0) * _step(3.5 - np.abs(y - 187), 1.0))[..., None]
    still = still + sill * (_rgb(0.10, 0.10, 0.13) - still)
    return still, albedo * (1 - frame[..., None]) + sill * 0.3


def _furniture(x: Image, y: Image, still: Image, albedo: Image) -> tuple[Image, Image, Image]:
    """Iron bracket of the lantern, flag mast, fire basket, bollards; and where they are."""
    px, py = LANTERN_PIVOT
    arm = (
        _step(1.6 - np.abs(y - (py - 3)), 1.0)
        * _step(x - px + 5, 1.0)
        * _step(WALL_EDGE - 2 - x, 1.0)
    )
    bow = 0.5 * (x - px) + 0.004 * (x - px) ** 2
    brace = _step(1.3 - np.abs(y - (py - 3) - bow) * 0.8, 1.0) * _step(x - px - 4, 1.0)
    brace = brace * _step(WALL_EDGE - 2 - x, 1.0)
    plate = _step(2.5 - np.abs(x - WALL_EDGE + 3), 1.0) * _step(30 - np.abs(y - py - 16), 1.0)
    mx, my = FLAG_MAST
    mast = _step(1.9 - np.abs(x - mx), 1.0) * _step(y - my + 8, 1.0) * _step(QUAY + 30 - y, 1.0)
    knob = _step(4 - np.hypot(x - mx, y - my + 10), 1.0)
    fx, fy = FIRE_FOOT
    bowl = _step(25 - 0.42 * np.maximum(y - fy, 0) - np.abs(x - fx), 1.0) * _step(
        11 - np.abs(y - fy - 10), 1.0
    )
    legs = _step(1.6 - np.abs(np.abs(x - fx) - 7 - 0.34 * (y - fy - 18)), 1.0) * _step(
        14 - np.abs(y - fy - 32), 1.0
    )
    shape = np.maximum.reduce([arm, brace, plate, mast, knob, bowl, legs])
    for bx in (250.0, 566.0):
        post = _step(7 + 2.5 * np.exp(-((y - 280) ** 2) / 14) - np.abs(x - bx), 1.0)
        shape = np.maximum(shape, post * _step(y - 276, 1.0) * _step(QUAY + 13 - y, 1.0))
    round_light = 0.022 + 0.006 * _clouds(x, y, 71, (5, 5), 2)
    iron = round_light[..., None] * _rgb(0.8, 0.75, 0.9)
    still = still + shape[..., None] * (iron - still)
    return still, albedo + shape[..., None] * (0.06 - albedo), shape


class _Water:
    """Travelling waves with the dispersion of deep water, seen in perspective.

    The slope of the surface bends the view ray; the mirrored ray looks up the sky painting. Waves
    shorter than a pixel's footprint fade out, which is what keeps the distance calm.
    """

    EYE = 2.4
    """Height of the eye above the water, metres."""
    FOCAL = 420.0

    def __init__(self, view: _View, painting: _Painting, rng: np.random.Generator) -> None:
        x, y = view.grid()
        rows, columns = (np.flatnonzero(painting.sea.max(axis=i) > 0) for i in (1, 0))
        self.box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self.share = painting.sea[self.box][..., None]
        below = np.maximum(y[self.box] - HORIZON, 0.25)
        self.across = (x[self.box] - 372) / self.FOCAL
        self.down = -below / self.FOCAL
        depth = self.FOCAL * self.EYE / below
        footprint = depth**2 / (self.FOCAL * self.EYE) / view.scale
        world = (self.across * depth, depth)
        self.waves = []
        for _ in range(20):
            length = float(np.exp(rng.uniform(np.log(0.22), np.log(4.5))))
            wind = rng.normal(0.35, 0.55)
            number = 2 * np.pi / length
            fade = np.exp(-((number * footprint * 0.42) ** 2))
            steep = 0.050 * np.exp(-((np.log(length / 0.9)) ** 2) / 3.2)
            phase = number * (np.sin(wind) * world[0] + np.cos(wind) * world[1])
            speed = np.sqrt(9.81 * number)
            start = rng.uniform(0, 2 * np.pi)
            self.waves.append(
                (
                    (phase + start).astype(np.float32),
                    speed,
                    (steep * fade).astype(np.float32),
                    (np.sin(wind), np.cos(wind)),
                )
            )
        self.world = world
        self.view = view
        # The sky as the water sees it: blurred, because a pixel holds many small waves.
        self.mirror = cv2.GaussianBlur(
            painting.sky, (0, 0), 2.0 * view.scale, sigmaY=4.0 * view.scale
        )
        self.deep = _rgb(0.010, 0.030, 0.045)

    def draw(self, seconds: float) -> Image:
        """Radiance of the box of the water: float32 (rows, columns, 3)."""
        gust = 1 + 0.45 * _clouds(
            self.world[0] - 0.9 * seconds, self.world[1] + 1.3 * seconds, 81, (5, 8), 3
        )
        slope_x = np.zeros_like(self.across)
        slope_z = np.zeros_like(self.across)
        for phase, speed, steep, (east, north) in self.waves:
            angle = phase + np.float32(speed * seconds)
            rise = steep * np.cos(angle + 0.5 * np.sin(angle))
            slope_x += rise * np.float32(east)
            slope_z += rise * np.float32(north)
        slope_x *= gust
        slope_z *= gust
        square = 1 + slope_x**2 + slope_z**2
        into = (-self.across * slope_x + self.down - slope_z) / square
        mirrored = (
            self.across + 2 * into * slope_x,
            self.down - 2 * into,
            1 + 2 * into * slope_z,
        )
        ahead = np.maximum(mirrored[2], 0.1)
        column = 372 + self.FOCAL * mirrored[0] / ahead
        row = HORIZON - self.FOCAL * np.abs(mirrored[1]) / ahead
        scale = np.float32(self.view.scale)
        seen = cv2.remap(
            self.mirror,
            (column * scale - 0.5).astype(np.float32),
            np.maximum(row * scale - 0.5, 0).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        cosine = np.clip(-into * np.sqrt(square) / np.sqrt(1 + self.across**2 + self.down**2), 0, 1)
        fresnel = (0.03 + 0.97 * (1 - cosine) ** 4)[..., None]
        radiance: Image = self.deep + fresnel * (seen - self.deep)
        return radiance


class _Sprite:
    """Part of the frame that one moving thing stays in, in 360-pixel units about its own origin."""

    def __init__(
        self, view: _View, origin: tuple[float, float], reach: tuple[float, float, float, float]
    ) -> None:
        left, top, right, bottom = reach
        x, y = view.grid()
        columns = np.flatnonzero((x[0] >= origin[0] + left) & (x[0] <= origin[0] + right))
        rows = np.flatnonzero((y[:, 0] >= origin[1] + top) & (y[:, 0] <= origin[1] + bottom))
        self.box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self.x = x[self.box] - origin[0]
        self.y = y[self.box] - origin[1]
        self.soft = 1 / view.scale
        """Width of an anti-aliased edge: one pixel."""


class _Flag(_Sprite):
    """Cloth on a mast: ripples that run from the mast to the free end and grow on the way."""

    def __init__(self, view: _View, rng: np.random.Generator) -> None:
        super().__init__(view, FLAG_MAST, (0, -26, 150, 122))
        self.ripples = [
            (number, speed, lean, size, rng.uniform(0, 2 * np.pi))
            for number, speed, lean, size in (
                (5.2, 5.93, 0.55, 1.0),
                (9.1, 9.37, -0.9, 0.42),
                (14.7, 13.9, 1.6, 0.17),
                (2.6, 2.31, 0.3, 0.75),
            )
        ]

    def draw(self, seconds: float) -> tuple[Image, Image]:
        """Colour float32 (rows, columns, 3) and cover float32 (rows, columns)."""
        wide, tall = FLAG_SIZE
        gust = 0.9 + 0.22 * np.sin(1.27 * seconds + 0.4) + 0.12 * np.sin(2.83 * seconds)
        u = self.x / (wide * (0.97 - 0.05 * gust))
        # Two rounds, because the height of the cloth depends on where on the cloth we are.
        v = self.y / tall
        slope = np.zeros_like(u)
        for _ in range(2):
            bulge, slope = np.zeros_like(u), np.zeros_like(u)
            held = np.clip(u, 0, 1) ** 0.55
            for number, speed, lean, size, start in self.ripples:
                angle = number * u - speed * seconds + lean * v + start
                bulge += size * np.sin(angle)
                slope += size * number * np.cos(angle)
            lift = held * (0.085 * gust * bulge) + 0.16 * u**2 / gust
            v = self.y / tall - lift
        slope = slope * np.clip(u, 0, 1) * gust
        edge = self.soft / tall
        cover = _step(v, edge) * _step(1 - v, edge) * _step(1 - u, self.soft / wide)
        cloth = np.broadcast_to(_rgb(0.50, 0.045, 0.06), (*u.shape, 3))
        band = _step(0.105 - np.abs(v - 0.5 - 0.05 * np.sin(6.3 * u)), edge * 1.4)[..., None]
        cloth = cloth + band * (_rgb(0.82, 0.74, 0.58) - cloth)
        disc = np.hypot((u - 0.27) * wide, (v - 0.5) * tall)
        sun = _step(19 - disc, self.soft * 1.4)[..., None]
        cloth = cloth + sun * (_rgb(0.88, 0.55, 0.08) - cloth)
        star = _step(11.5 - disc, self.soft * 1.4)[..., None]
        cloth = cloth + star * (_rgb(0.05, 0.09, 0.24) - cloth)
        weave = 1 + 0.03 * _clouds(u * wide, v * tall, 91, (3, 3), 2)
        facing = np.clip(0.62 + 0.14 * slope, 0.10, 1.6) * weave
        glow = _rgb(0.30, 0.27, 0.36) + _rgb(0.85, 0.42, 0.20) * (facing**1.7)[..., None]
        sheen = np.clip(facing - 1.0, 0, 1)[..., None] * _rgb(0.16, 0.09, 0.05)
        return (cloth * glow + sheen).astype(np.float32), cover


class _Lantern(_Sprite):
    """A pendulum: iron frame, warm glass, and the flame's place, from which the wall is lit."""

    DROP = 58.0
    """From the pivot to the flame."""

    def __init__(self, view: _View) -> None:
        super().__init__(view, LANTERN_PIVOT, (-62, -6, 62, 92))

    @staticmethod
    def angle(seconds: float) -> float:
        """Of the cord against the vertical, radians."""
        swing = 0.26 + 0.07 * np.sin(0.83 * seconds + 1.1)
        return float(swing * np.sin(3.31 * seconds) + 0.035 * np.sin(7.9 * seconds + 0.6))

    def flame(self, seconds: float) -> tuple[float, float]:
        """(x, y) of the light."""
        a = self.angle(seconds)
        px, py = LANTERN_PIVOT
        return px + self.DROP * float(np.sin(a)), py + self.DROP * float(np.cos(a))

    def draw(self, seconds: float) -> tuple[Image, Image]:
        """Colour float32 (rows, columns, 3) and cover float32 (rows, columns)."""
        a = self.angle(seconds)
        x = (self.x * np.cos(a) - self.y * np.sin(a)).astype(np.float32)
        y = (self.x * np.sin(a) + self.y * np.cos(a)).astype(np.float32)
        soft, drop = self.soft, self.DROP
        down = y - drop
        cord = _step(0.7 - np.abs(x), soft) * _step(y, soft) * _step(drop - 18 - y, soft)
        half = 12.5 - 0.11 * (down + 14)
        body = _step(half - np.abs(x), soft) * _step(14 - np.abs(down - 1), soft)
        roof = _step(3 + 0.95 * (down + 25) - np.abs(x), soft) * _step(6 - np.abs(down + 18), soft)
        foot = _step(11.5 - np.abs(x), soft) * _step(2.2 - np.abs(down - 16.5), soft)
        ring = _step(1.2 - np.abs(np.hypot(x, down + 27) - 3.2), soft)
        bars = np.maximum(
            _step(1.2 - np.abs(half - 0.8 - np.abs(x)), soft), _step(0.8 - np.abs(x), soft)
        )
        iron = np.maximum.reduce([cord, roof, foot, ring, body * bars])
        cover = np.maximum(iron, body)
        core = np.exp(-((x / 4.2) ** 2) - (down / 7.5) ** 2)[..., None]
        light = _rgb(1.5, 0.66, 0.17) + core * _rgb(4.2, 2.7, 1.1)
        shine = 0.03 + 0.10 * np.exp(-(((x + 4) / 4) ** 2))[..., None] * _rgb(1.0, 0.6, 0.4)
        return (light + iron[..., None] * (shine - light)).astype(np.float32), cover


class _Fire(_Sprite):
    """Flames: noise that rises, bends them and eats at their edges."""

    TALL, WIDE = 84.0, 25.0

    def __init__(self, view: _View) -> None:
        super().__init__(view, FIRE_FOOT, (-46, -104, 46, 12))

    def draw(self, seconds: float) -> Image:
        """Added radiance: float32 (rows, columns, 3)."""
        q = (self.x / self.WIDE).astype(np.float32)
        h = ((4 - self.y) / self.TALL).astype(np.float32)
        up = np.clip(h, 0, 1.3)
        rise = np.float32(seconds)
        bend = _clouds(q * 0.5 + 30, h * 1.25 - 1.55 * rise + 40, 101, (0.9, 0.9), 2)
        lick = _clouds(q * 1.3 + 30, h * 1.15 - 2.35 * rise + 40, 102, (0.62, 0.62), 3)
        breath = 1 + 0.10 * np.sin(5.1 * seconds) + 0.07 * np.sin(8.7 * seconds + 1)
        bent = q + bend * (0.10 + 0.62 * up)
        width = (
            0.98 * np.clip(1 - up / (1.02 * breath), 0, 1) ** 0.72 * np.clip(0.72 + 2.2 * up, 0, 1)
        )
        body = width - np.abs(bent) + (0.10 + 0.55 * up) * lick
        heat = np.clip(body * 1.55 * (1.12 - 0.62 * up), 0, 1)
        heat *= np.clip((h + 0.03) / 0.06, 0, 1)
        heat = heat[..., None]
        red = _rgb(3.0, 0.42, 0.05) * heat**1.15
        yellow = _rgb(1.6, 2.0, 0.45) * heat**2.3
        return (red + yellow + _rgb(0.2, 0.5, 0.7) * heat**5).astype(np.float32)


def _lamp(
    view: _View, at: tuple[float, float], reach: float, flat: float, albedo: Image, colour: Image
) -> Image:
    """Light of a lamp on stone: inverse square about (x, y), ``flat`` squeezing it vertically."""
    x, y = view.grid()
    square = (x - at[0]) ** 2 + ((y - at[1]) * flat) ** 2
    fall = reach**2 / (square + reach**2)
    return albedo * (fall**1.25)[..., None] * colour


def _halo(sprite: _Sprite, at: tuple[float, float], radius: float, colour: Image) -> Image:
    """Glow in the air about a light: float32 (rows, columns, 3), 0 at the border of the sprite."""
    distance = np.hypot(sprite.x - at[0], sprite.y - at[1])
    return np.exp(-distance / radius)[..., None] * colour


def _tone_curve() -> NDArray[np.float32]:
    """Linear radiance (index / 4096) to display levels [0, 255]: soft shoulder, gamma 2.2."""
    radiance = np.arange(8 * 4096, dtype=np.float32) / 4096
    level: NDArray[np.float32] = (255 * (1 - np.exp(-1.25 * radiance)) ** (1 / 2.2)).astype(
        np.float32
    )
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
    view = _View(*size)
    rng = np.random.default_rng(seed)
    painting = _paint(view)
    water = _Water(view, painting, rng)
    flag, lantern, fire = _Flag(view, rng), _Lantern(view), _Fire(view)
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
        frame += _lamp(view, (FIRE_FOOT[0], 300), 46, 1.9, painting.albedo, power * _rgb(1.5, 0.62, 0.20))
        at = lantern.flame(seconds)
        frame += _lamp(view, at, 44, 1.0, painting.albedo, _rgb(3.4, 1.75, 0.62))
        colour, cover = lantern.draw(seconds)
        frame[lantern.box] += cover[..., None] * (colour - frame[lantern.box])
        frame[fire.box] += flames
        level = np.take(curve, (frame * 4096).astype(np.int32), mode="clip")
        dy, dx = rng.integers(0, 64, 2)
        level += grain[dy : dy + size[0], dx : dx + size[1]]
        out[t] = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    return Clip(out, fps=fps, name="harbour")
