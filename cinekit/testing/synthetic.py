"""Procedural clips whose answer is known: seeded, made in memory, the same on every run.

Each maker returns the clip and what was planted in it (a mask, a period, homographies), so that a
test states what it expects instead of storing it. Sizes are (H, W) in pixels, levels of noise and
contrast are in [0, 1] like the frames inside the energy.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.model import Clip
from cinekit.testing.harbour import demo_clip

__all__ = [
    "camera_drift",
    "demo_clip",
    "drifting",
    "ellipse",
    "flicker_texture",
    "planted_loop",
    "still_clip",
    "texture",
    "translating_object",
]

CODEC_BLOCK = 8
"""Side of the blocks that a video codec skips or refreshes as one, in pixels."""


def texture(size: tuple[int, int], seed: int, finest: float = 2.0) -> NDArray[np.float32]:
    """Smooth random texture with detail at every scale, like plaster or foliage.

    Parameters
    ----------
    size : (H, W) in pixels.
    seed : the same seed gives the same texture.
    finest : size of the smallest detail in pixels, >= 1.

    Returns
    -------
    float32 (H, W), mean about 0, standard deviation 1.
    """
    rng = np.random.default_rng(seed)
    h, w = size
    out = np.zeros(size, np.float32)
    scale = float(max(finest, 1.0))
    weight = 1.0
    while True:
        grid = rng.standard_normal((int(h / scale) + 4, int(w / scale) + 4)).astype(np.float32)
        # The resized grid is larger than the frame by about one cell on each side: crop the middle.
        tall, wide = int(grid.shape[0] * scale) + 1, int(grid.shape[1] * scale) + 1
        big = cv2.resize(grid, (wide, tall), interpolation=cv2.INTER_CUBIC)
        top, left = (tall - h) // 2, (wide - w) // 2
        out += np.float32(weight) * big[top : top + h, left : left + w]
        scale *= 2.0
        weight *= 1.4
        if scale > max(size) / 2:
            break
    out -= out.mean()
    out /= np.float32(max(float(out.std()), 1e-6))
    return out


def ellipse(
    size: tuple[int, int],
    centre: tuple[float, float] = (0.5, 0.5),
    radii: tuple[float, float] = (0.25, 0.25),
) -> NDArray[np.bool_]:
    """A filled ellipse: bool (H, W); centre and radii are (row, column) shares of the frame."""
    h, w = size
    y = (np.arange(h)[:, None] + 0.5) / h
    x = (np.arange(w)[None, :] + 0.5) / w
    inside: NDArray[np.bool_] = ((y - centre[0]) / radii[0]) ** 2 + (
        (x - centre[1]) / radii[1]
    ) ** 2 <= 1
    return inside


def _background(size: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """A still, textured, slightly coloured picture: float32 (H, W, 3) in [0, 1]."""
    grain = texture(size, seed)
    tint = texture(size, seed + 1, finest=max(size) / 6)
    base = np.stack([0.44 + 0.012 * tint, 0.42 + 0 * tint, 0.39 - 0.012 * tint], axis=-1)
    out: NDArray[np.float32] = (base + 0.07 * grain[..., None]).astype(np.float32)
    return out


def _noise(
    shape: tuple[int, int, int], level: float, codec: bool, seed: int
) -> NDArray[np.float32]:
    """Sensor noise of one standard deviation: float32 (T, H, W).

    With ``codec``, a block of 8x8 pixels keeps the noise of the previous frame most of the time,
    as compressed video does: its steps are exactly 0 there ([findings] 77 % of still steps).
    """
    rng = np.random.default_rng(seed)
    out = rng.standard_normal(shape, dtype=np.float32) * np.float32(level)
    if not codec:
        return out
    t, h, w = shape
    blocks = (-(-h // CODEC_BLOCK), -(-w // CODEC_BLOCK))
    for i in range(1, t):
        skipped = rng.random(blocks) < 0.75
        held = np.kron(skipped, np.ones((CODEC_BLOCK, CODEC_BLOCK), bool))[:h, :w]
        out[i][held] = out[i - 1][held]
    return out


def _clip(
    frames: NDArray[np.float32], fps: float, name: str, noise: float, codec: bool, seed: int
) -> Clip:
    """Add noise and quantise: frames float32 (T, H, W, 3) in [0, 1]."""
    if noise > 0:
        frames = frames + _noise(frames.shape[:3], noise, codec, seed + 9000)[..., None]
    return Clip(np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8), fps=fps, name=name)


def still_clip(
    size: tuple[int, int] = (96, 128),
    frames: int = 60,
    noise: float = 0.0,
    codec: bool = False,
    seed: int = 0,
    fps: float = 30.0,
) -> Clip:
    """A textured picture in which nothing moves; only the noise of the camera differs."""
    still = np.broadcast_to(_background(size, seed), (frames, *size, 3))
    return _clip(still, fps, "still", noise, codec, seed)


def _boiling(
    size: tuple[int, int], frames: int, cyclic: bool, seed: int, detail: float = 3.0
) -> NDArray[np.float32]:
    """Stochastic texture that changes everywhere at once: float32 (T, H, W), unit deviation.

    Gaussian noise smoothed over about ``detail`` pixels and three frames. With ``cyclic``, frame T
    continues at frame 0, so that repeating it gives a loop without a jump.
    """
    rng = np.random.default_rng(seed)
    field = rng.standard_normal((frames, *size), dtype=np.float32)
    field = np.stack([cv2.GaussianBlur(f, (0, 0), detail / 2) for f in field])
    offsets = np.arange(-3, 4)
    taps = np.exp(-0.5 * (offsets / 1.5) ** 2)
    smooth = np.zeros_like(field)
    for offset, tap in zip(offsets, taps, strict=True):
        index = np.arange(frames) + offset
        index = index % frames if cyclic else np.clip(index, 0, frames - 1)
        smooth += np.float32(tap) * field[index]
    unit: NDArray[np.float32] = smooth / max(float(smooth.std()), 1e-6)
    return unit


def planted_loop(
    period: int,
    size: tuple[int, int] = (96, 128),
    frames: int = 60,
    region: NDArray[np.bool_] | None = None,
    noise: float = 0.0,
    codec: bool = False,
    seed: int = 0,
    fps: float = 30.0,
) -> tuple[Clip, NDArray[np.bool_], int]:
    """A region that repeats exactly after ``period`` frames, before a still background.

    Parameters
    ----------
    period : frames after which the region shows the same picture again; no shorter one fits.
    region : bool (H, W), where it moves; by default an ellipse in the middle.
    noise : standard deviation of camera noise, in [0, 1]; 0 repeats to the last bit.
    codec : hold the noise per 8x8 block for several frames, as compression does.

    Returns
    -------
    the clip, the region (bool (H, W)) and the period.

    Raises
    ------
    ValueError
        When the period is below 2 or the region has another shape than the frames.
    """
    if period < 2:
        raise ValueError(f"expected a period of at least 2 frames, received {period}")
    mask = ellipse(size) if region is None else region
    if mask.shape != size:
        raise ValueError(f"expected a region of shape {size}, received {mask.shape}")
    picture = _background(size, seed)
    wave = _boiling(size, period, cyclic=True, seed=seed + 100)  # (period, H, W)
    out = np.broadcast_to(picture, (frames, *size, 3)).copy()
    colour = np.array([0.10, 0.12, 0.15], np.float32)
    moving = wave[np.arange(frames) % period][:, mask]  # (T, n)
    out[:, mask] = 0.6 * picture[mask] + 0.2 + moving[..., None] * colour
    return _clip(out, fps, "planted loop", noise, codec, seed), mask, period


def flicker_texture(
    size: tuple[int, int] = (96, 128),
    frames: int = 60,
    region: NDArray[np.bool_] | None = None,
    noise: float = 0.0,
    codec: bool = False,
    seed: int = 0,
    fps: float = 30.0,
) -> tuple[Clip, NDArray[np.bool_]]:
    """Stochastic texture (water, leaves) that never repeats, before a still background.

    Returns the clip and the region (bool (H, W)) that moves.
    """
    clip, mask, _ = planted_loop(max(frames, 2), size, frames, region, noise, codec, seed, fps)
    return Clip(clip.frames, clip.fps, name="flicker texture"), mask


def translating_object(
    size: tuple[int, int] = (96, 128),
    frames: int = 60,
    radius: float = 10.0,
    path: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.25), (0.5, 0.75)),
    backdrop: Clip | None = None,
    noise: float = 0.0,
    codec: bool = False,
    seed: int = 0,
    fps: float = 30.0,
) -> tuple[Clip, NDArray[np.bool_]]:
    """A textured disc that travels once from one end of a path to the other, anti-aliased.

    Parameters
    ----------
    radius : of the disc, pixels.
    path : first and last centre, as (row, column) shares of the frame.
    backdrop : what it passes before; by default a still picture. Must match size and frames.

    Returns
    -------
    the clip, and bool (T, H, W): the pixels that the disc covers in each frame (its OR along T
    is the swept envelope).

    Raises
    ------
    ValueError
        When the backdrop has another size or length.
    """
    if backdrop is None:
        out = np.broadcast_to(_background(size, seed), (frames, *size, 3)).copy()
    elif backdrop.frames.shape[:3] == (frames, *size):
        out = backdrop.frames.astype(np.float32) / np.float32(255)
    else:
        raise ValueError(
            f"expected a backdrop of {(frames, *size)}, received {backdrop.frames.shape[:3]}"
        )
    side = int(2 * radius) + 5
    pattern = texture((side, side), seed + 300, finest=4.0)
    coat = 0.5 + pattern[..., None] * np.array([0.10, 0.08, 0.05], np.float32)
    coat += np.array([0.32, 0.05, -0.25], np.float32)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    covered = np.zeros((frames, *size), bool)
    ends = np.array(path) * np.array(size) - 0.5
    for t, share in enumerate(np.linspace(0, 1, frames)):
        row, column = (1 - share) * ends[0] + share * ends[1]
        alpha = np.clip(radius + 0.5 - np.hypot(y - row, x - column), 0, 1)
        shift = (x - column + (side - 1) / 2, y - row + (side - 1) / 2)
        body = cv2.remap(
            coat.astype(np.float32),
            shift[0].astype(np.float32),
            shift[1].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        out[t] += alpha[..., None] * (body - out[t])
        covered[t] = alpha > 0.5
    return _clip(out, fps, "translating object", noise, codec, seed), covered


def camera_drift(
    size: tuple[int, int], frames: int, pixels: float = 6.0, seed: int = 0
) -> NDArray[np.float64]:
    """Homographies of a hand or a loose tripod: float64 (T, 3, 3), frame 0 is the identity.

    ``H[t]`` sends homogeneous pixel coordinates (x, y, 1) of frame 0 to those of frame t. The
    shift drifts by about ``pixels`` over the clip, with a trace of rotation, zoom and tilt.
    """
    rng = np.random.default_rng(seed)
    h, w = size
    t = np.arange(frames) / max(frames - 1, 1)
    angle = rng.uniform(0, 2 * np.pi)
    sway = np.sin(np.outer(t, [7.1, 5.3])) * pixels * 0.15
    shift = np.outer(t, [np.cos(angle), np.sin(angle)]) * pixels + sway
    turn = np.sin(t * 4.7) * pixels * 0.2 / max(size)
    zoom = 1 + np.sin(t * 3.1) * pixels * 0.2 / max(size)
    tilt = np.outer(np.sin(t * 2.3), rng.uniform(-1, 1, 2)) * pixels * 0.1 / max(size) ** 2
    to_centre = np.array([[1, 0, -w / 2], [0, 1, -h / 2], [0, 0, 1.0]])
    out = np.empty((frames, 3, 3))
    for i in range(frames):
        c, s = zoom[i] * np.cos(turn[i]), zoom[i] * np.sin(turn[i])
        core = np.array([[c, -s, shift[i, 0]], [s, c, shift[i, 1]], [tilt[i, 0], tilt[i, 1], 1]])
        out[i] = np.linalg.inv(to_centre) @ core @ to_centre
    return out


def drifting(clip: Clip, homographies: NDArray[np.float64]) -> Clip:
    """The clip as a moving camera sees it: frame t warped by ``homographies[t]``.

    homographies : float64 (T, 3, 3) as :func:`camera_drift` makes them. What leaves the frame is
        lost; what enters it is the mirrored border.

    Raises
    ------
    ValueError
        When there is not one homography per frame.
    """
    if homographies.shape != (clip.n_frames, 3, 3):
        raise ValueError(
            f"expected homographies of shape {(clip.n_frames, 3, 3)}, received {homographies.shape}"
        )
    h, w = clip.size
    frames = np.stack(
        [
            cv2.warpPerspective(
                frame, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
            )
            for frame, matrix in zip(clip.frames, homographies, strict=True)
        ]
    ).astype(np.uint8)
    return Clip(frames, clip.fps, f"{clip.name} drifting", clip.notes, clip.warnings)
