"""Where a loop's jump has to be hidden."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.labels import LabelMap
from cinekit.loop import Blend, RenderOptions, render_loop
from cinekit.loop.jumps import jump_and_step, melting, stand_out
from cinekit.model import Clip

SIZE = (36, 36)


def plainly(frames, period, start, samples):
    """Jump and step of one pixel at a time, as the docstring has them."""
    wide = frames.astype(float)
    jump, step = np.zeros(period.shape), np.zeros(period.shape)
    for y, x in np.ndindex(*period.shape):
        p, s = int(period[y, x]), int(start[y, x])
        if p == 1 or s + p > len(frames):
            continue
        v = wide[:, y, x]
        sides = [v[s] - v[s + p]] if s + p < len(frames) else []
        sides += [v[s - 1] - v[s + p - 1]] if s > 0 else []
        sides = sides or [v[s] - v[s + p - 1]]
        jump[y, x] = np.mean([side @ side for side in sides])
        at = [s + k * (p - 1) // min(samples, p - 1) for k in range(min(samples, p - 1))]
        step[y, x] = np.mean([(v[t + 1] - v[t]) @ (v[t + 1] - v[t]) for t in at])
    return jump, step


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 20), st.integers(1, 9))
def test_jump_and_step_equal_the_plain_loops(seed, t, samples):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (t, 4, 5, 3), dtype=np.uint8)
    period = rng.integers(1, t + 1, (4, 5)).astype(np.int16)
    start = rng.integers(0, t - period + 1).astype(np.int16)
    start[0, 0] = t  # beyond the clip: there and back
    jump, step = (np.empty(period.shape, np.float32) for _ in range(2))
    jump_and_step(frames, period, start, samples, jump, step)
    expected_jump, expected_step = plainly(frames, period, start, samples)
    np.testing.assert_allclose(jump, expected_jump, rtol=1e-5)
    np.testing.assert_allclose(step, expected_step, rtol=1e-5)


def looped(value) -> float:
    """How much the jump of a loop of frames 2 to 21 of a signal stands out, at the middle."""
    rng = np.random.default_rng(1)
    pattern = rng.choice([-1.0, 1.0], SIZE)
    frames = 128 + value(np.arange(26.0))[:, None, None] * pattern
    frames = np.repeat(frames[..., None], 3, axis=3).round().astype(np.uint8)
    one = np.ones(SIZE, np.int16)
    clip, labels = Clip(frames, 25.0), LabelMap(one * 20, one * 2, 26)
    return float(stand_out(clip, labels)[18, 18])


@pytest.mark.parametrize(
    ("what", "value", "hidden"),
    [
        ("closes by itself", lambda t: 10 * np.sin(2 * np.pi * t / 20), 0),
        ("drifts", lambda t: t, 1),
        ("is elsewhere in every frame", lambda t: 20 * np.cos(2.5 * t * t), 0),
        ("becomes another thing", lambda t: np.where(t < 12, -50.0, 50.0), 1),
        ("stands still", lambda t: 0 * t, 0),
    ],
)
def test_a_jump_stands_out_from_the_steps_around_it(what, value, hidden):
    assert looped(value) == pytest.approx(hidden, abs=1e-6), what


def test_what_goes_there_and_back_has_nothing_to_hide():
    rng = np.random.default_rng(2)
    clip = Clip(rng.integers(0, 256, (12, *SIZE, 3), dtype=np.uint8), 25.0)
    labels = LabelMap.still(SIZE, 0, 12).there_and_back(np.ones(SIZE, bool), 3, 8)
    assert (stand_out(clip, labels) == 0).all()


def flaring(brightness: int, at: tuple[int, ...]) -> tuple[Clip, LabelMap]:
    """Water whose waves stand out at the jump, and a bright disc in it in some of the frames."""
    t, side = 40, 72
    rng = np.random.default_rng(3)
    pattern = rng.choice([-1.0, 1.0], (side, side))
    frames = 90 + (np.arange(float(t)) / 2)[:, None, None] * pattern
    y, x = np.indices((side, side))
    disc = (y - 24) ** 2 + (x - 24) ** 2 < 64
    frames[np.ix_(at)] += brightness * disc
    one = np.ones((side, side), np.int16)
    clip = Clip(np.repeat(frames[..., None], 3, axis=3).round().astype(np.uint8), 25.0)
    return clip, LabelMap(one * 20, one * 10, t)


@pytest.mark.parametrize("at", [(10,), (30,), (9,), (29,)])
def test_offsets_leave_alone_what_is_a_flame_on_one_side_of_the_jump_only(at):
    """Frames 10 and 30 meet at the jump, and 9 and 29."""
    clip, labels = flaring(120, at)
    assert stand_out(clip, labels)[24, 24] > 0.5
    melts = melting(clip, labels)
    assert melts[24, 24] == 0
    assert melts[60, 60] == stand_out(clip, labels)[60, 60] > 0.5


def test_offsets_hide_what_changes_little_or_elsewhen():
    for clip, labels in (flaring(25, (10,)), flaring(120, (20,))):
        np.testing.assert_array_equal(melting(clip, labels), stand_out(clip, labels))


def test_the_ends_of_the_clip_are_its_own_beside_a_piece_that_goes_back():
    clip, labels = flaring(120, (0,))
    late = LabelMap(labels.period, labels.start + np.int16(10), 40)
    back = late.there_and_back(np.zeros(late.size, bool), 0, 5)
    np.testing.assert_array_equal(melting(clip, back), melting(clip, late))


def test_a_flame_leaves_no_ghost():
    clip, labels = flaring(120, (29,))
    loop = render_loop(clip, labels, 20, RenderOptions(blend=Blend.POISSON))
    n = next(f for f in range(20) if labels.frame_at(f, 20)[24, 24] == 29)
    after = loop[(n + 1) % 20].astype(float)
    assert abs(after[20:28, 20:28].mean() - 90) < 6
