from __future__ import annotations

import cv2
import numpy as np
import pytest
from cinekit_faces.bisenet import BiSeNetSegmenter
from cinekit_faces.crops import aligned, cells_across, on_grid
from cinekit_faces.detect import Box, Square
from hypothesis import given
from hypothesis import strategies as st

from cinekit import ConfigError


def face(right, left, mouth) -> Box:
    """A box whose points are these; "right" and "left" are the person's."""
    points = np.zeros((6, 2))
    points[0], points[1], points[3] = right, left, mouth
    return Box(1.0, np.array([0.0, 0, 1, 1]), points)


def test_an_upright_face_is_cut_as_celeba_hq_cuts_it():
    # Eyes 40 apart and 30 above the mouth: side 4 * 40, centre a tenth of 30 below the eyes.
    square = aligned(face((80, 100), (120, 100), (100, 130)))
    assert (square.x, square.y) == pytest.approx((100, 103))
    assert square.side == pytest.approx(160)
    assert square.angle == pytest.approx(0)


def test_a_face_from_the_side_is_sized_by_its_height():
    # In profile the eyes meet: only 3.6 times the way from them to the mouth is left.
    square = aligned(face((98, 100), (102, 100), (100, 150)))
    assert square.side == pytest.approx(180)


@given(
    angle=st.floats(-3, 3),
    scale=st.floats(0.2, 5),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_the_square_turns_grows_and_moves_with_the_face(angle, scale, shift):
    points = np.array([[80.0, 100], [118, 104], [103, 131]])
    c, s = np.cos(angle), np.sin(angle)
    turn = scale * np.array([[c, -s], [s, c]])
    plain, moved = aligned(face(*points)), aligned(face(*(points @ turn.T + shift)))
    assert moved.side == pytest.approx(scale * plain.side)
    np.testing.assert_allclose((moved.x, moved.y), turn @ (plain.x, plain.y) + shift, atol=1e-6)
    difference = moved.angle - plain.angle - angle
    assert np.cos(difference) == pytest.approx(1)


def test_points_that_fall_together_still_have_a_square():
    assert aligned(face((5, 5), (5, 5), (5, 5))).side == 1


def ramps(frame_size: tuple[int, int], square: Square, side: int) -> np.ndarray:
    """(side, side, 3): two "probabilities" that say where in the frame a pixel of the square is."""
    y, x = np.mgrid[:side, :side]
    where = np.stack([x, y, np.ones_like(x)], axis=-1) @ square.to_frame(side).T
    share = where / (frame_size[1], frame_size[0]) / 2
    return np.concatenate([1 - share.sum(-1, keepdims=True), share], axis=-1).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
@pytest.mark.parametrize(("size", "grid"), [((90, 160), (90, 160)), ((480, 270), (120, 68))])
def test_what_a_square_shows_comes_back_to_where_it_is(size, grid, angle):
    square = Square(size[1] * 0.45, size[0] * 0.55, min(size) * 0.6, angle)
    side = cells_across(square, size, grid)
    out = on_grid([ramps(size, square, side)], [square], size, grid, 3)
    np.testing.assert_allclose(out.sum(-1), 1, atol=1e-5)
    y, x = np.mgrid[: grid[0], : grid[1]]
    pixels = np.stack([(x + 0.5) * size[1] / grid[1] - 0.5, (y + 0.5) * size[0] / grid[0] - 0.5])
    inverse = cv2.invertAffineTransform(square.to_frame(side))
    inside = np.einsum("ij,jhw->hwi", inverse[:, :2], pixels) + inverse[:, 2]
    within = ((inside >= 0) & (inside <= side - 1)).all(-1)
    beyond = ((inside < -1) | (inside > side)).any(-1)
    assert within.sum() > 500
    shown = out[within][:, 1:] * 2 * (size[1], size[0])
    np.testing.assert_allclose(shown, np.stack(pixels, -1)[within], atol=0.01)
    assert (out[beyond] == (1, 0, 0)).all()


def test_a_cell_is_read_from_the_square_whose_middle_is_nearest():
    size = grid = (40, 100)
    left, right = Square(29.5, 19.5, 40), Square(69.5, 19.5, 60)
    answers = [np.zeros((n, n, 3), np.float32) for n in (40, 60)]
    answers[0][..., 1], answers[1][..., 2] = 1, 1
    out = on_grid(answers, [left, right], size, grid, 3)
    assert (out[20, :10, 0] == 1).all()
    # In sides of the squares: 40 to the left of the one, 60 of the other, 0.4 sides from both.
    assert (out[20, 10:45, 1] == 1).all()
    assert (out[20, 46:, 2] == 1).all()
    swapped = on_grid(answers[::-1], [right, left], size, grid, 3)
    np.testing.assert_array_equal(out, swapped)


def test_without_faces_all_is_background():
    out = on_grid([], [], (90, 160), (9, 16), 19)
    assert out.shape == (9, 16, 19)
    assert (out[..., 0] == 1).all()


def test_a_missing_torch_is_said_with_what_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    reason = BiSeNetSegmenter().unavailable()
    wanted = "needs 'torch', which is not installed: pip install 'cinekit-faces[bisenet]'"
    assert reason == wanted


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 31}, "size: expected a value >= 32"),
        ({"faces": 0}, "faces: expected a value >= 1"),
        ({"batch": 0}, "batch: expected a value >= 1"),
    ],
)
def test_options_of_bisenet_out_of_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        BiSeNetSegmenter(**wrong)
