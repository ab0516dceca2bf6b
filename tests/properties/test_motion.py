"""What must hold for any clip that the motion segmenter is given."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.model import Clip, Motion
from cinekit.see.motion import MotionSegmenter
from cinekit.see.motion_merge import superpixels
from cinekit.testing.synthetic import flicker_texture, still_clip


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(16, 60),
    width=st.integers(16, 60),
    frames=st.integers(1, 12),
    seed=st.integers(0, 99),
    kind=st.sampled_from(["random", "texture", "still", "black", "blink"]),
    k=st.integers(1, 4),
)
def test_any_clip_gets_a_valid_response(height, width, frames, seed, kind, k):
    size = (height, width)
    if kind == "random":
        rng = np.random.default_rng(seed)
        clip = Clip(rng.integers(0, 256, (frames, *size, 3), dtype=np.uint8), 25.0)
    elif kind == "texture":
        clip, _ = flicker_texture(size, frames, seed=seed)
    elif kind == "still":
        clip = still_clip(size, frames, noise=0.01, seed=seed)
    elif kind == "black":
        clip = Clip(np.zeros((frames, *size, 3), np.uint8), 25.0)
    else:
        levels = (np.arange(frames) % 2 * 255).astype(np.uint8)
        clip = Clip(np.broadcast_to(levels[:, None, None, None], (frames, *size, 3)), 25.0)
    response = MotionSegmenter(k=k).respond(clip)
    assert response.n_frames == frames
    assert response.categories[0].motion is Motion.STATIC
    assert len(response.categories) <= 1 + k
    assert len({c.name for c in response.categories}) == len(response.categories)
    first = response.probabilities[0]
    assert (first.astype(int).sum(axis=-1) == 255).all()
    area = first.astype(int).sum(axis=(0, 1))[1:]
    assert all(area > 0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), spacing=st.integers(3, 9))
def test_superpixels_cover_what_moves_and_nothing_else_in_connected_pieces(seed, spacing):
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 40, 3)).astype(np.float32)
    moving = rng.random((30, 40)) < 0.7
    labels = superpixels(vectors, moving, spacing)
    assert np.array_equal(labels >= 0, moving)
    for i in range(labels.max() + 1):
        assert ndimage.label(labels == i)[1] == 1
