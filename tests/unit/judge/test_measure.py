"""Figures and verdicts."""

import numpy as np
import pytest

from cinekit.errors import RenderError
from cinekit.judge import MEASURES, LimitJudge, decode_check, figures
from cinekit.judge.seams import gradient_ratio
from cinekit.labels import LabelMap
from cinekit.loop import Blend, RenderOptions, render_loop
from cinekit.model import Candidate, Clip, Motion, Region, Regions, Verdict
from cinekit.view import ClipView

HARD = RenderOptions(blend=Blend.NONE)
SOFT = RenderOptions(blend=Blend.CROSSFADE)
SIZE = (72, 96)


def scene(t=48, seed=0) -> Clip:
    """A patterned wall, and on its right half water: smooth noise that flows with period 16."""
    rng = np.random.default_rng(seed)
    wall = rng.integers(60, 180, (*SIZE, 1), dtype=np.uint8).repeat(3, 2)
    phase = rng.uniform(0, 2 * np.pi, SIZE)
    time = 2 * np.pi * np.arange(t)[:, None, None] / 16
    frames = np.broadcast_to(wall, (t, *SIZE, 3)).copy()
    water = 120 + 40 * np.sin(time + phase)
    frames[:, :, 48:] = water[:, :, 48:, None].astype(np.uint8)
    return Clip(frames, 12.0)


def measure_loop(clip, labels, target, frames, first=0):
    return figures.measure_loop(clip.view, ClipView(frames, clip.fps), labels, target, first)


def judge(*arguments):
    return LimitJudge().judge(*arguments)


def labels_of(mask, p, s, still=0, t=48) -> LabelMap:
    return LabelMap(
        np.where(mask, p, 1).astype(np.int16), np.where(mask, s, still).astype(np.int16), t
    )


def right() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[:, 48:] = True
    return mask


def world(motion: Motion, mask=None) -> tuple[Regions, Candidate]:
    mask = right() if mask is None else mask
    region = Region("thing", motion, mask, float(mask.mean()), 1.0)
    return Regions((region,), (), mask), Candidate("thing", ("thing",), mask)


def test_a_perfect_loop_has_ideal_figures():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    figures = measure_loop(clip, labels, right(), render_loop(clip, labels, 16, HARD))
    ideal_one = [
        "seam_step", "worst_step", "own_jump", "own_step", "border_gradient", "sharpness",
        "sharpness_clip", "motion", "target_moving", "target_motion", "inside_target",
        "step_excess",
    ]  # fmt: skip
    assert {name: figures[name] for name in ideal_one} == pytest.approx(
        dict.fromkeys(ideal_one, 1.0), abs=0.03
    )
    assert figures["moving_area"] == pytest.approx(0.5, abs=0.01)
    assert figures["still_std"] == figures["pops"] == 0


def test_every_figure_is_explained():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    regions, candidate = world(Motion.NON_NATURAL)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 16, HARD))
    assert set(judgement.measures) <= set(MEASURES)
    assert {"rigid_jump", "rigid_pops"} <= set(judgement.measures)


def test_a_wrong_period_shows_as_a_jump():
    clip = scene()
    labels = labels_of(right(), 24, 8)
    hard = measure_loop(clip, labels, right(), render_loop(clip, labels, 24, HARD))
    soft = measure_loop(clip, labels, right(), render_loop(clip, labels, 24, SOFT))
    assert hard["own_jump"] > 4
    assert hard["worst_step"] > 4
    assert hard["step_excess"] > 4
    assert soft["own_jump"] == hard["own_jump"]
    assert soft["own_step"] < 0.5 * hard["own_step"]
    assert soft["worst_step"] < 0.5 * hard["worst_step"]


