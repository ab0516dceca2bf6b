"""What moves in the harbour: water, a flag, a lantern and a fire, none of them periodic."""

from __future__ import annotations

import cv2
import numpy as np

from cinekit.testing.drawing import Image, View, clouds, ramp, rgb
from cinekit.testing.harbour_painting import FIRE_FOOT, FLAG_MAST, HORIZON, LANTERN_PIVOT, Painting

FLAG_SIZE = (118.0, 70.0)


class Water:
    """Travelling waves with the dispersion of deep water, seen in perspective.

    The slope of the surface bends the view ray; the mirrored ray looks up the sky painting. Waves
    shorter than a pixel's footprint fade out, which is what keeps the distance calm.
    """

    EYE = 2.4
    """Height of the eye above the water, metres."""
    FOCAL = 420.0

    def __init__(self, view: View, painting: Painting, rng: np.random.Generator) -> None:
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
        self.deep = rgb(0.010, 0.030, 0.045)

    def draw(self, seconds: float) -> Image:
        """Radiance of the box of the water: float32 (rows, columns, 3)."""
        gust = 1 + 0.45 * clouds(
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
        self, view: View, origin: tuple[float, float], reach: tuple[float, float, float, float]
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


class Flag(_Sprite):
    """Cloth on a mast: ripples that run from the mast to the free end and grow on the way."""

    def __init__(self, view: View, rng: np.random.Generator) -> None:
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
        cover = ramp(v, edge) * ramp(1 - v, edge) * ramp(1 - u, self.soft / wide)
        cloth = np.broadcast_to(rgb(0.50, 0.045, 0.06), (*u.shape, 3))
        band = ramp(0.105 - np.abs(v - 0.5 - 0.05 * np.sin(6.3 * u)), edge * 1.4)[..., None]
        cloth = cloth + band * (rgb(0.82, 0.74, 0.58) - cloth)
        disc = np.hypot((u - 0.27) * wide, (v - 0.5) * tall)
        sun = ramp(19 - disc, self.soft * 1.4)[..., None]
        cloth = cloth + sun * (rgb(0.88, 0.55, 0.08) - cloth)
        star = ramp(11.5 - disc, self.soft * 1.4)[..., None]
        cloth = cloth + star * (rgb(0.05, 0.09, 0.24) - cloth)
        weave = 1 + 0.03 * clouds(u * wide, v * tall, 91, (3, 3), 2)
        facing = np.clip(0.62 + 0.14 * slope, 0.10, 1.6) * weave
        glow = rgb(0.30, 0.27, 0.36) + rgb(0.85, 0.42, 0.20) * (facing**1.7)[..., None]
        sheen = np.clip(facing - 1.0, 0, 1)[..., None] * rgb(0.16, 0.09, 0.05)
        return (cloth * glow + sheen).astype(np.float32), cover


class Lantern(_Sprite):
    """A pendulum: iron frame, warm glass, and the flame's place, from which the wall is lit."""

    DROP = 58.0
    """From the pivot to the flame."""

    def __init__(self, view: View) -> None:
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
        cord = ramp(0.7 - np.abs(x), soft) * ramp(y, soft) * ramp(drop - 18 - y, soft)
        half = 12.5 - 0.11 * (down + 14)
        body = ramp(half - np.abs(x), soft) * ramp(14 - np.abs(down - 1), soft)
        roof = ramp(3 + 0.95 * (down + 25) - np.abs(x), soft) * ramp(6 - np.abs(down + 18), soft)
        foot = ramp(11.5 - np.abs(x), soft) * ramp(2.2 - np.abs(down - 16.5), soft)
        ring = ramp(1.2 - np.abs(np.hypot(x, down + 27) - 3.2), soft)
        bars = np.maximum(
            ramp(1.2 - np.abs(half - 0.8 - np.abs(x)), soft), ramp(0.8 - np.abs(x), soft)
        )
        iron = np.maximum.reduce([cord, roof, foot, ring, body * bars])
        cover = np.maximum(iron, body)
        core = np.exp(-((x / 4.2) ** 2) - (down / 7.5) ** 2)[..., None]
        light = rgb(1.5, 0.66, 0.17) + core * rgb(4.2, 2.7, 1.1)
        shine = 0.03 + 0.10 * np.exp(-(((x + 4) / 4) ** 2))[..., None] * rgb(1.0, 0.6, 0.4)
        return (light + iron[..., None] * (shine - light)).astype(np.float32), cover


class Fire(_Sprite):
    """Flames: noise that rises, bends them and eats at their edges."""

    TALL, WIDE = 84.0, 25.0

    def __init__(self, view: View) -> None:
        super().__init__(view, FIRE_FOOT, (-46, -104, 46, 12))

    def draw(self, seconds: float) -> Image:
        """Added radiance: float32 (rows, columns, 3)."""
        q = (self.x / self.WIDE).astype(np.float32)
        h = ((4 - self.y) / self.TALL).astype(np.float32)
        up = np.clip(h, 0, 1.3)
        rise = np.float32(seconds)
        bend = clouds(q * 0.5 + 30, h * 1.25 - 1.55 * rise + 40, 101, (0.9, 0.9), 2)
        lick = clouds(q * 1.3 + 30, h * 1.15 - 2.35 * rise + 40, 102, (0.62, 0.62), 3)
        breath = 1 + 0.10 * np.sin(5.1 * seconds) + 0.07 * np.sin(8.7 * seconds + 1)
        bent = q + bend * (0.10 + 0.62 * up)
        width = (
            0.98 * np.clip(1 - up / (1.02 * breath), 0, 1) ** 0.72 * np.clip(0.72 + 2.2 * up, 0, 1)
        )
        body = width - np.abs(bent) + (0.10 + 0.55 * up) * lick
        heat = np.clip(body * 1.55 * (1.12 - 0.62 * up), 0, 1)
        heat *= np.clip((h + 0.03) / 0.06, 0, 1)
        heat = heat[..., None]
        red = rgb(3.0, 0.42, 0.05) * heat**1.15
        yellow = rgb(1.6, 2.0, 0.45) * heat**2.3
        out: Image = (red + yellow + rgb(0.2, 0.5, 0.7) * heat**5).astype(np.float32)
        return out
