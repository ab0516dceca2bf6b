"""Files made on the spot, read back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cinekit.clip import ClipOptions, read_clip
from cinekit.clip.tonemap import Transfer, method_a
from cinekit.errors import ClipError, ClipNotFoundError, ConfigError
from cinekit.model import Clip


def moving(n: int = 20, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """uint8 (n, height, width, 3): a gradient over which a square moves; every frame differs."""
    y, x = np.mgrid[:height, :width]
    still = np.stack([x * 200 // width, y * 200 // height, (x + y) % 97], -1).astype(np.uint8)
    frames = np.repeat(still[None], n, 0)
    for t in range(n):
        frames[t, 8:16, t : t + 8] = 255
    return frames


def write(
    path: Path,
    frames: NDArray[Any] | Sequence[av.VideoFrame],
    codec: str = "ffv1",
    pix_fmt: str = "bgr0",
    rate: int = 25,
    pts: Sequence[int] | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    container_options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    **tags: int,
) -> Path:
    """Encode frames; ``pts`` in milliseconds; ``tags`` are attributes of the codec context."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=codec_options or {})
        first = frames[0]
        stream.width = first.width if isinstance(first, av.VideoFrame) else first.shape[1]
        stream.height = first.height if isinstance(first, av.VideoFrame) else first.shape[0]
        stream.pix_fmt = pix_fmt
        base = Fraction(1, 1000) if pts is not None else Fraction(1, rate)
        stream.codec_context.time_base = base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        for k, image in enumerate(frames):
            frame = image
            if not isinstance(frame, av.VideoFrame):
                frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame.pts, frame.time_base = (k if pts is None else pts[k]), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def planar(values: tuple[int, ...], name: str, n: int = 8, size: int = 32) -> list[av.VideoFrame]:
    """n flat frames with the given code value in each plane."""
    made = []
    for _ in range(n):
        frame = av.VideoFrame(size, size, name)
        wide = name.endswith("le")
        for plane, value in zip(frame.planes, values, strict=True):
            unit = value.to_bytes(2, "little") if wide else bytes([value])
            plane.update(unit * (plane.buffer_size // len(unit)))
        made.append(frame)
    return made


def said(clip: Clip, word: str) -> bool:
    return any(word in note for note in clip.notes)


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames, index at the front, a key frame every 10."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    return write(
        path,
        moving(60),
        "libx264",
        "yuv420p",
        container_options={"movflags": "faststart"},
        codec_options={"g": "10", "bf": "0", "crf": "10"},
    )


def test_lossless_rgb_is_read_bit_exactly(tmp_path: Path) -> None:
    frames = moving()
    clip = read_clip(write(tmp_path / "a.mkv", frames))
    assert np.array_equal(clip.frames, frames)
    assert (clip.fps, clip.name, clip.notes, clip.warnings) == (25.0, "a", (), ())


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p10le", "yuv420p10le"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("space", "kr", "kb"), [(1, 0.2126, 0.0722), (6, 0.299, 0.114)])
def test_matrix_and_range_are_undone(
    tmp_path: Path, name: str, full: bool, space: int, kr: float, kb: float
) -> None:
    bits = 10 if "10" in name else 8
    code = [150, 100, 160]
    high = tuple(v << (bits - 8) for v in code)
    path = write(
        tmp_path / "a.mkv",
        planar(high, name),
        pix_fmt=name,
        colorspace=space,
        color_range=2 if full else 1,
    )
    top = 2**bits - 1
    step = 2 ** (bits - 8)
    luma = high[0] / top if full else (high[0] - 16 * step) / (219 * step)
    span = top if full else 224 * step
    cb, cr = ((c - 128 * step) / span for c in high[1:])
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    expected = np.rint(255 * np.array([red, green, blue]))
    assert np.abs(read_clip(path).frames - expected).max() <= 1


def test_black_and_white_reach_the_ends_of_the_range(tmp_path: Path) -> None:
    for name, full, low, high in [
        ("yuv420p", False, 16, 235),
        ("yuv420p", True, 0, 255),
        ("yuv444p12le", True, 0, 4095),
    ]:
        mid = 2048 if "12" in name else 128
        for luma, wanted in ((low, 0), (high, 255)):
            path = write(
                tmp_path / "a.mkv",
                planar((luma, mid, mid), name),
                pix_fmt=name,
                color_range=2 if full else 1,
            )
            assert set(np.unique(read_clip(path).frames)) == {wanted}


def test_greyscale_is_expanded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", planar((77,), "gray"), pix_fmt="gray")
    clip = read_clip(path)
    assert set(np.unique(clip.frames)) == {77}
    assert said(clip, "greyscale")


def test_odd_sides_are_cropped_to_even(tmp_path: Path) -> None:
    frames = moving(height=41, width=61)
    clip = read_clip(write(tmp_path / "a.mkv", frames))
    assert np.array_equal(clip.frames, frames[:, :40, :60])
    assert said(clip, "cropped from 61x41 to 60x40")


@pytest.mark.parametrize("anticlockwise", [90, -90, 180])
def test_rotation_of_the_display_matrix_is_applied(tmp_path: Path, anticlockwise: int) -> None:
    frames = moving()
    path = write(tmp_path / "a.mov", frames, "qtrle", "rgb24", rotation=anticlockwise)
    clip = read_clip(path)
    assert np.array_equal(clip.frames, np.rot90(frames, anticlockwise // 90, axes=(1, 2)))
    assert said(clip, "display matrix")


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(2, 1), (48, 128)), (Fraction(1, 2), (96, 64))]
)
def test_samples_are_made_square(tmp_path: Path, aspect: Fraction, size: tuple[int, int]) -> None:
    clip = read_clip(write(tmp_path / "a.mp4", moving(), aspect=aspect))
    assert clip.size == size
    assert said(clip, "made square")


