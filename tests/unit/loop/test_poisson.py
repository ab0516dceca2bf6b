"""Gradient-domain blending: exact where it must be, close to the exact solution elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.errors import RenderError
from cinekit.labels import LabelMap, neighbours
from cinekit.loop import (
    Blend,
    RenderOptions,
    iterate_loop,
    poisson,
    reference,
    render_loop,
)
from cinekit.loop import poisson_kernels as kernels
from cinekit.loop.multigrid import Level, levels_of, restrict, smooth, solve_plane
from cinekit.model import Clip
from cinekit.testing.gradients import gradient_errors

FEW = settings(max_examples=20, deadline=None)
PLAIN, FADED = (RenderOptions(blend=blend) for blend in (Blend.NONE, Blend.CROSSFADE))
POISSON = RenderOptions(blend=Blend.POISSON)


def water(t=40, h=24, w=32, seed=0) -> Clip:
    """Waves of many lengths that travel and do not return, and some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((h, w))
    frames = np.full((t, h, w, 3), 120.0)
    for _ in range(12):
        ky, kx, speed = rng.normal(0, 0.5, 3)
        wave = np.sin(ky * y + kx * x + speed * np.arange(t)[:, None, None] + rng.uniform(0, 6))
        frames += wave[..., None] * rng.uniform(2, 10, 3)
    frames += rng.normal(0, 2, frames.shape)
    return Clip(np.clip(frames, 0, 255).astype(np.uint8), 10.0)


def patches(clip: Clip, seed=0, cell=9) -> LabelMap:
    """Patches of labels, some of them still."""
    rng = np.random.default_rng(seed)
    h, w = clip.size
    rows, columns = np.indices((h, w)) // cell
    patch = rng.integers(0, 5, (rows.max() + 1, columns.max() + 1))[rows, columns]
    patch[0, 0], patch[-1, -1] = 0, 4  # one still, one moving at least
    period = np.array([1, 12, 16, 16, 20])
    start = np.array([rng.integers(0, clip.n_frames - p + 1) for p in period])
    return LabelMap(period[patch].astype(np.int16), start[patch].astype(np.int16), clip.n_frames)


def there_and_back(clip: Clip) -> LabelMap:
    right = np.broadcast_to(np.arange(clip.size[1]) >= 10, clip.size)
    return LabelMap.still(clip.size, 3, clip.n_frames).there_and_back(right, 5, 16)


def everywhere(clip: Clip) -> np.ndarray:
    return np.ones(clip.size, np.float32)


def blended(clip: Clip, labels: LabelMap, n: int) -> np.ndarray:
    """Every jump and every border blended: uint8 (n, H, W, 3)."""
    return np.stack(list(poisson.poisson_frames(clip, labels, n, everywhere(clip))))


@FEW
@given(st.integers(0, 10_000), st.sampled_from([16, 17, 24, 30]))
def test_forces_equal_the_plain_loops(seed, n):
    clip = water(24, 10, 12, seed)
    labels = patches(clip, seed, cell=4)
    hide = np.random.default_rng(seed).uniform(0, 1, clip.size).astype(np.float32)
    hide[::3] = 0
    seams = poisson.Seams.of(labels, hide)
    expected = reference.forces(clip, labels, n, hide)
    height, width = seams.moving.shape
    box = slice(seams.top, seams.top + height), slice(seams.left, seams.left + width)
    for f in range(n):
        force = np.zeros((height, width, 3), np.float32)
        seams.add_forces(clip, n, f, 1, force)
        np.testing.assert_allclose(force, expected[f][box], atol=1e-3)


