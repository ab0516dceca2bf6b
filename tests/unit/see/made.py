"""Clips and responses whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, silent

MOTION = {
    "background": Motion.STATIC,
    "road": Motion.STATIC,
    "water": Motion.NATURAL,
    "grass": Motion.NATURAL,
    "flower": Motion.NATURAL,
    "texture 1": Motion.NATURAL,
    "texture 2": Motion.NATURAL,
}
"""What moves how; everything else here is a thing."""


def category(name: str) -> Category:
    return Category(name, MOTION.get(name, Motion.NON_NATURAL))


def response(
    maps: Sequence[np.ndarray] | np.ndarray, names: Sequence[str], sure: float = 1.0
) -> SemanticResponse:
    """From one int map (h, w) per frame of the categories that win, with probability ``sure``."""
    index = np.asarray(maps)
    n = len(names)
    p = np.full((*index.shape, n), round(255 * (1 - sure) / max(n - 1, 1)), np.uint8)
    rest = 255 - (n - 1) * int(p.flat[0]) if n > 1 else 255
    np.put_along_axis(p, index[..., None], rest, axis=-1)
    return SemanticResponse(p, tuple(category(name) for name in names), "made")


def clip(moving: np.ndarray, n_frames: int = 20, noise: float = 0.0, seed: int = 0) -> Clip:
    """A grey clip in which exactly the pixels of a bool (H, W) map flicker."""
    rng = np.random.default_rng(seed)
    frames = np.full((n_frames, *moving.shape), 120.0)
    frames += rng.normal(0, noise, frames.shape) if noise else 0
    # Coarse flicker: neighbouring pixels together, as moving things do.
    h, w = moving.shape
    coarse = rng.uniform(-60, 60, (n_frames, -(-h // 8), -(-w // 8)))
    frames += moving * np.kron(coarse, np.ones((8, 8)))[:, :h, :w]
    rgb = np.repeat(np.clip(frames, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)
    return Clip(rgb, fps=25.0)


def box(size: tuple[int, int], top: int, bottom: int, left: int, right: int) -> np.ndarray:
    out = np.zeros(size, bool)
    out[top:bottom, left:right] = True
    return out


@dataclass(frozen=True, kw_only=True)
class Canned:
    """A segmenter that answers what it was given."""

    answer: SemanticResponse
    reason: str | None = None

    def unavailable(self) -> str | None:
        return self.reason

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        progress(1.0)
        return self.answer


def reasons(dropped) -> Mapping[str, str]:
    return {one.name: one.reason for one in dropped}