def test_blur_lowers_sharpness_only():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    loop = render_loop(clip, labels, 16, HARD)
    blurred = loop.copy()
    blurred[5, :, :-1] = (loop[5, :, :-1] // 2 + loop[5, :, 1:] // 2).astype(np.uint8)
    assert measure_loop(clip, labels, right(), blurred)["sharpness"] < 0.9


def test_a_flickering_still_part_is_seen():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    loop = render_loop(clip, labels, 16, HARD).copy()
    loop[::2, :, :48] += 2
    assert measure_loop(clip, labels, right(), loop)["still_std"] == pytest.approx(1, abs=0.01)


def test_a_new_edge_at_a_border_is_seen():
    clip = scene()
    # The wall, too, gets a patch of its own, which shows the water's half of another picture.
    frames = clip.frames.copy()
    frames[24:, 20:50, 10:40] = 255 - frames[24:, 20:50, 10:40]
    torn = Clip(frames, clip.fps)
    patch = np.zeros(SIZE, bool)
    patch[30:40, 20:30] = True
    labels = labels_of(patch, 16, 30)
    figures = measure_loop(torn, labels, patch, render_loop(torn, labels, 16, HARD))
    assert "border_gradient" not in figures, "nothing moves there"
    labels = labels_of(patch, 16, 16)
    figures = measure_loop(torn, labels, patch, render_loop(torn, labels, 16, HARD))
    assert figures["border_tear"] > 0.5
    whole = np.zeros(SIZE, bool)
    whole[16:54, 6:44] = True
    labels = labels_of(whole, 16, 16)
    figures = measure_loop(torn, labels, whole, render_loop(torn, labels, 16, HARD))
    assert figures["border_tear"] == 0


def test_looping_outside_the_target_is_counted():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    top = right()
    top[36:] = False
    figures = measure_loop(clip, labels, top, render_loop(clip, labels, 16, HARD))
    assert figures["inside_target"] == pytest.approx(0.5, abs=0.02)
    regions, _ = world(Motion.NATURAL)
    few = top.copy()
    few[18:] = False
    frames = render_loop(clip, labels, 16, HARD)
    judgement = judge(clip, labels, Candidate("top", ("thing",), few), regions, frames)
    assert judgement.verdict is Verdict.DOUBTFUL
    assert judgement.reasons == ("75 % of what moves is not the named object",)


@pytest.mark.parametrize("motion", list(Motion)[1:])
def test_a_perfect_loop_is_good(motion):
    clip = scene()
    labels = labels_of(right(), 16, 8)
    regions, candidate = world(motion)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 16, HARD))
    assert judgement.verdict is Verdict.GOOD
    assert judgement.reasons == ()


def test_a_still_picture_is_refused():
    clip = scene()
    labels = labels_of(np.zeros(SIZE, bool), 1, 0)
    regions, candidate = world(Motion.NATURAL)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 16, HARD))
    assert judgement.verdict is Verdict.REFUSED
    assert judgement.reasons == ("almost nothing moves (0.0 % of the frame)",)


def test_a_target_that_stands_still_is_refused():
    clip = scene()
    corner = right()
    corner[6:] = False
    labels = labels_of(corner, 16, 8)
    regions, candidate = world(Motion.NATURAL)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 16, HARD))
    assert judgement.verdict is Verdict.REFUSED
    assert judgement.reasons == ("the named object moves little (8 % of its motion)",)


def walker() -> tuple[Clip, np.ndarray]:
    """A dark block that walks across a light wall and does not come back."""
    rng = np.random.default_rng(7)
    wall = rng.integers(180, 220, (*SIZE, 1), dtype=np.uint8).repeat(3, 2)
    frames = np.broadcast_to(wall, (48, *SIZE, 3)).copy()
    for t in range(48):
        frames[t, 20:60, t : t + 24] = rng.integers(20, 60, (40, 24, 1), dtype=np.uint8)
    swept = np.zeros(SIZE, bool)
    swept[20:60, :72] = True
    return Clip(frames, 12.0), swept


def test_a_solid_object_that_jumps_back_is_refused():
    clip, swept = walker()
    labels = labels_of(swept, 32, 8)
    regions, candidate = world(Motion.NON_NATURAL, swept)
    frames = render_loop(clip, labels, 32, RenderOptions())
    judgement = judge(clip, labels, candidate, regions, frames)
    assert judgement.verdict is Verdict.REFUSED
    assert any(reason.startswith("a solid object pops") for reason in judgement.reasons)


