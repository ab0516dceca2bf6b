"""The contract of writers, as a test suite: subclass it and give it your writer.

::

    from cinekit.testing import WriterSuite

    class TestAvif(WriterSuite):
        def writer(self):
            return AvifWriter()

Reading back uses PyAV for films and Pillow for pictures; override :meth:`WriterSuite.read` for a
format that neither knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cinekit.errors import WriteError
from cinekit.testing.component_suite import ComponentSuite


@dataclass(frozen=True, eq=False)
class Played:
    """What a player gets from a file.

    frames : uint8 (T, H, W, 3), each picture once, in the order shown.
    seconds : how long the file plays, None where the format keeps no time.
    rate : frames per second that the container states, None where it states only durations.
    loops : how often the file asks to be played: 0 for ever, None where the format cannot say.
    """

    frames: NDArray[np.uint8]
    seconds: float | None
    rate: Fraction | None
    loops: int | None


def play_film(path: Path) -> Played:
    """Decode a container with one video stream."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert container.duration is not None
        return Played(np.stack(frames), container.duration / 1e6, stream.average_rate, None)


def play_pictures(path: Path) -> Played:
    """Decode an animated picture."""
    frames, milliseconds = [], 0
    with Image.open(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            milliseconds += image.info.get("duration", 0)
        loops = image.info.get("loop")
    return Played(np.stack(frames), milliseconds / 1000, None, loops)


def pond(
    n: int = 12, height: int = 72, width: int = 96, period: int | None = None
) -> NDArray[np.uint8]:
    """A small cinemagraph: ripples in the middle of a smooth still picture, uint8 (n, H, W, 3).

    The last frame joins the first. Everything outside the middle is bit-equal in all frames.
    """
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    still = np.stack([60 + 120 * y, 90 + 90 * x, 150 - 60 * y * x], -1)
    inside = still_area(height, width)
    phase = 2 * np.pi * np.arange(n) / (period or n)
    wave = 35 * np.sin(14 * (x + 0.6 * y)[None] - phase[:, None, None])
    frames = still + np.where(inside, 0, wave)[..., None]
    return np.asarray(np.clip(np.rint(frames), 0, 255), np.uint8)


def still_area(height: int = 72, width: int = 96) -> NDArray[np.bool_]:
    """Where :func:`pond` stands still: bool (H, W)."""
    still = np.ones((height, width), bool)
    still[height // 4 : -(height // 4), width // 4 : -(width // 4)] = False
    return still


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB of equally shaped uint8 arrays; inf when equal."""
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


class WriterSuite(ComponentSuite):
    """What every writer must do. Subclass, and give the method ``writer``.

    psnr_floor : dB that the decoded loop must reach against the frames given.
    still_std : grey levels (of 255) that the still part may deviate over the loop, on average.
    time_resolution : seconds to which the container rounds the duration of the whole file.
    loop_flag : whether the format can say "for ever", and so must.
    even_only : whether odd sizes lose their last row or column.
    """

    kind = "writer"
    psnr_floor: float = 32.0
    still_std: float = 0.5
    time_resolution: float = 0.0011
    loop_flag: bool = False
    even_only: bool = False

    def read(self, path: Path) -> Played:
        """Decode what was written."""
        return play_film(path) if path.suffix in (".mp4", ".webm", ".mkv") else play_pictures(path)

    def written(
        self, folder: Path, frames: NDArray[np.uint8], fps: float = 25.0, repeat: int = 1
    ) -> Played:
        """Write the frames and decode the file."""
        path = folder / f"loop{self.component().suffix}"
        self.component().write(iter(frames), fps, path, repeat)
        return self.read(path)

    def test_suffix_and_media_type_are_of_the_known_form(self) -> None:
        """Files get a suffix that players know, and the report knows how to show them."""
        assert self.component().suffix.startswith(".")
        assert re.fullmatch(r"[a-z]+/[\w.+-]+", self.component().media_type)

    def test_file_is_whole_and_alone(self, tmp_path: Path) -> None:
        """One file appears, under its name, and no temporary one stays."""
        self.written(tmp_path, pond())
        assert [file.name for file in tmp_path.iterdir()] == [f"loop{self.component().suffix}"]

    @pytest.mark.parametrize("repeat", [1, 3])
    def test_every_frame_is_there_once_per_round(self, tmp_path: Path, repeat: int) -> None:
        """No frame is lost, none is doubled at the seam."""
        played = self.written(tmp_path, pond(), repeat=repeat)
        assert len(played.frames) == 12 * repeat

    @pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
    @pytest.mark.parametrize("repeat", [1, 2])
    def test_duration_is_frames_over_fps(self, tmp_path: Path, fps: float, repeat: int) -> None:
        """A longer last frame would stall the loop at every turn."""
        played = self.written(tmp_path, pond(), fps, repeat)
        if played.seconds is None:
            pytest.skip("this format keeps no time")
        assert played.seconds == pytest.approx(12 * repeat / fps, abs=self.time_resolution)
        if played.rate is not None:
            assert played.rate == Fraction(fps).limit_denominator(1001)

    def test_size_is_kept(self, tmp_path: Path) -> None:
        """Even sizes are written as they are."""
        assert self.written(tmp_path, pond(4, 54, 66)).frames.shape == (4, 54, 66, 3)

    def test_odd_size_is_kept_or_cropped_by_one(self, tmp_path: Path) -> None:
        """Formats that need even sizes lose the last row and column, nothing is squeezed."""
        frames = pond(4, 55, 67)
        played = self.written(tmp_path, frames)
        height, width = (54, 66) if self.even_only else (55, 67)
        assert played.frames.shape == (4, height, width, 3)
        assert psnr(played.frames, frames[:, :height, :width]) >= self.psnr_floor

    def test_single_frame(self, tmp_path: Path) -> None:
        """A loop of one frame is a picture that lasts 1/fps."""
        assert len(self.written(tmp_path, pond(1)).frames) == 1

    def test_loop_without_motion_keeps_its_time(self, tmp_path: Path) -> None:
        """Equal frames may be stored as one, but the file plays as long."""
        played = self.written(tmp_path, np.repeat(pond(1), 5, axis=0))
        if played.seconds is None:
            pytest.skip("this format keeps no time")
        assert played.seconds == pytest.approx(5 / 25, abs=self.time_resolution)

    def test_colours_survive(self, tmp_path: Path) -> None:
        """Decoded frames are the frames given, up to the format's loss; in order."""
        frames = pond()
        assert psnr(self.written(tmp_path, frames).frames, frames) >= self.psnr_floor

    def test_saturated_colours_survive(self, tmp_path: Path) -> None:
        """A wrong colour matrix or range shows in flat red, green, blue, black and white."""
        colours = np.array(
            [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]], np.uint8
        )
        frame = np.repeat(np.repeat(colours[None], 64, 0), 32, 1)
        played = self.written(tmp_path, np.stack([frame, frame]))
        middles = played.frames[0, 32, 16::32].astype(int)
        assert np.abs(middles - colours).max() <= 4

    def test_still_part_stands_still(self, tmp_path: Path) -> None:
        """What is bit-equal over the loop does not shimmer after decoding."""
        played = self.written(tmp_path, pond())
        still = played.frames[:, still_area()].astype(np.float64)
        assert still.std(axis=0).mean() <= self.still_std

    def test_rounds_are_equal(self, tmp_path: Path) -> None:
        """The second round shows the same pictures as the first."""
        frames = self.written(tmp_path, pond(), repeat=2).frames
        assert psnr(frames[:12], frames[12:]) >= 40

    def test_asks_to_be_looped(self, tmp_path: Path) -> None:
        """A format that can say "for ever" says it."""
        loops = self.written(tmp_path, pond(3)).loops
        assert loops == (0 if self.loop_flag else None)

    def test_same_frames_give_the_same_file(self, tmp_path: Path) -> None:
        """Nothing depends on time, threads or chance."""
        suffix = self.component().suffix
        one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        for path in (one, two):
            self.component().write(iter(pond()), 25.0, path)
        assert one.read_bytes() == two.read_bytes()

    @pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
    def test_interrupted_half_way_leaves_nothing(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        """Neither a broken file nor a temporary one; the interruption itself gets through."""
        with pytest.raises(error):
            self.component().write(
                _interrupted(pond(), error), 25.0, tmp_path / f"loop{self.component().suffix}"
            )
        assert not list(tmp_path.iterdir())

    def test_interruption_keeps_the_file_of_before(self, tmp_path: Path) -> None:
        """Writing over a file either replaces it or leaves it alone."""
        path = tmp_path / f"loop{self.component().suffix}"
        path.write_bytes(b"precious")
        with pytest.raises(KeyboardInterrupt):
            self.component().write(_interrupted(pond(), KeyboardInterrupt), 25.0, path)
        assert path.read_bytes() == b"precious"
        self.component().write(iter(pond()), 25.0, path)
        assert path.read_bytes() != b"precious"

    def test_missing_folder_is_one_clear_line(self, tmp_path: Path) -> None:
        """WriteError that names the folder."""
        path = tmp_path / "nowhere" / f"loop{self.component().suffix}"
        with pytest.raises(WriteError, match="nowhere") as caught:
            self.component().write(iter(pond()), 25.0, path)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("frames", "fps", "repeat"),
        [
            ([], 25.0, 1),
            ([np.zeros((8, 8), np.uint8)], 25.0, 1),
            ([np.zeros((8, 8, 3), np.float32)], 25.0, 1),
            ([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 10, 3), np.uint8)], 25.0, 1),
            ([np.zeros((8, 8, 3), np.uint8)], 0.0, 1),
            ([np.zeros((8, 8, 3), np.uint8)], float("nan"), 1),
            ([np.zeros((8, 8, 3), np.uint8)], float("inf"), 1),
            ([np.zeros((8, 8, 3), np.uint8)], 25.0, 0),
        ],
        ids=["none", "grey", "float", "two sizes", "fps 0", "fps nan", "fps inf", "repeat 0"],
    )
    def test_nonsense_is_refused(
        self, tmp_path: Path, frames: list[NDArray[np.uint8]], fps: float, repeat: int
    ) -> None:
        """WriteError, one line, and nothing is written."""
        path = tmp_path / f"loop{self.component().suffix}"
        with pytest.raises(WriteError, match="expected") as caught:
            self.component().write(iter(frames), fps, path, repeat)
        assert "\n" not in str(caught.value)
        assert not list(tmp_path.iterdir())


def _interrupted(
    frames: NDArray[np.uint8], error: type[BaseException]
) -> Iterator[NDArray[np.uint8]]:
    yield from frames[: len(frames) // 2]
    raise error
