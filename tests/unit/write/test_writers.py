"""The four writers against the contract, and what each promises beyond it."""

from __future__ import annotations

import re
import resource
import signal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cinekit.errors import ConfigError, WriteError
from cinekit.judge import decode_check
from cinekit.testing.writer_suite import (
    WriterSuite,
    play_film,
    play_pictures,
    pond,
    psnr,
    still_area,
)
from cinekit.write import GifWriter, Mp4Writer, WebmCodec, WebmWriter, WebpWriter
from cinekit.write.frames import delays

WRITERS = [Mp4Writer(preset="fast"), WebmWriter(), GifWriter(), WebpWriter()]


class TestMp4(WriterSuite):
    even_only = True
    psnr_floor = 40.0
    still_std = 0.25
    time_resolution = 2e-6

    def writer(self) -> Mp4Writer:
        return Mp4Writer()


class TestVp9(WriterSuite):
    even_only = True
    psnr_floor = 39.0
    still_std = 0.4

    def writer(self) -> WebmWriter:
        return WebmWriter()


class TestAv1(WriterSuite):
    even_only = True
    psnr_floor = 38.0
    still_std = 0.7

    def writer(self) -> WebmWriter:
        return WebmWriter(codec=WebmCodec.AV1)


class TestGif(WriterSuite):
    loop_flag = True
    still_std = 0.0
    psnr_floor = 30.0
    time_resolution = 0.0051

    def writer(self) -> GifWriter:
        return GifWriter()


class TestWebp(WriterSuite):
    loop_flag = True
    still_std = 0.0
    psnr_floor = 34.0

    def writer(self) -> WebpWriter:
        return WebpWriter()


class TestLosslessWebp(WriterSuite):
    loop_flag = True
    still_std = 0.0
    psnr_floor = float("inf")

    def writer(self) -> WebpWriter:
        return WebpWriter(lossless=True)


def test_mp4_is_tagged_and_converted_as_bt709(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    Mp4Writer().write(iter(pond()), 25.0, path)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_primaries, context.color_trc, context.colorspace)
        assert [int(tag) for tag in tags] == [1, 1, 1]
        assert int(context.color_range) == 1
        assert context.pix_fmt == "yuv420p"