@pytest.mark.parametrize(
    ("stored", "size"), [((120, 320), (30, 80)), ((320, 120), (80, 30)), ((40, 60), (40, 60))]
)
def test_large_pictures_are_scaled_into_the_box_and_small_ones_are_not(
    tmp_path: Path, stored: tuple[int, int], size: tuple[int, int]
) -> None:
    path = write(tmp_path / "a.mkv", moving(8, *stored))
    clip = read_clip(path, ClipOptions(max_width=80, max_height=60))
    assert clip.size == size
    assert said(clip, "area filter") == (stored != size)


@pytest.mark.parametrize("pix_fmt", ["bgr0", "yuv444p"])
def test_scaling_is_an_area_average(tmp_path: Path, pix_fmt: str) -> None:
    frames = np.zeros((8, 64, 128, 3), np.uint8)
    frames[:, ::2, ::2] = 240  # one pixel in four
    path = write(tmp_path / "a.mkv", frames, pix_fmt=pix_fmt, color_range=1)
    clip = read_clip(path, ClipOptions(max_width=32, max_height=32))
    assert clip.size == (16, 32)
    assert np.abs(clip.frames.astype(int) - 60).max() <= 1


def test_variable_frame_rate_becomes_constant_and_loses_no_frame(tmp_path: Path) -> None:
    frames = moving(12)
    pts = [0, 40, 80, 120, 160, 280, 320, 360, 400, 410, 440, 480]  # a gap, and one too many
    clip = read_clip(write(tmp_path / "a.mkv", frames, pts=pts))
    assert clip.fps == 25
    shown = [k for frame in clip.frames for k in range(12) if np.array_equal(frame, frames[k])]
    assert shown == [0, 1, 2, 3, 4, 4, 4, 5, 6, 7, 8, 9, 10, 11]
    assert "variable frame rate" in clip.notes[0]


def test_rounded_time_stamps_are_no_variable_rate(tmp_path: Path) -> None:
    frames = moving(30)
    pts = [round(k * 1001 / 30) for k in range(30)]
    clip = read_clip(write(tmp_path / "a.mkv", frames, pts=pts))
    assert np.array_equal(clip.frames, frames)
    assert clip.fps == pytest.approx(30000 / 1001, rel=1e-3)
    assert clip.notes == ()


