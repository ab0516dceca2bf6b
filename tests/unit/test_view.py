"""What is measured on a clip is measured once, whoever asks, in whatever thread."""

import pickle
import threading

import cv2
import numpy as np
import pytest

from cinekit.judge import LimitJudge
from cinekit.judge.solid import solid_things
from cinekit.labels import LabelMap
from cinekit.loop import RenderOptions, render_loop
from cinekit.model import Candidate, Clip, Regions
from cinekit.see.moving import activity
from cinekit.view import ClipView, grid_size

SIZE = (40, 60)


@pytest.fixture
def clip() -> Clip:
    frames = np.random.default_rng(0).integers(0, 256, (20, *SIZE, 3), dtype=np.uint8)
    return Clip(frames, 10.0)


def test_all_that_look_at_a_clip_share_its_view(clip):
    assert clip.view is clip.view
    assert clip.view.luma is clip.view.luma
    assert clip.view.small((20, 30)) is clip.view.small((20, 30))
    assert clip.view.once(solid_things) is clip.view.once(solid_things)
    assert Clip(clip.frames, clip.fps).view is not clip.view


def test_a_measure_is_taken_once(clip):
    asked = []

    def measure(view: ClipView) -> float:
        asked.append(view)
        return float(view.luma.mean())

    first = clip.view.once(measure)
    assert [clip.view.once(measure) for _ in range(3)] == [first] * 3
    assert asked == [clip.view]


def test_threads_that_ask_at_once_get_one_value(clip):
    calls, barrier = [], threading.Barrier(8)

    def measure(view: ClipView) -> np.ndarray:
        calls.append(threading.get_ident())
        return view.luma.mean(axis=0)

    found = []

    def ask() -> None:
        barrier.wait()
        view = clip.view
        found.append((view, view.once(measure), view.luma))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    for values in zip(*found, strict=True):
        assert len({id(value) for value in values}) == 1


def test_attempts_of_a_candidate_do_not_look_at_the_clip_again(clip, monkeypatch):
    """The second verdict on a clip shrinks, greys and follows the flow of the loop only."""
    everywhere = np.ones(SIZE, bool)
    labels = LabelMap.still(SIZE, 0, 20).where(everywhere, 10, 4)
    loop = render_loop(clip, labels, 10, RenderOptions())
    regions = Regions((), (), everywhere)
    arguments = (clip, labels, Candidate("everything", (), everywhere), regions, loop)
    first = LimitJudge().judge(*arguments)
    greyed, shrunk = [], []
    grey, resize = cv2.cvtColor, cv2.resize
    monkeypatch.setattr(cv2, "cvtColor", lambda *a, **k: (greyed.append(1), grey(*a, **k))[1])
    monkeypatch.setattr(cv2, "resize", lambda *a, **k: (shrunk.append(1), resize(*a, **k))[1])
    assert LimitJudge().judge(*arguments).measures == first.measures
    assert len(greyed) == len(loop)
    assert not shrunk


def test_luma_and_deviation_are_those_of_the_frames(clip):
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip.frames])
    np.testing.assert_array_equal(clip.view.luma, grey)
    np.testing.assert_allclose(clip.view.deviation, grey.std(axis=0), atol=1e-3)


def test_small_copies_are_area_averages_and_no_copy_where_nothing_shrinks(clip):
    blocks = clip.frames.reshape(20, 20, 2, 30, 2, 3).mean(axis=(2, 4))
    assert np.abs(clip.view.small((20, 30)) - blocks).max() <= 0.5
    assert clip.view.small(SIZE) is clip.frames


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [((540, 960), 240, (135, 240)), ((960, 540), 240, (240, 135)), ((30, 40), 240, (30, 40))],
)
def test_a_small_size_keeps_the_proportions_and_never_grows(size, longest, expected):
    assert grid_size(size, longest) == expected


def test_what_is_given_back_is_made_again(clip):
    before = clip.view.luma
    clip.view.give_back()
    assert clip.view.luma is not before
    np.testing.assert_array_equal(clip.view.luma, before)


def test_a_clip_travels_without_what_was_made_of_it(clip):
    clip.view.once(activity)
    there = pickle.loads(pickle.dumps(clip))
    np.testing.assert_array_equal(there.view.luma, clip.view.luma)
    assert len(pickle.dumps(clip)) < 1.1 * clip.frames.nbytes