def test_mp4_index_comes_before_the_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    Mp4Writer().write(iter(pond()), 25.0, path)
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_mp4_has_one_key_frame_per_round(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    frames = np.concatenate([pond(6), 255 - pond(6)])  # a cut would tempt the encoder
    Mp4Writer().write(iter(frames), 25.0, path, repeat=2)
    with av.open(str(path)) as container:
        keys = [p.is_keyframe for p in container.demux(video=0) if p.size]
    assert [i for i, key in enumerate(keys) if key] == [0, 12]


def test_mp4_rounds_are_bit_equal(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    Mp4Writer().write(iter(pond()), 25.0, path, repeat=3)
    frames = play_film(path).frames.reshape(3, 12, 72, 96, 3)
    assert (frames == frames[0]).all()


def test_mp4_holds_the_still_part_to_the_stated_quality(tmp_path: Path) -> None:
    frames = pond(24, 144, 192)
    path = tmp_path / "a.mp4"
    Mp4Writer().write(iter(frames), 25.0, path)
    still = still_area(144, 192)
    decoded = play_film(path).frames[:, still].astype(np.float64)
    assert decoded.std(axis=0).mean() <= 0.05
    assert psnr(decoded.astype(np.uint8), np.broadcast_to(frames[0][still], decoded.shape)) >= 42


def test_mp4_is_encoded_better_where_the_still_part_is_poor(tmp_path: Path) -> None:
    frames = pond(16, 96, 128)
    still = still_area(96, 128)
    path = tmp_path / "a.mp4"

    def check(**limits: float | None) -> dict[str, float]:
        given = {"still_std": None, "still_psnr": None, **limits}
        Mp4Writer(crf=20.0, **given).write(iter(frames), 25.0, path)
        return decode_check(play_film(path).frames, still, frames[0])

    free = check()
    steady = check(still_std=free["still_std"] * 0.7)
    sharp = check(still_psnr=free["still_psnr"] + 0.3)
    assert steady["still_std"] <= free["still_std"] * 0.7
    assert sharp["still_psnr"] >= free["still_psnr"] + 0.3


def test_mp4_says_when_the_still_part_cannot_be_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Mp4Writer(crf=30.0, still_std=1e-6).write(iter(pond(6)), 25.0, tmp_path / "a.mp4")
    assert len(caplog.messages) == 1
    assert re.fullmatch(
        r"a\.mp4: at crf 21 the still part deviates by [\d.]+ grey levels and has [\d.]+ dB "
        r"of the [\d.]+ that 4:2:0 colour allows, expected at most 1e-06 and at least 42\.2 dB",
        caplog.messages[0],
    )


def test_mp4_does_not_chase_what_the_colour_format_cannot_hold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = pond(6, 96, 128)
    frames[:, ::2, ::2] = (255, 0, 0)  # single red pixels lose three quarters of their colour
    Mp4Writer(still_std=None).write(iter(frames), 25.0, tmp_path / "a.mp4")
    Mp4Writer(still_std=None, still_psnr=None).write(iter(frames), 25.0, tmp_path / "b.mp4")
    still = still_area(96, 128)
    check = decode_check(play_film(tmp_path / "a.mp4").frames, still, frames[0])
    assert check["still_psnr"] < 42
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert not caplog.messages


def test_mp4_time_stamps_begin_at_zero_and_are_evenly_spaced(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    Mp4Writer().write(iter(pond(7)), 30000 / 1001, path, repeat=2)
    with av.open(str(path)) as container:
        stamps = [f.pts * f.time_base for f in container.decode(video=0)]
    assert stamps == [Fraction(1001 * i, 30000) for i in range(14)]


def test_odd_size_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Mp4Writer(still_std=None, still_psnr=None).write(
        iter(pond(3, 55, 67)), 25.0, tmp_path / "a.mp4"
    )
    assert caplog.messages == ["libx264 needs an even size: 67x55 is written as 66x54"]


def test_gif_delays_at_30_fps_average_to_a_thirtieth(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    GifWriter().write(iter(pond(6)), 30.0, path, repeat=2)
    with Image.open(path) as image:
        delays = []
        for index in range(12):
            image.seek(index)
            delays.append(image.info["duration"])
    assert delays == [30, 40, 30] * 4


def test_gif_still_part_is_not_stored_again(tmp_path: Path) -> None:
    moving, standing = tmp_path / "moving.gif", tmp_path / "standing.gif"
    GifWriter().write(iter(pond(12)), 25.0, moving)
    GifWriter().write(iter(np.repeat(pond(1), 12, axis=0)), 25.0, standing)
    assert len(play_pictures(standing).frames) == 12
    assert standing.stat().st_size < 0.7 * moving.stat().st_size
    single = tmp_path / "single.gif"
    GifWriter().write(iter(pond(1)), 25.0, single)
    assert standing.stat().st_size - single.stat().st_size < 11 * 40


def test_gif_small_moving_part_keeps_its_colours(tmp_path: Path) -> None:
    frames = np.repeat(pond(1, 96, 128), 4, axis=0)
    frames[:, 40:48, 60:70] = [[[255, 120, 10]]]
    frames[::2, 40:48, 60:70, 1] = 30
    path = tmp_path / "a.gif"
    GifWriter().write(iter(frames), 10.0, path)
    decoded = play_pictures(path).frames[:, 41:47, 61:69].astype(int)
    assert np.abs(decoded.mean((1, 2)) - frames[:, 44, 64]).max() < 12


def test_gif_above_50_fps_drops_frames_and_keeps_the_duration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.gif"
    GifWriter().write(iter(pond(12)), 60.0, path)
    played = play_pictures(path)
    assert len(played.frames) == 10
    assert played.seconds == pytest.approx(0.2)
    assert caplog.messages == ["gif plays at most 50 fps: 10 of 12 frames are written"]


@pytest.mark.parametrize("per_second", [100, 1000], ids=["gif", "webp"])
@pytest.mark.parametrize("fps", [12.0, 25.0, 30000 / 1001, 50.0, 60.0, 90.0, 120.0, 240.0])
def test_no_delay_is_one_that_browsers_stretch_and_every_round_is_as_long_as_the_loop(
    per_second: int, fps: float
) -> None:
    for n in range(1, 300):
        kept, stands = delays(n, fps, 3, per_second)
        assert len(stands) == 3 * len(kept)
        assert min(stands) >= per_second / 50
        assert kept[0] == 0
        assert max(np.diff([*kept, n])) - min(np.diff([*kept, n])) <= 1
        if n / fps >= 0.02:
            assert abs(sum(stands) / per_second - 3 * n / fps) <= 0.5 / per_second + 1e-9
        if fps <= 50:
            assert kept == list(range(n))


@pytest.mark.parametrize("writer", [GifWriter(), WebpWriter()], ids=["gif", "webp"])
def test_a_loop_of_a_fast_clip_plays_at_its_own_speed(
    writer: GifWriter | WebpWriter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"a{writer.suffix}"
    writer.write(iter(pond(122)), 120.0, path)
    played = play_pictures(path)
    assert len(played.frames) == 50
    assert played.seconds == pytest.approx(122 / 120, abs=0.005)
    assert "50 of 122 frames are written" in caplog.text


def test_mp4_is_never_of_the_lossless_profile_that_few_players_know() -> None:
    with pytest.raises(ConfigError, match=r"crf: expected a value in \[1, 51\], received 0"):
        Mp4Writer(crf=0)


@pytest.mark.parametrize("writer", [GifWriter(), WebpWriter()], ids=["gif", "webp"])
def test_still_pixels_are_bit_equal_over_the_loop(
    writer: GifWriter | WebpWriter, tmp_path: Path
) -> None:
    path = tmp_path / f"a{writer.suffix}"
    writer.write(iter(pond()), 25.0, path, repeat=2)
    still = play_pictures(path).frames[:, still_area()]
    assert (still == still[0]).all()


def test_webp_durations_follow_true_time(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    WebpWriter().write(iter(pond()), 30000 / 1001, path, repeat=25)
    assert play_pictures(path).seconds == pytest.approx(300 * 1001 / 30000, abs=0.0006)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.suffix)
def test_full_disk_leaves_nothing(writer: Mp4Writer, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(WriteError, match=r"cannot write .*a\.") as caught:
            writer.write(iter(frames), 25.0, tmp_path / f"a{writer.suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.suffix)
def test_read_only_folder_is_one_clear_line(
    writer: Mp4Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may write everywhere, so chmod proves nothing
    with pytest.raises(WriteError, match="Permission denied; choose a folder that is writable"):
        writer.write(iter(pond(2)), 25.0, tmp_path / f"a{writer.suffix}")


@pytest.mark.parametrize(
    ("writer", "side"), [(GifWriter(), 65536), (WebpWriter(), 16384)], ids=["gif", "webp"]
)
def test_sides_beyond_the_format_are_refused(
    writer: GifWriter | WebpWriter, side: int, tmp_path: Path
) -> None:
    with pytest.raises(WriteError, match="at most"):
        writer.write(iter([np.zeros((1, side, 3), np.uint8)]), 25.0, tmp_path / "a")


def test_encoder_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise av.codec.codec.UnknownCodecError("libx264")

    monkeypatch.setattr("av.container.OutputContainer.add_stream", refuse, raising=False)
    with pytest.raises(WriteError, match="no libx264"):
        Mp4Writer().write(iter(pond(2)), 25.0, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Mp4Writer, {"crf": 52.0}),
        (Mp4Writer, {"preset": "warp"}),
        (Mp4Writer, {"still_std": 0.0}),
        (WebmWriter, {"crf": 64}),
        (WebmWriter, {"codec": "vp10"}),
        (GifWriter, {"colours": 256}),
        (GifWriter, {"dither": 1.5}),
        (WebpWriter, {"quality": 101}),
        (WebpWriter, {"method": 7}),
    ],
)
def test_options_out_of_range_are_config_errors(kind: type, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"expected .* received"):
        kind(**options)
