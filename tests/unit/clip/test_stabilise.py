"""Clips with a known camera, over a scene that is known to stand still."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from cinekit.clip import StabiliseMode, StabiliseOptions, camera_motion, stabilise
from cinekit.clip.stabilise import fill_gaps, valid_rectangle
from cinekit.errors import ConfigError
from cinekit.model import Clip, Stabilisation

H, W, T = 180, 320, 25
Matrices = NDArray[np.float64]


def texture(seed: int, height: int, width: int) -> NDArray[np.float32]:
    """Blurred noise at several scales, float32 (height, width, 3) around 128."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for scale in (1.5, 4, 12):
        noise = rng.standard_normal(total.shape).astype(np.float32)
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), scale))
        total += 18 * noise / noise.std()
    return 128 + total


def hand(seed: int = 5) -> Matrices:
    """A shaky hand (T, 3, 3): drift, shake, roll, zoom, a little perspective; about the middle."""
    rng = np.random.default_rng(seed)
    t = np.arange(T)
    dx = 5 * np.sin(t / 9) + 0.3 * np.cumsum(rng.standard_normal(T))
    dy = 3 * np.cos(t / 7) + 0.3 * np.cumsum(rng.standard_normal(T))
    roll, zoom = 0.004 * np.sin(t / 6), 1 + 0.004 * np.sin(t / 11)
    middle = np.array([[1.0, 0, W / 2], [0, 1.0, H / 2], [0, 0, 1]])
    made = []
    for k in range(T):
        turn = np.array(
            [
                [zoom[k] * np.cos(roll[k]), -np.sin(roll[k]), dx[k]],
                [np.sin(roll[k]), zoom[k] * np.cos(roll[k]), dy[k]],
                [1e-6 * np.sin(k / 5), 1e-6 * np.cos(k / 4), 1],
            ]
        )
        made.append(middle @ turn @ np.linalg.inv(middle))
    return np.array(made)


def see(world: NDArray[np.float32], matrix: Matrices) -> NDArray[np.float32]:
    """One picture, sampled by cubic splines (OpenCV's warp rounds places to 1/32 px)."""
    y, x = np.mgrid[:H, :W]
    at = np.linalg.inv(matrix) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    at = (at[1::-1] / at[2]).reshape(2, H, W)
    colours = [map_coordinates(world[..., k], at, order=3, prefilter=False) for k in range(3)]
    return np.stack(colours, -1)


