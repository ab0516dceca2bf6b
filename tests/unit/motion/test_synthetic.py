"""The clips with known answers hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.testing.synthetic import (
    camera_drift,
    demo_clip,
    drifting,
    ellipse,
    flicker_texture,
    planted_loop,
    still_clip,
    translating_object,
)


def test_planted_loop_repeats_after_its_period_and_not_before():
    clip, mask, period = planted_loop(12, size=(40, 56), frames=40)
    frames = clip.frames.astype(int)
    assert np.array_equal(frames[period:], frames[:-period])
    for shorter in range(1, period):
        assert np.abs(frames[shorter:] - frames[:-shorter])[:, mask].mean() > 2


def test_planted_loop_stands_still_outside_its_region():
    clip, mask, _ = planted_loop(9, size=(40, 56), frames=20)
    assert (clip.frames[:, ~mask] == clip.frames[0, ~mask]).all()
    assert clip.frames[:, mask].std(axis=0).mean() > 5


def test_codec_noise_holds_whole_blocks_and_keeps_its_level():
    clip = still_clip(size=(64, 64), frames=40, noise=0.02, codec=True)
    steps = np.abs(np.diff(clip.frames.astype(int), axis=0)).sum(axis=-1)
    blocks = steps.reshape(39, 8, 8, 8, 8).sum(axis=(2, 4))
    assert 0.6 < (blocks == 0).mean() < 0.9
    deviation = clip.frames.astype(float).std(axis=0).mean() / 255
    assert deviation == pytest.approx(0.02, abs=0.005)


def test_still_clip_without_noise_is_one_frame_repeated():
    clip = still_clip(size=(20, 30), frames=5)
    assert (clip.frames == clip.frames[0]).all()


def test_flicker_texture_never_repeats():
    clip, mask = flicker_texture(size=(40, 56), frames=30)
    inside = clip.frames[:, mask].astype(int)
    for lag in range(1, 29):
        assert np.abs(inside[lag:] - inside[:-lag]).mean() > 2


def test_translating_object_covers_what_it_says_and_passes():
    clip, covered = translating_object(size=(48, 80), frames=20, radius=6)
    still = np.median(clip.frames, axis=0)
    changed = np.abs(clip.frames - still).max(axis=-1) > 12
    assert (changed & covered).sum() / covered.sum() > 0.95
    columns = [np.flatnonzero(c.any(axis=0)).mean() for c in covered]
    assert np.allclose(columns, np.linspace(columns[0], columns[0] + 40, 20), atol=1)


def test_translating_object_passes_before_a_backdrop():
    backdrop, _ = flicker_texture(size=(48, 80), frames=20)
    clip, covered = translating_object(size=(48, 80), frames=20, radius=6, backdrop=backdrop)
    outside = ~covered.any(axis=0)
    outside &= ~np.roll(~outside, 2, axis=0) & ~np.roll(~outside, -2, axis=0)
    outside &= ~np.roll(~outside, 2, axis=1) & ~np.roll(~outside, -2, axis=1)
    assert np.array_equal(clip.frames[:, outside], backdrop.frames[:, outside])


def test_drift_moves_the_picture_by_its_homographies():
    clip = still_clip(size=(60, 80), frames=9)
    matrices = camera_drift((60, 80), 9, pixels=4)
    assert np.allclose(matrices[0], np.eye(3))
    shift = matrices[-1] @ [40, 30, 1]
    dx, dy = shift[:2] / shift[2] - [40, 30]
    assert 2 < np.hypot(dx, dy) < 7
    moved = drifting(clip, matrices).frames[-1].astype(float)
    y, x = np.mgrid[15:45, 20:60]
    seen = moved[np.rint(y + dy).astype(int), np.rint(x + dx).astype(int)]
    there = clip.frames[0][y, x]
    unmoved = moved[y, x]
    assert np.abs(seen - there).mean() < 0.6 * np.abs(unmoved - there).mean()


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: planted_loop(8, size=(32, 32), frames=9, noise=0.02, seed=seed)[0],
        lambda seed: flicker_texture(size=(32, 32), frames=9, codec=True, noise=0.02, seed=seed)[0],
        lambda seed: translating_object(size=(32, 32), frames=9, radius=4, seed=seed)[0],
        lambda seed: demo_clip(size=(72, 128), frames=2, seed=seed),
    ],
)
def test_a_seed_gives_the_same_clip_and_another_seed_another(make):
    assert np.array_equal(make(3).frames, make(3).frames)
    assert not np.array_equal(make(3).frames, make(4).frames)


def test_wrong_requests_say_what_was_expected():
    with pytest.raises(ValueError, match="period of at least 2"):
        planted_loop(1)
    with pytest.raises(ValueError, match="region of shape"):
        planted_loop(4, size=(20, 20), region=ellipse((10, 10)))
    with pytest.raises(ValueError, match="backdrop"):
        translating_object(size=(20, 20), frames=3, backdrop=still_clip((20, 20), 4))
    with pytest.raises(ValueError, match="homographies"):
        drifting(still_clip((20, 20), 4), camera_drift((20, 20), 3))


def test_demo_clip_moves_in_four_places_and_is_not_periodic():
    clip = demo_clip(size=(180, 320), frames=40, fps=8)
    grey = clip.frames.mean(axis=-1)
    deviation = grey.std(axis=0)
    water, flag, lantern, fire = (
        deviation[100:140, 110:300],
        deviation[35:62, 240:280],
        deviation[62:84, 50:70],
        deviation[110:142, 30:42],
    )
    for part in (water, flag, lantern, fire):
        assert part.mean() > 4
    assert deviation[5:25, 100:220].mean() < 1.2  # sky
    steps = np.abs(np.diff(grey, axis=0)).mean()
    for lag in range(1, 36):
        assert np.abs(grey[lag:] - grey[:-lag]).mean() > 0.6 * steps
