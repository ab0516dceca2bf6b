"""Of a longer video, the part that loops best is kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cinekit.clip import ClipOptions, read_clip
from cinekit.clip.window import best_start
from cinekit.errors import ConfigError


def video(loops_from: float, seconds: float = 10.0, fps: float = 16.0) -> list:
    """A drift that never returns, then a motion that repeats every two seconds."""
    rng = np.random.default_rng(0)
    wall = rng.integers(0, 255, (54, 400)).astype(np.uint8)
    frames = []
    for i in range(round(seconds * fps)):
        time = i / fps
        away = min(time, loops_from) * 20
        sway = 12 * np.sin(np.pi * max(time - loops_from, 0.0))
        shift = round(away + sway + 20)
        frames.append((time, wall[:, shift : shift + 96].copy()))
    return frames


def test_the_part_that_repeats_is_found() -> None:
    # The window has to hold one round of two seconds that begins at second 4.
    start = best_start(video(loops_from=4.0), 5.0)
    assert 1.0 < start <= 5.0


def test_the_beginning_is_kept_when_nothing_is_better() -> None:
    assert best_start(video(loops_from=0.0), 5.0) == 0.0
    still = [(i / 16, np.full((54, 96), 90, np.uint8)) for i in range(160)]
    assert best_start(still, 5.0) == 0.0


def test_a_window_without_a_cut_is_better() -> None:
    """The same motion all the way; a cut at second 3 leaves of the first window three seconds."""
    wall = np.random.default_rng(0).integers(0, 2, (54, 140)).astype(np.float32)
    wall = cv2.GaussianBlur(wall, (0, 0), 6)
    wall = ((wall - wall.min()) / np.ptp(wall) * 255).astype(np.uint8)
    frames = []
    for time in np.arange(192) / 16:
        shift = round(20 + 8 * np.sin(np.pi * time))
        grey = wall[:, shift : shift + 96].copy()
        frames.append((float(time), 255 - grey if time < 3 else grey))
    assert 2.5 <= best_start(frames, 5.0) <= 7.0


def test_a_cut_is_not_taken_for_motion() -> None:
    """Nothing but two pictures and the cut between them."""
    rng = np.random.default_rng(2)
    one, two = rng.integers(0, 255, (2, 54, 96)).astype(np.uint8)
    assert best_start([(i / 16, one if i < 100 else two) for i in range(160)], 5.0) == 0.0


@pytest.mark.parametrize("seconds", [3.0, 0.0])
def test_a_short_video_is_not_looked_at(seconds: float) -> None:
    assert best_start(video(0.0, seconds=seconds), 5.0) == 0.0


def test_a_window_too_short_to_loop_starts_at_the_beginning() -> None:
    assert best_start(video(4.0), 1.0) == 0.0


def test_the_choice_is_said(test_data: Path) -> None:
    clip = read_clip(test_data / "videos" / "coffee_pour.mp4", ClipOptions(max_width=160))
    assert any("the part that loops best" in note for note in clip.notes)
    assert clip.seconds == pytest.approx(5.0, abs=0.1)


def test_a_word_that_is_no_start_is_one_line() -> None:
    with pytest.raises(ConfigError, match="start: expected seconds or auto, received 'later'"):
        ClipOptions(start="later")
