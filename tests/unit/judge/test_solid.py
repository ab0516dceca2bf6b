"""What is solid, and what a verdict makes of it."""

import dataclasses

import numpy as np
import pytest

from cinekit.judge import LimitJudge
from cinekit.judge.solid import solid_things
from cinekit.labels import LabelMap
from cinekit.loop import Blend, RenderOptions, render_loop
from cinekit.model import Candidate, Clip, Motion, Region, Regions, Verdict
from cinekit.testing.synthetic import ellipse, planted_loop, still_clip, translating_object

SIZE = (96, 128)
HARD = RenderOptions(blend=Blend.NONE)


def labels_of(mask, p, s, t=60, still=0) -> LabelMap:
    return LabelMap(
        np.where(mask, p, 1).astype(np.int16), np.where(mask, s, still).astype(np.int16), t
    )


def judged(clip, labels, mask):
    """As a texture, which nothing but the map of solid things tells from a thing."""
    region = Region("texture 1", Motion.NATURAL, mask, float(mask.mean()), 1.0)
    regions = Regions((region,), (), mask)
    n = int(labels.period.max())
    candidate = Candidate("texture_1", ("texture 1",), mask)
    return LimitJudge().judge(clip, labels, candidate, regions, render_loop(clip, labels, n, HARD))


def halves(mask) -> tuple[np.ndarray, np.ndarray]:
    lower = mask.copy()
    lower[: SIZE[0] // 2] = False
    return mask & ~lower, lower


WHERE = ellipse(SIZE, radii=(0.45, 0.45))


def boiling() -> Clip:
    """Texture that changes everywhere and goes nowhere, and repeats after 20 frames."""
    return planted_loop(20, SIZE, region=WHERE, seed=3)[0]


def disc_in_texture() -> tuple[Clip, np.ndarray]:
    """A disc that crosses it: the clip, and what the disc sweeps."""
    clip, covered = translating_object(SIZE, radius=14, backdrop=boiling(), seed=3)
    return clip, covered.any(axis=0)


def test_a_disc_is_solid_and_boiling_texture_is_not():
    clip, swept = translating_object(SIZE, radius=12, seed=1)
    swept = swept.any(axis=0)
    mask = solid_things(clip.view).mask
    assert mask[swept].mean() > 0.9
    assert not mask[:12].any()
    assert not solid_things(boiling().view).mask.any()


def test_a_disc_in_texture_is_found():
    clip, swept = disc_in_texture()
    mask = solid_things(clip.view).mask
    assert mask[swept].mean() > 0.8
    assert mask[~WHERE & ~swept].mean() < 0.1


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_nothing_is_solid_where_nothing_moves(noise):
    assert not solid_things(still_clip(SIZE, noise=noise).view).mask.any()


def test_a_disc_that_crosses_the_border_of_a_texture_is_not_good():
    clip, _ = disc_in_texture()
    upper, _ = halves(WHERE)
    judgement = judged(clip, labels_of(upper, 40, 10), upper)
    assert judgement.verdict is not Verdict.GOOD
    assert judgement.measures["solid_tear"] > 0.1
    assert any("moves in one piece is cut" in reason for reason in judgement.reasons)


def test_texture_torn_over_the_same_length_is_good():
    clip = boiling()
    upper, _ = halves(WHERE)
    judgement = judged(clip, labels_of(upper, 40, 10), upper)
    assert judgement.measures["solid_tear"] == 0
    assert judgement.verdict is Verdict.GOOD, judgement.reasons


def test_a_cut_of_two_colours_of_one_brightness_is_seen():
    grey = np.full((60, *SIZE, 3), (110, 110, 110), np.uint8)
    clip, covered = translating_object(SIZE, radius=14, backdrop=Clip(grey, 30.0), seed=2)
    # The colours stay, the brightness goes: only flow still needs a trace of the disc's pattern.
    frames = clip.frames.astype(np.int16)
    frames += (110 - frames.mean(axis=-1, keepdims=True) * 0.9 - 11).astype(np.int16)
    clip = Clip(np.clip(frames, 0, 255).astype(np.uint8), clip.fps)
    things = dataclasses.replace(solid_things(clip.view), mask=covered.any(axis=0))
    upper = np.zeros(SIZE, bool)
    upper[: SIZE[0] // 2] = True
    assert things.torn(labels_of(upper, 40, 10), 40) > 0.1
    everything = np.ones(SIZE, bool)
    assert things.torn(labels_of(everything, 40, 10), 40) == 0


def test_what_hardly_anybody_sees_move_is_doubtful():
    """A patch that stands for nine tenths of the loop."""
    frames = np.full((60, *SIZE, 3), 100, np.uint8)
    patch = np.zeros(SIZE, bool)
    patch[40:50, 60:72] = True
    frames[30:34, patch] = 130
    clip = Clip(frames, 30.0)
    judgement = judged(clip, labels_of(patch, 50, 4), patch)
    assert judgement.measures["seen"] < 0.01
    assert judgement.verdict is Verdict.DOUBTFUL
    assert any("hardly anybody sees it" in reason for reason in judgement.reasons)