@pytest.mark.parametrize(("trc", "transfer"), [(16, Transfer.PQ), (18, Transfer.HLG)])
def test_hdr_is_tone_mapped_by_method_a(tmp_path: Path, trc: int, transfer: Transfer) -> None:
    # both code 203 cd/m2, the reference white of BT.2408, at 58 % and 75 % of the limited range
    luma = 64 + round(876 * (0.5807 if transfer is Transfer.PQ else 0.75))
    path = write(
        tmp_path / "a.mkv",
        planar((luma, 512, 512), "yuv420p10le"),
        pix_fmt="yuv420p10le",
        color_range=1,
        color_trc=trc,
        color_primaries=9,
        colorspace=9,
    )
    clip = read_clip(path)
    coded = method_a(np.array([(203 / 1000) ** (1 / 2.4)]))[0]
    assert np.abs(clip.frames - 255 * coded).max() <= 1.5
    assert said(clip, "tone-mapped")


def test_ten_bits_are_kept_up_to_the_curve(tmp_path: Path) -> None:
    """Neighbouring 10-bit codes in the shadows of PQ come out in order, without 8-bit steps."""
    levels = []
    for luma in range(200, 260, 2):
        path = write(
            tmp_path / "a.mkv",
            planar((luma, 512, 512), "yuv420p10le"),
            pix_fmt="yuv420p10le",
            color_range=1,
            color_trc=16,
            color_primaries=9,
            colorspace=9,
        )
        levels.append(int(read_clip(path).frames[0, 0, 0, 1]))
    assert max(np.diff(levels)) <= 1 or len(set(levels)) > 16
    assert levels == sorted(levels)


def test_alpha_of_a_webm_is_composited_on_black(tmp_path: Path) -> None:
    frames = []
    for _ in range(10):
        frame = planar((200, 128, 128, 255), "yuva420p", 1, 64)[0]
        alpha = frame.planes[3]
        rows = np.full((64, alpha.line_size), 255, np.uint8)
        rows[:, 32:] = 0
        alpha.update(rows.tobytes())
        frames.append(frame)
    path = write(tmp_path / "a.webm", frames, "libvpx-vp9", "yuva420p", color_range=1)
    clip = read_clip(path)
    assert np.abs(clip.frames[:, :, :28].astype(int) - round((200 - 16) / 219 * 255)).max() <= 4
    assert clip.frames[:, :, 36:].max() <= 2
    assert said(clip, "composited on black")


def test_half_transparency_halves_the_light(tmp_path: Path) -> None:
    frames = []
    for _ in range(8):
        image = np.full((32, 32, 4), 200, np.uint8)
        image[..., 3] = 128
        frames.append(av.VideoFrame.from_ndarray(image, format="rgba"))
    path = write(tmp_path / "a.mov", frames, "png", "rgba")
    assert set(np.unique(read_clip(path).frames)) == {100}


def test_the_wanted_seconds_are_kept(tmp_path: Path) -> None:
    frames = moving(50)
    path = write(tmp_path / "a.mkv", frames)
    clip = read_clip(path, ClipOptions(start=0.4, seconds=0.8))
    assert np.array_equal(clip.frames, frames[10:30])
    assert said(clip, "trimmed to 0.40-1.20 s")


def test_a_late_start_finds_the_same_frames_by_seeking(tmp_path: Path) -> None:
    frames = moving(100, width=128)
    path = write(
        tmp_path / "a.mkv",
        frames,
        "libx264rgb",
        "rgb24",
        codec_options={"g": "10", "qp": "0", "bf": "3"},
    )
    clip = read_clip(path, ClipOptions(start=3.0, seconds=0.6))
    assert np.array_equal(clip.frames, frames[75:90])


