from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from cinekit.errors import ConfigError, SegmenterError
from cinekit.model import Clip, Motion
from cinekit.see import MaskSegmenter
from cinekit.testing.segmenter_suite import SegmenterSuite, check_response

SIZE = (24, 32)
T = 6
CLIP = Clip(np.zeros((T, *SIZE, 3), np.uint8), 25.0)


def halves(first: int = 1, second: int = 2) -> np.ndarray:
    index = np.zeros(SIZE, np.uint8)
    index[4:, :10], index[4:, 20:] = first, second
    return index


def save(path, array, mode=None, palette=None):
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    if palette is not None:
        image = Image.fromarray(array, mode=None)
        image = image.convert("P")
        image.putpalette(palette)
    image.save(path)
    return path


def found(response) -> dict[str, np.ndarray]:
    """Where every category wins in the first frame."""
    won = response.probabilities[0].argmax(axis=-1)
    return {c.name: won == i for i, c in enumerate(response.categories)}


class TestMasks(SegmenterSuite):
    sizes = ((18, 32), (90, 160))

    @pytest.fixture(autouse=True)
    def path(self, tmp_path):
        self.file = tmp_path / "drawn.png"
        index = np.zeros((18, 32), np.uint8)
        index[3:9, 4:20] = 1
        save(self.file, index)

    def segmenter(self):
        return MaskSegmenter(path=str(self.file), names=("water",))


def test_one_grey_label_image_serves_every_frame(tmp_path):
    path = save(tmp_path / "labels.png", halves(3, 7))
    segmenter = MaskSegmenter(path=str(path), names=("3=water", "7=flag"), non_natural=("flag",))
    response = segmenter.respond(CLIP)
    check_response(response, CLIP)
    assert [(c.name, c.motion) for c in response.categories] == [
        ("background", Motion.STATIC),
        ("water", Motion.NATURAL),
        ("flag", Motion.NON_NATURAL),
    ]
    np.testing.assert_array_equal(found(response)["water"], halves() == 1)
    assert response.probabilities.strides[0] == 0  # one frame in memory


def test_palette_images_are_read_by_index_not_by_colour(tmp_path):
    image = Image.fromarray(halves()).convert("P")
    image.putdata(halves().ravel().tolist())
    image.putpalette([0, 0, 0, 200, 10, 10, 200, 10, 10])  # two labels of one colour
    image.save(tmp_path / "labels.png")
    response = MaskSegmenter(path=str(tmp_path / "labels.png"), names=("fire", "dog")).respond(CLIP)
    assert (found(response)["dog"] == (halves() == 2)).all()


def test_colours_are_labels_by_their_hexadecimal_number(tmp_path):
    rgb = np.zeros((*SIZE, 3), np.uint8)
    rgb[halves() == 1] = (255, 0, 0)
    rgb[halves() == 2] = (0, 0, 255)
    path = save(tmp_path / "labels.png", rgb)
    response = MaskSegmenter(path=str(path), names=("ff0000=fire", "#0000ff=water")).respond(CLIP)
    np.testing.assert_array_equal(found(response)["fire"], halves() == 1)
    np.testing.assert_array_equal(found(response)["water"], halves() == 2)
    names = {c.name for c in MaskSegmenter(path=str(path)).respond(CLIP).categories}
    assert names == {"background", "label 0000ff", "label ff0000"}


def test_transparent_pixels_are_no_region(tmp_path):
    rgba = np.full((*SIZE, 4), 255, np.uint8)
    rgba[halves() != 1, 3] = 0
    response = MaskSegmenter(path=str(save(tmp_path / "water.png", rgba))).respond(CLIP)
    np.testing.assert_array_equal(found(response)["water"], halves() == 1)


def test_a_folder_of_numbered_images_is_one_per_frame_in_the_order_of_the_numbers(tmp_path):
    for t in range(12):
        index = np.zeros(SIZE, np.uint8)
        index[:, t] = 1
        save(tmp_path / f"mask{t}.png", index)  # mask10 sorts before mask2 as text
    clip = Clip(np.zeros((12, *SIZE, 3), np.uint8), 25.0)
    response = MaskSegmenter(path=str(tmp_path), names=("dog",)).respond(clip)
    where = response.probabilities[..., 1].max(axis=1).argmax(axis=1)
    np.testing.assert_array_equal(where, np.arange(12))


def test_a_folder_of_named_masks_is_one_per_region(tmp_path):
    save(tmp_path / "water.png", (halves() == 1).astype(np.uint8) * 255)
    save(tmp_path / "kite.png", (halves() == 2).astype(np.uint8) * 255)
    segmenter = MaskSegmenter(path=str(tmp_path), names=("kite=red kite",))
    response = segmenter.respond(CLIP)
    assert {c.name for c in response.categories} == {"background", "water", "red kite"}
    np.testing.assert_array_equal(found(response)["red kite"], halves() == 2)


def test_a_soft_mask_keeps_its_border(tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 255, SIZE[1]).astype(np.uint8), SIZE)
    save(tmp_path / "smoke.png", np.ascontiguousarray(ramp))
    response = MaskSegmenter(path=str(tmp_path)).respond(CLIP)
    smoke = response.probabilities[0, 0, :, 1].astype(int)
    np.testing.assert_allclose(smoke, ramp[0], atol=1)


