"""Label maps, the published .vlp, masks and contact sheets."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cinekit.errors import WriteError
from cinekit.labels import LabelMap
from cinekit.loop import Activation
from cinekit.write import (
    contact_sheet,
    labels_figure,
    labels_image,
    labels_legend,
    mask_overlay,
    read_vlp,
    read_vlp_activation,
    write_vlp,
)


def _labels(pairs: list[tuple[int, int]], n_frames: int) -> LabelMap:
    period, start = np.array(pairs, np.int16).T
    return LabelMap(period[None], start[None], n_frames)


def _bare(path: Path) -> Path:
    """The picture without the text chunks, as another program would write it."""
    with Image.open(path) as picture:
        Image.fromarray(np.asarray(picture)).save(path)
    return path


@st.composite
def _any_labels(draw: st.DrawFn) -> LabelMap:
    n_frames = draw(st.integers(8, 1020))
    pairs = []
    for _ in range(draw(st.integers(1, 8))):
        period = draw(st.integers(1, n_frames))
        pairs.append((period, draw(st.integers(0, n_frames - period))))
    return _labels(pairs, n_frames)


@settings(max_examples=60, deadline=None)
@given(labels=_any_labels())
@example(labels=_labels([(2, 0), (6, 0)], 12))  # the first level holds 2 to 6
@example(labels=_labels([(7, 0), (11, 0)], 11))  # the last one what is left of the clip
def test_vlp_brings_labels_back(labels: LabelMap, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("vlp") / "labels.png"
    write_vlp(labels, path)
    back = read_vlp(path, labels.n_frames)
    with Image.open(path) as picture:
        levels = np.asarray(picture)[0, :, 1:3]
    for x, level in enumerate(levels):
        alone = (levels == level).all(axis=1).sum() == 1
        # Two labels on the same levels become one of them.
        period, start = (0, 0) if alone else (4, 6)
        assert abs(int(back.period[0, x]) - int(labels.period[0, x])) <= period
        assert abs(int(back.start[0, x]) - int(labels.start[0, x])) <= start


@settings(max_examples=60, deadline=None)
@given(labels=_any_labels())
def test_other_programs_see_labels_within_the_clip_and_within_a_step(
    labels: LabelMap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("vlp") / "labels.png"
    write_vlp(labels, path)
    with Image.open(path) as picture:
        _, start, period, _ = np.asarray(picture).astype(int)[0].T * 4
    looping = labels.looping[0]
    assert ((period > 0) == looping).all()
    # Filtervideo stops at a loop that ends behind the clip.
    assert (start + period <= labels.n_frames)[looping].all()
    assert (np.abs(period - labels.period[0]) <= 3)[looping].all()
    assert (np.abs(start - labels.start[0]) <= 5)[looping].all()
    # A still pixel shows the third of its level's four frames.
    assert (np.abs(start + 2 - labels.start[0]) <= 2)[~looping].all()
    back = read_vlp(_bare(path), labels.n_frames)
    assert (back.looping == labels.looping).all()
    np.testing.assert_array_equal(back.period[0][looping], period[looping])
    np.testing.assert_array_equal(back.start[0][looping], start[looping])
    shown = np.minimum(start + 2, labels.n_frames - 1)
    np.testing.assert_array_equal(back.start[0][~looping], shown[~looping])


def test_vlp_channels_are_as_published(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    write_vlp(_labels([(32, 12), (1, 42)], 100), path)
    with Image.open(path) as image:
        assert image.mode == "RGBA"
        assert np.asarray(image).tolist() == [[[2, 3, 8, 254], [10, 10, 0, 254]]]


def test_vlp_holds_when_pixels_start_to_move_and_what_they_show_until_then(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    activation = Activation(np.array([[0.5, 1, 1]], np.float32), np.array([[22, 30, 7]], np.int16))
    write_vlp(_labels([(32, 12), (40, 8), (1, 42)], 100), path, activation)
    with Image.open(path) as image:
        assert np.asarray(image)[0, :, 0].tolist() == [5, 7, 10]
        assert np.asarray(image)[0, :, 3].tolist() == [127, 254, 254]
    back = read_vlp_activation(path, 100)
    assert back.threshold.tolist() == [[0.5, 1.0, 1.0]]
    assert back.still.tolist() == [[22, 30, 42]]


def test_a_published_map_is_read_as_its_own_program_does(tmp_path: Path) -> None:
    path = tmp_path / "published.vlp"
    pixels = [[[5, 3, 8, 0], [9, 10, 0, 255]]]
    Image.fromarray(np.array(pixels, np.uint8)).save(path, "PNG")
    labels = read_vlp(path, 100)
    assert labels.period.tolist() == [[32, 1]]
    assert labels.start.tolist() == [[12, 42]]
    activation = read_vlp_activation(path, 100)
    assert 0 < activation.threshold[0, 0] < 0.01
    assert activation.threshold[0, 1] == 1
    Image.fromarray(np.array(pixels, np.uint8)[..., :3]).save(path, "PNG")
    assert read_vlp(path, 100).start.tolist() == [[12, 42]]
    assert (read_vlp_activation(path, 100).threshold < 0.01).all()


def test_vlp_refuses_clips_beyond_its_range(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="at most 1020 frames"):
        write_vlp(_labels([(1, 0)], 1021), tmp_path / "labels.png")
    assert not list(tmp_path.iterdir())


def test_vlp_of_another_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    write_vlp(_labels([(32, 60)], 100), path)
    for frames in (50, 99, 120):
        with pytest.raises(WriteError, match=f"clip of {frames} frames, .* is for one of 100;"):
            read_vlp(path, frames)
    with pytest.raises(WriteError, match=r"clip of 50 frames, .* is for one of at least 92;"):
        read_vlp(_bare(path), 50)


def test_a_vlp_with_broken_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    chunks = PngInfo()
    chunks.add_text("cinekit labels", "100 32:80")
    Image.fromarray(np.array([[[5, 3, 8, 0]]], np.uint8)).save(path, pnginfo=chunks)
    with pytest.raises(WriteError, match="received '100 32:80'"):
        read_vlp(path, 100)


@pytest.mark.parametrize("content", [None, b"no png", "grey"])
def test_what_is_no_vlp_is_one_clear_line(content: bytes | str | None, tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "grey":
        Image.new("L", (2, 2)).save(path)
    with pytest.raises(WriteError, match=r"labels\.png") as caught:
        read_vlp(path, 10)
    assert "\n" not in str(caught.value)


def test_still_pixels_are_grey_and_brighter_when_later() -> None:
    image = labels_image(_labels([(1, 0), (1, 50), (1, 99)], 100)).astype(int)[0]
    assert (image == image[:, :1]).all()
    assert image[0, 0] < image[1, 0] < image[2, 0]


def test_hue_tells_the_start_and_saturation_the_period() -> None:
    image = labels_image(_labels([(20, 0), (20, 40), (20, 80), (90, 0)], 100))[0] / 255
    hues, saturations, _ = zip(*(colorsys.rgb_to_hsv(*pixel) for pixel in image), strict=True)
    np.testing.assert_allclose(hues[:3], [0, 300 / 360 * 40 / 99, 300 / 360 * 80 / 99], atol=0.01)
    assert saturations[3] > saturations[0] + 0.2


def test_first_and_last_start_do_not_look_alike() -> None:
    image = labels_image(_labels([(2, 0), (2, 98)], 100)).astype(int)[0]
    assert np.abs(image[0] - image[1]).max() > 60


def test_figure_is_the_map_above_its_legend() -> None:
    labels = LabelMap(np.full((30, 200), 8, np.int16), np.full((30, 200), 3, np.int16), 40)
    figure = labels_figure(labels)
    np.testing.assert_array_equal(figure[:30], labels_image(labels))
    np.testing.assert_array_equal(figure[30:], labels_legend(labels, 200))
    assert len(np.unique(figure[30:].reshape(-1, 3), axis=0)) > 50


def test_mask_is_tinted_inside_and_grey_outside() -> None:
    frame = np.full((20, 20, 3), (40, 120, 200), np.uint8)
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    over = mask_overlay(frame, mask).astype(int)
    assert np.ptp(over[0, 0]) == 0
    assert over[10, 10, 0] > 40
    assert over[4, 10].tolist() == [255, 122, 41]


def test_contact_sheet_shows_the_seam_in_its_second_row() -> None:
    frames = np.stack([np.full((30, 40, 3), 20 * i, np.uint8) for i in range(10)])
    sheet = contact_sheet(frames, width=172)
    cells = [(x + 20, y + 25) for y in (0, 34) for x in (0, 44, 88, 132)]
    shown = [sheet[y, x, 0] // 20 for x, y in cells]
    assert shown == [0, 2, 5, 8, 8, 9, 0, 1]


@pytest.mark.parametrize("shape", [(200, 90), (60, 300), (9, 11)])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_contact_sheet_takes_any_shape_and_length(shape: tuple[int, int], n: int) -> None:
    sheet = contact_sheet(np.zeros((n, *shape, 3), np.uint8), width=480)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] <= 480


def test_vlp_knows_loops_that_go_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    labels = LabelMap(np.array([[1, 32, 1]], np.int16), np.array([[8, 12, 0]], np.int16), 100)
    write_vlp(labels.there_and_back(np.array([[False, False, True]]), 17, 48), path)
    with Image.open(path) as picture:
        # Other programs play the way there: 32 frames from frame 17, at a step of 4.
        assert np.asarray(picture)[0, 2, 1:3].tolist() == [4, 8]
    back = read_vlp(path, 100)
    assert back.first_frame.tolist() == [[8, 12, 17]]
    assert back.period.tolist() == [[1, 32, 62]]
    assert back.returns.tolist() == [[False, False, True]]


def test_vlp_with_a_way_beyond_the_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    chunks = PngInfo()
    chunks.add_text("cinekit there and back", "17-48")
    Image.fromarray(np.array([[[5, 3, 4, 0]]], np.uint8)).save(path, pnginfo=chunks)
    with pytest.raises(WriteError, match="of a clip of 40, received '17-48'"):
        read_vlp(path, 40)
