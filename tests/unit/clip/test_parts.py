"""Geometry, time stamps, cuts and curves, without files."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from cinekit.clip import find_cuts
from cinekit.clip.cuts import longest_shot
from cinekit.clip.geometry import Orientation, plan
from cinekit.clip.timing import constant
from cinekit.clip.tonemap import (
    Primaries,
    Transfer,
    gamut_matrix,
    hlg_inverse_oetf,
    method_a,
    pq_eotf,
    to_sdr,
)

BOX = (960, 540)
UPRIGHT = Orientation()


@pytest.mark.parametrize(
    ("stored", "size"),
    [
        ((1920, 1080), (540, 960)),
        ((1080, 1920), (960, 540)),
        ((720, 1280), (960, 540)),
        ((768, 576), (540, 720)),
        ((960, 540), (540, 960)),
        ((161, 121), (120, 160)),
        ((3840, 1600), (400, 960)),
        ((2000, 2000), (540, 540)),
    ],
)
def test_pictures_fit_the_box_the_way_they_stand(
    stored: tuple[int, int], size: tuple[int, int]
) -> None:
    assert plan(stored, Fraction(1), UPRIGHT, BOX).size == size


def test_a_turned_picture_is_judged_by_how_it_is_shown() -> None:
    turned = plan((1920, 1080), Fraction(1), Orientation(True, False, True), BOX)
    assert (turned.scaled, turned.size) == ((960, 540), (960, 540))


def test_padding_to_macroblocks_is_cropped_not_resampled() -> None:
    geometry = plan((960, 544), Fraction(1), UPRIGHT, BOX)
    assert (geometry.scaled, geometry.size) == ((960, 544), (540, 960))
    image = np.arange(544 * 960 * 3, dtype=np.uint32).astype(np.uint8).reshape(544, 960, 3)
    assert np.array_equal(geometry.finish(image), image[2:542])


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_every_quarter_turn_and_mirror_is_undone(turns: int, flip: bool) -> None:
    """A display matrix sends stored (x, y) to displayed (a x + c y, b x + d y)."""
    angle = np.pi / 2 * turns
    a, b, c, d = np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)
    if flip:
        a, c = -a, -c
    matrix = np.zeros(9, np.int32)
    matrix[[0, 1, 3, 4]] = np.rint(np.array([a, b, c, d]) * 65536)
    orientation = Orientation.from_matrix(matrix)
    assert orientation is not None
    image = np.arange(6).reshape(2, 3)
    shown = orientation.apply(image)
    for y in range(2):
        for x in range(3):
            at = np.rint([a * x + c * y, b * x + d * y]).astype(int)
            corner = np.rint([min(0, 2 * a) + min(0, c), min(0, 2 * b) + min(0, d)]).astype(int)
            column, row = at - corner
            assert shown[row, column] == image[y, x]


def test_a_skewed_display_matrix_is_not_guessed_at() -> None:
    matrix = np.zeros(9, np.int32)
    matrix[[0, 1, 3, 4]] = (46341, 46341, -46341, 46341)
    assert Orientation.from_matrix(matrix) is None


def test_even_time_stamps_keep_every_frame_and_the_exact_rate() -> None:
    timing = constant(np.arange(50) * 1001 / 30000, 29.97, 1 / 30000)
    assert timing.fps == 30000 / 1001
    assert np.array_equal(timing.index, np.arange(50))


def test_an_unusual_rate_is_measured() -> None:
    assert constant(np.arange(40) / 7.3, 11.0, 1e-5).fps == pytest.approx(7.3)


def test_uneven_time_stamps_show_every_frame_near_its_time() -> None:
    times = np.cumsum(np.r_[0, np.full(20, 1 / 30), np.full(10, 1 / 20)])
    timing = constant(times, 25.0, 1e-5)
    assert timing.fps == 30
    ticks = np.arange(len(timing.index)) / 30
    assert np.abs(times[timing.index] - ticks).max() < 1 / 30
    assert len(timing.index) == round(times[-1] * 30) + 1
    assert "5 repeated, 0 left out" in timing.notes[0]


def test_one_hitch_repeats_one_frame_and_leaves_the_others_even() -> None:
    for hitch in (1.3, 1.5, 1.7):
        times = np.cumsum(np.r_[0, hitch, np.ones(88)]) / 30
        timing = constant(times.round(5), 29.8, 1e-5)
        assert timing.fps == 30
        assert timing.index[-1] == 89
        assert len(timing.index) - 90 <= 1


def test_frames_in_pairs_are_frames_of_the_average_rate() -> None:
    times = np.repeat(np.arange(60) / 30, 2) + np.tile([0, 0.001], 60)
    timing = constant(times, 59.97, 1e-5)
    assert timing.fps == 60
    assert np.array_equal(timing.index, np.arange(120))


def test_a_gap_is_filled_and_a_faster_stretch_loses_nothing() -> None:
    gap = constant(np.r_[np.arange(40), np.arange(43, 100)] / 30, None, 1e-5)
    assert gap.fps == 30
    assert np.array_equal(gap.index, np.r_[np.arange(40), [39] * 3, np.arange(40, 97)])
    mixed = constant(np.r_[0, np.cumsum(np.tile([1, 1, 1, 2, 2], 20))] / 60, None, 1e-5)
    assert mixed.fps == 60
    assert len(np.unique(mixed.index)) == 101


def test_more_than_any_camera_gives_is_thinned() -> None:
    timing = constant(np.arange(2000) / 2000, 2000.0, 1e-5)
    assert timing.fps == 240
    assert len(timing.index) == 241


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_as_pillow_does(orientation: int) -> None:
    image = np.random.default_rng(0).integers(0, 255, (6, 10, 3)).astype(np.uint8)
    picture = Image.fromarray(image)
    picture.getexif()[ExifTags.Base.Orientation] = orientation
    with io.BytesIO() as file:
        picture.save(file, "PNG", exif=picture.getexif())
        expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    assert np.array_equal(Orientation.from_exif(orientation).apply(image), expected)


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 255, (9, 16, 3)), np.ones((6, 6, 1))).astype(np.uint8)


def test_cuts_are_found_where_the_picture_changes_for_good() -> None:
    frames = [scene(0)] * 10 + [scene(1)] * 15 + [scene(2)] * 8
    assert find_cuts(frames) == [10, 25]


def test_a_flash_is_no_cut() -> None:
    frames = [scene(0)] * 10 + [np.full_like(scene(0), 255)] + [scene(0)] * 10
    assert find_cuts(frames) == []


def test_flicker_everywhere_is_no_cut() -> None:
    """A fire: every frame differs a lot from the one before."""
    rng = np.random.default_rng(3)
    frames = [
        np.clip(scene(0) * rng.uniform(0.3, 1) + rng.integers(-60, 60, scene(0).shape), 0, 255)
        for _ in range(30)
    ]
    assert find_cuts([f.astype(np.uint8) for f in frames]) == []


def test_a_whip_pan_is_no_cut() -> None:
    wide = np.concatenate([scene(k) for k in range(8)], axis=1)
    frames = [wide[:, 12 * t : 12 * t + 96] for t in range(50)]
    assert find_cuts(frames) == []


def test_the_first_of_the_longest_shots_is_taken() -> None:
    assert longest_shot([5, 20, 35], 40) == (5, 20, 4)
    assert longest_shot([], 40) == (0, 40, 1)


def test_pq_matches_the_recommendation() -> None:
    """BT.2408 table 1: codes of 100, 203 and 1000 cd/m2; and the top of the scale."""
    light = pq_eotf(np.array([0.0, 0.508, 0.581, 0.752, 1.0]))
    assert np.allclose(light, [0, 100, 203, 1000, 10000], rtol=0.01)


def test_hlg_matches_the_recommendation() -> None:
    assert np.allclose(hlg_inverse_oetf(np.array([0, 0.5, 1.0])), [0, 1 / 12, 1], atol=1e-6)


def test_the_gamut_matrix_is_that_of_bt2407() -> None:
    printed = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    assert np.allclose(gamut_matrix(Primaries.BT2020, Primaries.BT709), printed, atol=1e-4)


def test_method_a_keeps_black_and_white_and_never_falls() -> None:
    luma = np.linspace(0, 1, 2001)
    for peak in (203.0, 1000.0, 4000.0):
        mapped = method_a(luma, peak)
        assert mapped[0] == 0
        assert mapped[-1] == pytest.approx(1, abs=1e-3)
        assert (np.diff(mapped) > -2e-3).all()  # the report's pieces meet to three digits


@pytest.mark.parametrize("transfer", [Transfer.PQ, Transfer.HLG])
def test_grey_stays_grey_and_in_order_through_the_tone_curve(transfer: Transfer) -> None:
    ramp = np.linspace(0, 1, 300, dtype=np.float32)[None, :, None].repeat(3, 2)
    sdr = to_sdr(np.ascontiguousarray(ramp), transfer, Primaries.BT2020)
    assert np.ptp(sdr, axis=-1).max() < 2e-3
    assert (np.diff(sdr[0, :, 1]) > -2e-3).all()
    assert sdr[0, 0].max() < 1e-3
    assert sdr[0, -1].min() > 0.9


def test_a_red_inside_bt709_survives_a_wide_container() -> None:
    red = np.full((2, 2, 3), (0.8, 0.2, 0.2), np.float32)
    to_wide = gamut_matrix(Primaries.BT709, Primaries.BT2020)
    wide = ((red.astype(float) ** 2.4) @ to_wide.T) ** (1 / 2.4)
    back = to_sdr(wide.astype(np.float32), Transfer.SDR, Primaries.BT2020)
    assert np.abs(back - red).max() < 2e-3