@pytest.mark.parametrize("codec", ["ffv1", "mpeg4"])
def test_a_video_of_labels_is_read_even_after_a_lossy_codec(tmp_path, codec):
    path = tmp_path / ("labels.mkv" if codec == "ffv1" else "labels.mp4")
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        stream.bit_rate = 4_000_000
        big = np.kron(halves(), np.ones((2, 2), np.uint8))
        for _ in range(T):
            frame = av.VideoFrame.from_ndarray(colours[big], format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    response = MaskSegmenter(path=str(path)).respond(CLIP)
    check_response(response, CLIP)
    assert len(response.categories) == 3
    regions = sorted((mask.sum(), name) for name, mask in found(response).items())
    np.testing.assert_allclose([n for n, _ in regions], [200, 240, 328], atol=12)
    named = MaskSegmenter(path=str(path), names=("ff0000=fire", "0000ff=water")).respond(CLIP)
    assert {c.name for c in named.categories} == {"background", "fire", "water"}
    assert found(named)["fire"][8:, 1:8].all()


def test_a_mask_that_changes_keeps_a_small_grid(tmp_path):
    for t in range(2):
        big = np.zeros((400, 800), np.uint8)
        big[:, : 100 + t] = 1
        save(tmp_path / f"{t}.png", big)
    clip = Clip(np.zeros((2, 400, 800, 3), np.uint8), 25.0)
    assert MaskSegmenter(path=str(tmp_path)).respond(clip).probabilities.shape == (2, 160, 320, 2)


def test_known_words_say_themselves_how_they_move(tmp_path):
    path = save(tmp_path / "labels.png", halves())
    categories = MaskSegmenter(path=str(path), names=("Person", "veil")).respond(CLIP).categories
    assert [c.motion for c in categories] == [Motion.STATIC, Motion.NON_NATURAL, Motion.NATURAL]
    other = MaskSegmenter(path=str(path), names=("person", "veil"), natural=("person",))
    assert other.respond(CLIP).categories[1].motion is Motion.NATURAL


def wrong_count(folder):
    for t in range(4):
        save(folder / f"{t}.png", halves())


def wrong_aspect(folder):
    save(folder / "1.png", np.ones((30, 30), np.uint8))


def all_black(folder):
    save(folder / "1.png", np.zeros(SIZE, np.uint8))


def black_region(folder):
    save(folder / "water.png", np.zeros(SIZE, np.uint8))
    save(folder / "fire.png", halves())


def photograph(folder):
    rng = np.random.default_rng(0)
    save(folder / "1.png", rng.integers(0, 255, (*SIZE, 3), np.uint8))


def no_image(folder):
    (folder / "1.png").write_bytes(b"nothing")


def not_a_video(folder):
    (folder / "labels.mp4").write_bytes(b"nothing at all")


@pytest.mark.parametrize(
    ("make", "target", "message"),
    [
        (wrong_count, "", "one label image or 6, one per frame, .* found 4"),
        (wrong_aspect, "", "proportions of the frames, 32x24, received 30x30"),
        (all_black, "", "labels above 0"),
        (black_region, "", "the region 'water' .* it is black"),
        (photograph, "", "this is a picture, not a label image"),
        (no_image, "", "it cannot be read"),
        (not_a_video, "labels.mp4", "it cannot be decoded"),
        (lambda folder: None, "", "expected label images .* found none"),
        (lambda folder: None, "absent", "found nothing there"),
    ],
)
def test_wrong_masks_are_one_clear_line(tmp_path, make, target, message):
    make(tmp_path)
    with pytest.raises(SegmenterError, match=message) as error:
        MaskSegmenter(path=str(tmp_path / target)).respond(CLIP)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b", "c"), "at most 2 names, one per label"),
        (("9=water",), "labels 1, 2, received '9=water'"),
    ],
)
def test_names_that_do_not_fit_are_one_clear_line(tmp_path, names, message):
    path = save(tmp_path / "labels.png", halves())
    with pytest.raises(SegmenterError, match=message):
        MaskSegmenter(path=str(path), names=names).respond(CLIP)


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(ConfigError, match="all as LABEL=NAME or none"):
        MaskSegmenter(path="x", names=("1=water", "fire"))
    with pytest.raises(ConfigError, match="'fire' not to be listed as non_natural too"):
        MaskSegmenter(path="x", natural=("fire",), non_natural=("fire",))


def test_it_says_when_its_masks_are_missing(tmp_path):
    assert "found nothing there" in (MaskSegmenter(path=str(tmp_path / "x")).unavailable() or "")


def test_many_labels_in_a_long_clip_get_fewer_cells(tmp_path, monkeypatch):
    for t in range(T):
        index = np.arange(1, 1 + SIZE[0] * SIZE[1]).reshape(SIZE) % 40
        save(tmp_path / f"{t}.png", index.astype(np.uint8))
    full = MaskSegmenter(path=str(tmp_path)).respond(CLIP).probabilities
    assert full.shape[1:] == (*SIZE, 40)
    monkeypatch.setattr("cinekit.see.masks.MOST_BYTES", full.nbytes / 4)
    small = MaskSegmenter(path=str(tmp_path)).respond(CLIP).probabilities
    assert small.nbytes <= full.nbytes / 4
    assert small.shape[1] < SIZE[0]