def test_a_solid_object_in_two_pieces_is_refused():
    clip, swept = walker()
    labels = labels_of(swept, 16, 8)
    start = labels.start.copy()
    start[40:][swept[40:]] = 30
    torn = LabelMap(labels.period, start, 48)
    regions, candidate = world(Motion.NON_NATURAL, swept)
    judgement = judge(clip, torn, candidate, regions, render_loop(clip, torn, 16, HARD))
    assert judgement.verdict is Verdict.REFUSED
    assert any(reason.startswith("a solid object is torn over") for reason in judgement.reasons)


def test_decoded_frames_are_checked_against_the_still_frame():
    frame = scene().frames[0]
    still = ~right()
    assert decode_check([frame] * 3, still, frame)["still_std"] == 0
    assert decode_check([frame] * 3, still, frame)["still_psnr"] > 100
    worse = frame.copy()
    worse[still] += 2
    figures = decode_check([frame, worse], still, frame)
    assert figures["still_std"] == pytest.approx(1)
    assert figures["still_psnr"] == pytest.approx(10 * np.log10(255**2 / 2))
    with pytest.raises(RenderError, match="at least one still pixel"):
        decode_check([frame], np.zeros(SIZE, bool), frame)


def test_sizes_that_differ_are_refused():
    clip = scene()
    labels = labels_of(right(), 16, 8)
    frames = render_loop(clip, labels, 16, HARD)
    with pytest.raises(RenderError, match=r"of \(72, 96\)"):
        measure_loop(clip, labels, right()[:10], frames)
    regions, candidate = world(Motion.NATURAL)
    with pytest.raises(RenderError, match=r"of \(72, 96\)"):
        judge(clip, labels, candidate, regions, frames[:, :10])


def fire(t=48) -> Clip:
    """A wall with large patches on its right half that are others in every frame."""
    rng = np.random.default_rng(5)
    frames = np.full((t, *SIZE, 3), 90, np.uint8)
    patches = rng.integers(20, 250, (t, SIZE[0] // 12, 4, 1), dtype=np.uint8)
    frames[:, :, 48:] = patches.repeat(12, 1).repeat(12, 2)
    return Clip(frames, 12.0)


def test_what_is_elsewhere_in_every_frame_does_not_pop():
    clip = fire()
    labels = labels_of(right(), 16, 8)
    figures = measure_loop(clip, labels, right(), render_loop(clip, labels, 16, HARD))
    assert figures["pops"] < 0.05
    calm, swept = walker()
    labels = labels_of(swept, 32, 8)
    figures = measure_loop(calm, labels, swept, render_loop(calm, labels, 32, HARD))
    assert figures["pops"] > 0.2


def test_a_natural_thing_that_is_cut_out_of_its_like_is_refused():
    clip = fire()
    comb = right()
    comb[:, 54::12] = False
    comb[:, 55::12] = False
    labels = labels_of(comb, 16, 8)
    regions, candidate = world(Motion.NATURAL)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 16, HARD))
    assert judgement.verdict is Verdict.REFUSED
    assert any(one.startswith("it is torn over") for one in judgement.reasons)


def test_a_border_of_a_grey_level_on_a_dark_wall_is_no_border():
    clip = Clip(np.full((24, *SIZE, 3), 30, np.uint8), 12.0)
    clip.frames[::2, :, 48:] += 1
    loop = clip.frames[:16].copy()
    loop[:, :, 48:] += 1
    borders = labels_of(right(), 16, 4, t=24).borders
    rendered = ClipView(loop, clip.fps)
    assert gradient_ratio(borders, clip.view.luma, rendered.luma) == pytest.approx(3.5 / 2.5)


def test_what_runs_to_and_fro_is_a_thing_to_its_border():
    clip, swept = walker()
    head = swept.copy()
    head[20:30] = False  # stays with the still part, wherever the rest walks
    region = swept.copy()
    region[20:40] = False  # and the segmenter saw less
    labels = LabelMap.still(head.shape, 0, 48).there_and_back(head, 4, 40)
    regions, candidate = world(Motion.NON_NATURAL, region)
    judgement = judge(clip, labels, candidate, regions, render_loop(clip, labels, 72, HARD))
    assert judgement.verdict is Verdict.REFUSED
    assert judgement.measures["rigid_tear"] > 0.6