def test_nothing_after_the_trim_is_decoded(tmp_path: Path, h264: Path) -> None:
    data = bytearray(h264.read_bytes())
    data[len(data) * 2 // 3 :] = bytes(len(data) - len(data) * 2 // 3)
    broken = tmp_path / "a.mp4"
    broken.write_bytes(data)
    assert read_clip(broken, ClipOptions(seconds=0.8)).warnings == ()
    assert read_clip(broken).warnings != ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_truncated_file_gives_what_decodes_and_says_what_is_lost(
    tmp_path: Path, h264: Path, suffix: str
) -> None:
    if suffix == ".mp4":
        data = h264.read_bytes()
    else:
        whole = write(tmp_path / f"whole{suffix}", moving(60, 96, 128))
        assert read_clip(whole).warnings == ()
        data = whole.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) * 6 // 10])
    clip = read_clip(cut)
    assert 15 < clip.n_frames < 55
    (warning,) = clip.warnings
    assert f"{60 - clip.n_frames} of 60 frames lost" in warning
    assert f"the {clip.n_frames} that decode are used" in warning


def test_a_whole_file_has_no_warning(h264: Path) -> None:
    clip = read_clip(h264)
    assert (clip.n_frames, clip.warnings) == (60, ())


def shots() -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    scenes = np.kron(rng.integers(0, 255, (3, 6, 8, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8)
    return np.concatenate([np.repeat(scenes[k][None], n, 0) for k, n in enumerate((9, 20, 12))])


def test_the_longest_shot_is_used(tmp_path: Path) -> None:
    frames = shots()
    path = write(tmp_path / "a.mkv", frames)
    clip = read_clip(path)
    assert np.array_equal(clip.frames, frames[9:29])
    assert said(clip, "2 scene cuts found: the longest shot used, frames 9 to 28 of 41")
    assert read_clip(path, ClipOptions(cuts=False)).n_frames == 41


def test_shots_that_are_all_too_short_are_refused(tmp_path: Path) -> None:
    frames = shots()[[*range(4, 9), *range(9, 14), *range(29, 34)]]
    with pytest.raises(ClipError, match="a shot of at least 8 frames, the longest of 3") as caught:
        read_clip(write(tmp_path / "a.mkv", frames))
    assert "clip.cuts=false" in str(caught.value)


def audio_only(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frameless(path: Path) -> Path:
    """A file with a video stream and nothing in it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


def test_every_bad_input_is_one_clear_line(tmp_path: Path, h264: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a video.\n" * 40)
    (tmp_path / "notes.mp4").write_text("Not a video.\n" * 40)
    (tmp_path / "empty.mp4").touch()
    whole = write(tmp_path / "back.mp4", moving(30), "libx264", "yuv420p").read_bytes()
    (tmp_path / "noindex.mp4").write_bytes(whole[: len(whole) // 2])
    audio_only(tmp_path / "tone.wav")
    frameless(tmp_path / "hollow.avi")
    write(tmp_path / "short.mkv", moving(7))
    cases: dict[str, tuple[type[ClipError], str]] = {
        "missing.mp4": (ClipNotFoundError, "check the path"),
        ".": (ClipNotFoundError, "received the folder"),
        "empty.mp4": (ClipError, "0 bytes"),
        "notes.txt": (ClipError, "expected a video"),
        "notes.mp4": (ClipError, "not a media file"),
        "noindex.mp4": (ClipError, "cut off before its index"),
        "tone.wav": (ClipError, "expected a video stream, .* only audio"),
        "hollow.avi": (ClipError, "at least 8 frames, none of .* decodes"),
        "short.mkv": (ClipError, "at least 8 frames, .* gives 7: name a longer video"),
    }
    for name, (kind, text) in cases.items():
        with pytest.raises(kind, match=text) as caught:
            read_clip(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(ClipError, match="choose an earlier start"):
        read_clip(h264, ClipOptions(start=60))
    with pytest.raises(ClipError, match=r"choose a larger clip\.seconds"):
        read_clip(h264, ClipOptions(seconds=0.1))


@pytest.mark.parametrize(
    "wrong",
    [{"start": -1.0}, {"seconds": 0.0}, {"seconds": float("nan")}, {"max_width": 4}],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}: expected"):
        ClipOptions(**wrong)


def test_progress_rises_to_one(h264: Path) -> None:
    seen: list[float] = []
    read_clip(h264, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