def film(camera: Matrices, water: bool = True, noise: float = 2.0) -> Clip:
    """The scene through a camera; the lower third is water that is new in every frame."""
    rng = np.random.default_rng(0)
    world = texture(1, 2 * H, 2 * W)
    world = np.stack([spline_filter(world[..., k], 3) for k in range(3)], -1)
    place = np.array([[1.0, 0, -W / 2], [0, 1.0, -H / 2], [0, 0, 1]])
    frames = []
    for matrix in camera:
        image = see(world, matrix @ place)
        if water:
            image[-H // 3 :] = texture(int(rng.integers(1 << 30)), H // 3, W)
        image = image + rng.standard_normal(image.shape) * noise
        frames.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    return Clip(np.array(frames), 25.0, notes=("before",))


@pytest.fixture(scope="module")
def handheld() -> Clip:
    return film(hand())


@pytest.fixture(scope="module")
def steadied(handheld: Clip) -> tuple[Clip, Stabilisation]:
    return stabilise(handheld)


def places(matrices: Matrices, bottom: float) -> NDArray[np.float64]:
    """Where a grid of points goes, (T, 2, n)."""
    y, x = np.mgrid[5 : bottom - 5 : 10, 5 : W - 5 : 10]
    at = matrices @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    return at[:, :2] / at[:, 2:]


def test_a_known_camera_is_found_to_a_fiftieth_of_a_pixel_beside_moving_water(
    handheld: Clip,
) -> None:
    camera = hand()
    motion = camera_motion(handheld.frames)
    truth = camera @ np.linalg.inv(camera[motion.reference])
    error = np.linalg.norm(places(motion.matrices, H * 2 / 3) - places(truth, H * 2 / 3), axis=1)
    assert error.mean() < 0.02
    assert error.max() < 0.15
    assert motion.inliers > 0.8
    assert motion.residual < 0.05


def test_a_hand_held_clip_comes_out_still_and_cropped(
    handheld: Clip, steadied: tuple[Clip, Stabilisation]
) -> None:
    clip, (steady, report) = handheld, steadied
    assert report.applied
    assert report.trusted
    assert report.drift > 3
    assert all(side % 2 == 0 for side in steady.size)
    assert 0.85 < steady.size[0] * steady.size[1] / (H * W) < 1
    rows = slice(0, H // 2)
    before = clip.frames[:, rows].astype(float).std(0).mean()
    after = steady.frames[:, rows].astype(float).std(0).mean()
    assert before > 10
    assert after < 2.3  # the noise that was added has 2
    assert steady.notes[0] == "before"
    assert "stabilised: drift up to" in steady.notes[-1]
    assert steady.warnings == ()


def test_the_reference_frame_is_cropped_but_not_resampled(
    handheld: Clip, steadied: tuple[Clip, Stabilisation]
) -> None:
    steady, _ = steadied
    height, width = steady.size
    reference = handheld.frames[T // 2]
    found = [
        (y, x)
        for y in range(H - height + 1)
        for x in range(W - width + 1)
        if np.array_equal(reference[y : y + height, x : x + width], steady.frames[T // 2])
    ]
    assert len(found) == 1


def test_a_tripod_clip_is_left_bit_equal_beside_water_and_noise() -> None:
    clip = film(np.repeat(np.eye(3)[None], T, 0), noise=4.0)
    steady, report = stabilise(clip)
    assert steady.frames is clip.frames
    assert not report.applied
    assert report.trusted
    assert report.drift < 0.3
    assert "camera stands still" in steady.notes[-1]


def test_flickering_light_is_no_camera_motion() -> None:
    clip = film(np.repeat(np.eye(3)[None], T, 0), noise=1.0)
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:H, :W]
    lit = []
    for frame in clip.frames:
        cx, cy, gain = rng.uniform(0, W), rng.uniform(0, H), rng.uniform(0.3, 0.7)
        light = 1 - gain * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 90**2))
        lit.append((frame * light[..., None]).astype(np.uint8))
    steady, report = stabilise(Clip(np.array(lit), 25.0))
    assert not report.applied
    assert report.trusted
    assert steady.warnings == ()


def test_a_large_object_that_walks_through_a_still_scene_is_no_camera() -> None:
    clip = film(np.repeat(np.eye(3)[None], T, 0), water=False)
    frames = clip.frames.copy()
    body = np.clip(texture(9, H, 120), 0, 255).astype(np.uint8)
    for t in range(T):
        frames[t, :, 8 * t : 8 * t + 120] = body[:, : max(0, min(120, W - 8 * t))]
    steady, report = stabilise(Clip(frames, 25.0))
    assert steady.frames.shape == frames.shape
    assert not report.applied
    assert report.trusted


def test_a_pan_that_leaves_little_in_common_is_left_alone_with_a_warning() -> None:
    camera = np.repeat(np.eye(3)[None], T, 0)
    camera[:, 0, 2] = np.linspace(-90, 90, T)
    clip = film(camera, water=False)
    steady, report = stabilise(clip)
    assert steady.frames is clip.frames
    assert (report.applied, report.trusted) == (False, False)
    assert "of the picture is in every frame" in steady.warnings[-1]


@pytest.mark.parametrize("scene", ["noise", "black"])
def test_nothing_to_hold_on_to_is_said_and_left_alone(scene: str) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (12, 80, 120, 3), np.uint8)
    if scene == "black":
        frames[:] = 0
    steady, report = stabilise(Clip(frames, 25.0), StabiliseMode.ON)
    assert steady.frames is frames
    assert (report.applied, report.trusted) == (False, False)
    (warning,) = steady.warnings
    assert "cannot be trusted" in warning


def test_off_measures_and_touches_nothing(handheld: Clip) -> None:
    steady, report = stabilise(handheld, StabiliseMode.OFF)
    assert steady is handheld
    assert (report.applied, report.drift) == (False, 0.0)


def test_on_warps_even_what_auto_would_leave() -> None:
    camera = np.repeat(np.eye(3)[None], T, 0)
    camera[:2, 0, 2] = 0.8  # a nudge in the first two frames
    clip = film(camera, noise=1.0)
    options = StabiliseOptions(mode=StabiliseMode.AUTO, max_moved=0.2)
    assert not stabilise(clip, options)[1].applied
    steady, report = stabilise(clip, StabiliseMode.ON)
    assert report.applied
    rows = slice(0, H // 2)
    assert steady.frames[:, rows].astype(float).std(0).mean() < 2


def test_the_same_clip_gives_the_same_frames_whatever_the_number_of_threads(
    handheld: Clip, steadied: tuple[Clip, Stabilisation]
) -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        again, report = stabilise(handheld)
    finally:
        cv2.setNumThreads(threads)
    assert report == steadied[1]
    assert np.array_equal(again.frames, steadied[0].frames)


def brute_rectangle(matrices: Matrices, height: int, width: int) -> int:
    """Largest even-sided area, by looking at every pixel and every rectangle."""
    y, x = np.mgrid[:height, :width]
    valid = np.ones((height, width), bool)
    for m in matrices:
        px, py, pz = m @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        inside = (px / pz >= -1e-9) & (px / pz <= width - 1 + 1e-9)
        inside &= (py / pz >= -1e-9) & (py / pz <= height - 1 + 1e-9)
        valid &= inside.reshape(height, width)
    best = 0
    for top in range(height):
        for bottom in range(top + 2, height + 1, 2):
            columns = valid[top:bottom].all(0)
            run = longest = 0
            for good in columns:
                run = run + 1 if good else 0
                longest = max(longest, run)
            best = max(best, (bottom - top) * (longest // 2 * 2))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_valid_rectangle_is_the_largest_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrices = np.repeat(np.eye(3)[None], 4, 0)
    matrices[:, :2, 2] += rng.uniform(-4, 4, (4, 2))
    matrices[:, :2, :2] += rng.uniform(-0.05, 0.05, (4, 2, 2))
    matrices[:, 2, :2] += rng.uniform(-1e-3, 1e-3, (4, 2))
    _, _, height, width = valid_rectangle(matrices, (24, 30))
    assert height * width == brute_rectangle(matrices, 24, 30)


def test_frames_with_nothing_in_common_have_an_empty_rectangle() -> None:
    matrices = np.repeat(np.eye(3)[None], 2, 0)
    matrices[1, 0, 2] = 100
    assert valid_rectangle(matrices, (24, 30)) == (0, 0, 0, 0)


def test_a_missing_motion_is_taken_from_its_neighbours() -> None:
    matrices = np.repeat(np.eye(3)[None], 5, 0)
    matrices[:, 0, 2] = [0, 1, np.nan, 3, np.nan]
    filled = fill_gaps(matrices)
    assert np.allclose(filled[:, 0, 2], [0, 1, 2, 3, 3])
    assert np.allclose(filled[:, [0, 1, 2], [0, 1, 2]], 1)


@pytest.mark.parametrize(
    "wrong", [{"min_points": 3}, {"min_area": 1.5}, {"min_inliers": -1.0}, {"max_residual": 0.0}]
)
def test_thresholds_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}: expected"):
        StabiliseOptions(**wrong)