def test_forces_are_gathered_by_cells_as_values_are_spread():
    clip = water()
    labels = patches(clip)
    seams = poisson.Seams.of(labels, everywhere(clip))
    height, width = seams.moving.shape
    fine = np.zeros((height, width, 3), np.float32)
    cells = np.zeros((-(-height // 4), -(-width // 4), 3), np.float32)
    seams.add_forces(clip, 16, 5, 1, fine)
    seams.add_forces(clip, 16, 5, 4, cells)
    values = np.random.default_rng(0).normal(0, 1, cells.shape).astype(np.float32)
    spread = reference.spread(values, 4, seams.moving)
    # Adjoint: the same work, whether pixels or cells are moved.
    assert (values * cells).sum() == pytest.approx((spread * fine).sum(), rel=1e-4)


def test_a_loop_that_goes_there_and_back_has_no_seam_in_time():
    clip = water()
    labels = there_and_back(clip)
    seams = poisson.Seams.of(labels, everywhere(clip))
    inside = np.zeros((*seams.moving.shape, 3), np.float32)
    for f in range(22):
        seams.add_forces(clip, 22, f, 1, inside)
    assert (inside[:, 2:] == 0).all(), "only the border pulls"
    assert np.abs(inside[:, 1]).max() > 1


@FEW
@given(st.integers(0, 10_000), st.integers(0, 1), st.integers(1, 6), st.floats(1, 1.5))
def test_a_half_sweep_equals_the_plain_loops(seed, colour, height, over):
    width = 7 - height
    rng = np.random.default_rng(seed)
    earlier, here, later, force = rng.normal(0, 9, (4, height, width, 3)).astype(np.float32)
    moving = rng.random((height, width)) < 0.7
    expected = reference.relax(earlier, here, later, force, moving, colour, 1e-3, over)
    kernels.relax(earlier, here, later, force, moving, colour, 1e-3, over)
    np.testing.assert_allclose(here, expected, rtol=1e-4, atol=1e-4)


@FEW
@given(st.integers(0, 10_000), st.integers(1, 11), st.integers(1, 11), st.sampled_from([2, 4]))
def test_cells_spread_as_in_the_plain_loops(seed, height, width, cell):
    rng = np.random.default_rng(seed)
    cells = rng.normal(0, 9, (-(-height // cell), -(-width // cell), 3)).astype(np.float32)
    moving = rng.random((height, width)) < 0.7
    out = np.full((height, width, 3), 7, np.float32)
    kernels.spread(cells, cell, moving, out)
    np.testing.assert_allclose(out, reference.spread(cells, cell, moving), atol=1e-4)


def blob(seed: int, height: int, width: int) -> Level:
    rng = np.random.default_rng(seed)
    y, x = np.indices((height, width))
    moving = np.zeros((height, width), bool)
    for _ in range(4):
        j, i, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(4, height)
        moving |= (y - j) ** 2 + (x - i) ** 2 < r * r
    return poisson.cell_level(moving)


@FEW
@given(st.integers(0, 10_000), st.floats(1e-3, 4))
def test_a_visit_to_the_coarser_plane_takes_what_is_left_of_the_load(seed, shift):
    level = blob(seed, 30, 41)
    rng = np.random.default_rng(seed)
    part = level.mass[..., None] > 0
    load, value = (rng.normal(0, 1, (*level.mass.shape, 2)) * part for _ in range(2))
    load, value = load.astype(np.float32), value.astype(np.float32)
    height, width = level.mass.shape
    out = np.empty((-(-height // 2), -(-width // 2), 2), np.float32)
    geometry = level.mass, level.down, level.right, level.ground, shift
    restrict(*geometry, load, value, out)
    flat = load.reshape(-1, 2) - reference.matrix(level, shift) @ value.reshape(-1, 2)
    rest = np.pad(flat.reshape(load.shape), ((0, height % 2), (0, width % 2), (0, 0)))
    np.testing.assert_allclose(out, rest.reshape(len(out), 2, -1, 2, 2).sum((1, 3)), atol=1e-3)
    before = value.copy()
    smooth(*geometry, load, value, 400)
    flat = load.reshape(-1, 2) - reference.matrix(level, shift) @ value.reshape(-1, 2)
    assert np.abs(flat).max() < 0.02 * np.abs(load).max()
    assert (value[~part[..., 0]] == before[~part[..., 0]]).all()


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.01, 0.3, 4.0]))
def test_a_plane_is_solved_to_a_tenth_at_worst(seed, shift):
    level = blob(seed, 70, 90)
    rng = np.random.default_rng(seed)
    load = rng.normal(0, 1, (*level.mass.shape, 2)).astype(np.float32)
    load[..., 1] = 1  # smooth, what plain sweeps would take longest for
    load *= level.mass[..., None] > 0
    expected = np.linalg.solve(reference.matrix(level, shift), load.reshape(-1, 2))
    solve_plane(levels_of(level), shift, load)
    error = np.linalg.norm(load.reshape(-1, 2) - expected, axis=0)
    # What is left is smooth and small; the loop's own error is tested below.
    assert (error < 0.1 * np.linalg.norm(expected, axis=0)).all()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("n", [16, 35])
def test_the_gradient_error_is_close_to_the_exact_solutions(seed, n):
    clip = water(h=48, w=64, seed=seed)
    labels = patches(clip, seed, cell=20)
    ours = gradient_errors(clip, labels, blended(clip, labels, n))
    best = np.clip(np.rint(reference.exact_loop(clip, labels, n)), 0, 255).astype(np.uint8)
    assert ours.total <= 1.05 * gradient_errors(clip, labels, best).total
    for other in (PLAIN, FADED):
        errors = gradient_errors(clip, labels, render_loop(clip, labels, n, other))
        assert ours.total <= 0.8 * errors.total


def test_a_shift_in_brightness_is_spread_over_the_whole_loop():
    levels = (40 + 2 * np.arange(60)).astype(np.uint8)
    clip = Clip(np.broadcast_to(levels[:, None, None, None], (60, 24, 24, 3)).copy(), 10.0)
    full = np.ones(clip.size, np.int16)
    labels = LabelMap(full * 40, full * 10, 60)
    hard, soft = render_loop(clip, labels, 40, PLAIN), blended(clip, labels, 40)
    hard, soft = (loop[:, 12, 12, 0].astype(int) for loop in (hard, soft))
    assert np.abs(np.diff([*hard, hard[0]])).max() == 78
    assert np.abs(np.diff([*soft, soft[0]])).max() <= 4


def test_a_loop_of_the_whole_clip_melts_into_its_own_beginning():
    clip = water(30)
    full = np.ones(clip.size, np.int16)
    labels = LabelMap(full * 30, full * 0, 30)
    hard = render_loop(clip, labels, 30, PLAIN).astype(int)
    soft = blended(clip, labels, 30).astype(int)
    jump, melted = (np.abs(loop[0] - loop[-1]).mean() for loop in (hard, soft))
    assert melted < 0.4 * jump


def test_a_loop_without_seams_is_left_alone():
    clip = water(16)
    clip = Clip(np.concatenate([clip.frames] * 3), 10.0)
    full = np.ones(clip.size, np.int16)
    labels = LabelMap(full * 16, full * 16, 48)
    np.testing.assert_array_equal(
        render_loop(clip, labels, 32, POISSON), render_loop(clip, labels, 32, PLAIN)
    )


def test_frames_do_not_depend_on_the_number_of_threads(monkeypatch):
    clip = water()
    labels = patches(clip)
    many = render_loop(clip, labels, 33, POISSON)
    pool = poisson.ThreadPoolExecutor
    monkeypatch.setattr(poisson, "ThreadPoolExecutor", lambda: pool(1))
    np.testing.assert_array_equal(many, render_loop(clip, labels, 33, POISSON))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_shortest_loops_render(n):
    clip = water()
    frames = list(iterate_loop(clip, patches(clip), n, POISSON))
    assert len(frames) == n


def test_a_still_picture_is_the_clips_frame():
    clip = water()
    full = np.ones(clip.size, np.int16)
    loop = render_loop(clip, LabelMap(full, full * 7, 40), 5, POISSON)
    assert (loop == clip.frames[7]).all()


def test_a_moving_corner_pixel_is_enough():
    clip = water()
    period, start = np.ones((2, *clip.size), np.int16)
    period[0, 0] = 12
    loop = render_loop(clip, LabelMap(period, start, 40), 12, POISSON)
    assert len(np.unique(loop[:, 0, 0])) > 1
    assert (loop[:, 1:] == clip.frames[1, 1:]).all()


def test_the_gradient_error_is_that_of_the_plain_loops():
    clip = water(24, 8, 9)
    n = 20
    labels = patches(clip, 3, cell=4)
    loop = render_loop(clip, labels, n, FADED)
    errors = gradient_errors(clip, labels, loop)
    volume = loop.astype(np.float64)
    spatial = 0.0
    for axis in (1, 2):
        one, two = neighbours(axis)
        for step in reference.spatial_steps(clip, labels, n, axis):
            spatial += ((volume[two] - volume[one] - step) ** 2).sum()
    temporal = sum(
        ((np.roll(volume, -1, axis=0) - volume - step) ** 2)[:, labels.looping].sum()
        for step in reference.temporal_steps(clip, labels, n)
    )
    pixels = n * labels.period.size
    assert errors.spatial == pytest.approx(np.sqrt(spatial / (12 * pixels)))
    assert errors.temporal == pytest.approx(np.sqrt(temporal / (6 * pixels)))
    assert errors.total == pytest.approx(np.sqrt((spatial + temporal) / (18 * pixels)))
    assert errors.spatial_seams > errors.spatial
    assert errors.temporal_seams > errors.temporal


def test_gradient_errors_of_other_sizes_are_refused():
    clip = water()
    labels = patches(clip)
    loop = render_loop(clip, labels, 4, PLAIN)
    with pytest.raises(RenderError, match=r"of \(24, 32\), received \(10, 32\)"):
        gradient_errors(clip, labels, loop[:, :10])
    with pytest.raises(RenderError, match="no frames"):
        gradient_errors(clip, labels, loop[:0])
