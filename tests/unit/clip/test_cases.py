"""Files that people brought and that were read wrong once; what is right is known of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cinekit.clip import ClipOptions, read_clip
from cinekit.model import Clip

RIGHT = {
    "vfr_first_long.mp4": (30.0, 91, "1 repeated, 0 left out"),
    "scene_first_long.mp4": (30.0, 91, "1 repeated, 0 left out"),
    "vfr_pairs_1ms.mp4": (60.0, 120, "0 repeated, 0 left out"),
    "vfr_pairs_5s_384.mp4": (60.0, 300, "0 repeated, 0 left out"),
    "h264_bf.avi": (30.0, 60, ""),
    "gif_delay1.gif": (10.0, 40, ""),
    "two_tracks_still_default.mp4": (30.0, 60, "video stream 1 of 2"),
    "mjpeg_exif.avi": (30.0, 40, ""),
    "mjpeg_exif.mov": (30.0, 40, ""),
    "plain.mp4": (30.0, 60, ""),
    "vfr_lowlight.mp4": (30.0, 131, "10 repeated, 0 left out"),
    "audio_longer_first.mp4": (30.0, 60, ""),
    "editlist_ss_copy.mp4": (30.0, 45, ""),
}
"""File -> frames per second, frames, what the notes say."""


def read(data: Path, name: str) -> Clip:
    return read_clip(data / "cases" / name, ClipOptions(cuts=False))


def numbers(clip: Clip) -> list[int]:
    """The numbers that the counter clips hold in their bottom rows, lowest bit first."""
    bits = clip.frames[:, 132:140].mean((1, 3)).reshape(clip.n_frames, 12, 16)[:, :, 4:12]
    return [int(n) for n in (bits.mean(-1) > 128) @ (1 << np.arange(12))]


@pytest.mark.parametrize("name", RIGHT)
def test_time_is_read_as_it_was_meant(test_data: Path, name: str) -> None:
    fps, frames, words = RIGHT[name]
    clip = read(test_data, name)
    assert clip.fps == fps
    assert clip.n_frames == frames
    assert words in "\n".join(clip.notes)
    assert clip.warnings == ()


@pytest.mark.parametrize("name", ["plain.mp4", "h264_bf.avi", "vfr_pairs_1ms.mp4"])
def test_every_frame_is_there_in_its_order(test_data: Path, name: str) -> None:
    clip = read(test_data, name)
    assert numbers(clip) == list(range(clip.n_frames))


def test_a_rate_that_no_camera_has_is_thinned_while_decoding(test_data: Path) -> None:
    path = test_data / "cases" / "hostile" / "fps2000.mp4"
    clip = read_clip(path, ClipOptions(seconds=0.5, start=0, cuts=False))
    assert clip.fps == 240
    assert abs(clip.n_frames - 120) <= 1
    assert "more than 240 frames/s" in "\n".join(clip.notes)
