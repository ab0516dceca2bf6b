"""The motion segmenter finds what was planted, and tells texture from things."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.errors import ConfigError
from cinekit.model import Clip, Motion, SemanticResponse
from cinekit.see.motion import MotionSegmenter
from cinekit.testing.synthetic import (
    ellipse,
    flicker_texture,
    planted_loop,
    still_clip,
    translating_object,
)


def masks(clip: Clip, response: SemanticResponse) -> dict[str, np.ndarray]:
    """Where each region wins, at the resolution of the clip."""
    won = response.probabilities[0].argmax(axis=-1)
    rows = (np.arange(clip.size[0]) * won.shape[0]) // clip.size[0]
    columns = (np.arange(clip.size[1]) * won.shape[1]) // clip.size[1]
    won = won[rows][:, columns]
    return {c.name: won == i for i, c in enumerate(response.categories)}


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("noise", [{}, {"noise": 0.01}, {"noise": 0.012, "codec": True}])
def test_a_planted_region_is_found_as_one_texture(noise):
    clip, mask, _ = planted_loop(16, size=(135, 240), frames=48, **noise)
    response = MotionSegmenter().respond(clip)
    assert [c.name for c in response.categories] == ["background", "texture 1"]
    assert response.categories[1].motion is Motion.NATURAL
    assert iou(masks(clip, response)["texture 1"], mask) >= 0.9


def test_a_planted_region_is_found_at_half_the_resolution_of_a_large_clip():
    clip, mask, _ = planted_loop(12, size=(270, 480), frames=24)
    response = MotionSegmenter().respond(clip)
    assert response.probabilities.shape == (24, 135, 240, 2)
    assert iou(masks(clip, response)["texture 1"], mask) >= 0.9


def test_an_object_owns_what_it_sweeps_and_is_not_natural():
    clip, covered = translating_object(size=(135, 240), frames=48, radius=14)
    response = MotionSegmenter().respond(clip)
    assert {c.motion for c in response.categories[1:]} == {Motion.NON_NATURAL}
    found = ~masks(clip, response)["background"]
    assert iou(found, covered.any(axis=0)) >= 0.85


def test_an_object_that_passes_a_texture_becomes_a_region_of_its_own():
    size = (135, 240)
    backdrop, wave = flicker_texture(size, 48, ellipse(size, (0.4, 0.5), (0.35, 0.45)))
    path = ((0.8, 0.1), (0.8, 0.9))
    clip, covered = translating_object(size, 48, radius=18, path=path, backdrop=backdrop)
    response = MotionSegmenter().respond(clip)
    kinds = {c.name: c.motion for c in response.categories}
    assert kinds["texture 1"] is Motion.NATURAL
    assert kinds["object 1"] is Motion.NON_NATURAL
    found = masks(clip, response)
    swept = covered.any(axis=0)
    assert iou(found["object 1"], swept) >= 0.7
    assert iou(found["texture 1"], wave & ~swept) >= 0.7


def test_two_textures_apart_are_two_regions_the_larger_first():
    size = (120, 200)
    left = ellipse(size, (0.5, 0.22), (0.35, 0.18))
    right = ellipse(size, (0.5, 0.78), (0.25, 0.13))
    clip, _ = flicker_texture(size, 40, left | right)
    found = masks(clip, response := MotionSegmenter().respond(clip))
    assert [c.name for c in response.categories] == ["background", "texture 1", "texture 2"]
    # Both are small: a rim of one pixel is a tenth of their area.
    assert iou(found["texture 1"], left) >= 0.85
    assert iou(found["texture 2"], right) >= 0.85


@pytest.mark.parametrize(
    "noise", [{}, {"noise": 0.008}, {"noise": 0.025}, {"noise": 0.02, "codec": True}]
)
def test_a_still_clip_has_only_a_background(noise):
    response = MotionSegmenter().respond(still_clip((90, 160), 30, **noise))
    assert [c.name for c in response.categories] == ["background"]
    assert (response.probabilities == 255).all()


def test_light_alone_is_no_region():
    clip = still_clip((120, 160), 40)
    lamp = np.exp(-((np.mgrid[:120, :160] - 70) ** 2).sum(axis=0) / 2500.0)
    level = 1 + 0.25 * np.sin(np.arange(40) * 1.7)[:, None, None] * lamp
    lit = np.clip(clip.frames * level[..., None], 0, 255).astype(np.uint8)
    deviation = (lit.mean(axis=-1) / 255).std(axis=0)
    assert deviation.max() > 0.04  # it would count as motion by its deviation alone
    response = MotionSegmenter().respond(Clip(lit, 30))
    assert [c.name for c in response.categories] == ["background"]


def test_one_frame_is_all_background():
    response = MotionSegmenter().respond(still_clip((60, 80), 1))
    assert response.n_frames == 1
    assert [c.motion for c in response.categories] == [Motion.STATIC]


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_few_frames_are_enough_to_answer(frames):
    clip, _ = flicker_texture((60, 80), frames)
    response = MotionSegmenter().respond(clip)
    assert response.n_frames == frames


@pytest.mark.parametrize("k", [1, 2, 3])
def test_no_more_than_k_regions_and_the_liveliest_stay(k):
    size = (120, 200)
    spots = [ellipse(size, (0.5, x), (0.3, 0.08)) for x in (0.12, 0.37, 0.62, 0.87)]
    clip, _ = flicker_texture(size, 30, np.logical_or.reduce(spots))
    frames = clip.frames.astype(np.float32)
    still = frames.mean(axis=0)
    faint = spots[0]
    frames[:, faint] = still[faint] + 0.4 * (frames[:, faint] - still[faint])
    response = MotionSegmenter(k=k).respond(Clip(np.rint(frames).astype(np.uint8), 30))
    assert len(response.categories) == 1 + k
    assert (response.probabilities[0].argmax(axis=-1)[60, 24]) == 0


def test_the_answer_is_a_view_of_one_frame_that_sums_to_255():
    clip, _ = flicker_texture((90, 160), 20)
    p = MotionSegmenter().respond(clip).probabilities
    assert p.strides[0] == 0
    assert (p[0].astype(int).sum(axis=-1) == 255).all()


def test_borders_are_soft():
    clip, _ = flicker_texture((135, 240), 20)
    p = MotionSegmenter().respond(clip).probabilities[0, ..., 1]
    assert ((p > 40) & (p < 215)).any()


def test_the_same_clip_gives_the_same_answer_with_any_number_of_threads():
    import cv2

    clip, _ = translating_object((90, 160), 24, backdrop=flicker_texture((90, 160), 24)[0])
    threads = cv2.getNumThreads()
    answers = []
    try:
        for n in (1, 2, 5):
            cv2.setNumThreads(n)
            answers.append(MotionSegmenter().respond(clip))
    finally:
        cv2.setNumThreads(threads)
    for other in answers[1:]:
        assert other.categories == answers[0].categories
        assert np.array_equal(other.probabilities, answers[0].probabilities)


def test_a_portrait_clip_is_answered_like_a_landscape_one():
    clip, mask, _ = planted_loop(12, size=(240, 136), frames=36)
    response = MotionSegmenter().respond(clip)
    assert response.probabilities.shape[1:3] == (240, 136)
    assert iou(masks(clip, response)["texture 1"], mask) >= 0.9


def test_progress_rises_to_one():
    seen: list[float] = []
    MotionSegmenter().respond(flicker_texture((60, 80), 10)[0], seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    "options",
    [{"k": 0}, {"min_deviation": 0}, {"similarity": -1}, {"min_area": 2}, {"natural": -0.1}],
)
def test_an_option_out_of_range_is_named(options):
    with pytest.raises(ConfigError, match=f"^{next(iter(options))}: expected"):
        MotionSegmenter(**options)
