"""Contrast given back around jumps."""

import numpy as np

from cinekit.judge import measure_loop
from cinekit.labels import LabelMap
from cinekit.loop import Blend, RenderOptions, render_loop
from cinekit.loop.poisson import give_back
from cinekit.model import Clip
from cinekit.view import ClipView

SIZE = (72, 96)


def texture(seed: int) -> np.ndarray:
    """Smooth noise: float32 (H, W, 3), two to twelve pixels a wave, 60 to 200."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SIZE)
    waves = [np.sin(ky * y + kx * x + rng.uniform(0, 6)) for ky, kx in rng.normal(0, 0.8, (12, 2))]
    return (130 + 15 * np.sum(waves, axis=0))[..., None].repeat(3, 2).astype(np.float32)


def contrast(frame: np.ndarray) -> float:
    return float(np.abs(np.diff(frame[..., 0], axis=1)).mean())


def test_a_mix_of_two_textures_has_the_contrast_of_one_again():
    one, two = texture(1), texture(2)
    offset = (two - one) / 2  # as at a jump: the mean of both
    assert contrast(one + offset) < 0.85 * contrast(one)
    given = give_back(one, offset, np.ones(SIZE, bool))
    assert 0.95 * contrast(one) < contrast(one + given) < 1.1 * contrast(one)


def test_offsets_that_take_no_contrast_stay():
    one = texture(1)
    brighter = np.full_like(one, 12)
    everywhere = np.ones(SIZE, bool)
    np.testing.assert_allclose(give_back(one, brighter, everywhere), brighter, atol=1e-3)


def test_only_pixels_near_a_jump_change():
    one, two = texture(1), texture(2)
    offset = (two - one) / 2
    left = np.zeros(SIZE, bool)
    left[:, :48] = True
    given = give_back(one, offset, left)
    np.testing.assert_array_equal(given[:, 48:], offset[:, 48:])
    assert (given[:, :48] != offset[:, :48]).any()
    nowhere = give_back(one, offset, np.zeros(SIZE, bool))
    np.testing.assert_array_equal(nowhere, offset)


def test_water_stays_sharp_where_it_jumps():
    """Waves that travel and do not return: the worst frame of the loop."""
    t, (h, w) = 40, SIZE
    rng = np.random.default_rng(0)
    y, x = np.indices(SIZE)
    frames = np.full((t, h, w, 3), 120.0)
    for _ in range(16):
        ky, kx, speed = rng.normal(0, 0.5, 3)
        wave = np.sin(ky * y + kx * x + speed * np.arange(t)[:, None, None] + rng.uniform(0, 6))
        frames += 9 * wave[..., None]
    clip = Clip(np.clip(frames, 0, 255).astype(np.uint8), 10.0)
    full = np.ones(SIZE, np.int16)
    labels = LabelMap(full * 20, full * 10, t)
    loop = render_loop(clip, labels, 20, RenderOptions(blend=Blend.POISSON))
    assert measure_loop(clip.view, ClipView(loop, clip.fps), labels, full > 0)["sharpness"] > 0.94
