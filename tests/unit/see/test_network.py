from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinekit.errors import ConfigError, SegmenterError
from cinekit.model import Clip
from cinekit.see import NetworkSegmenter, fold, load_vocabulary, quantise
from cinekit.see.folding import resample, softmax
from cinekit.testing.segmenter_suite import FrameSegmenterSuite, segmenter_clip
from cinekit.view import grid_size


@dataclass(frozen=True, kw_only=True)
class ColourNetwork(NetworkSegmenter):
    """A whole segmenter in ten lines: what is red is a person, the rest wall, sky and grass."""

    names: tuple[str, ...] = ("wall", "person", "sky", "grass")
    calls: list[int] = field(default_factory=list)

    def classes(self) -> str | Sequence[str]:
        return self.names

    def probabilities(self, frames):
        self.calls.append(len(frames))
        red = frames[..., :1].astype(np.float32) / 255
        rest = (1 - red) / (len(self.names) - 1)
        return np.concatenate([rest, red, *[rest] * (len(self.names) - 2)], axis=-1)


class TestColourNetwork(FrameSegmenterSuite):
    def segmenter(self):
        return ColourNetwork(cells=40)


class TestInterpolated(FrameSegmenterSuite):
    def segmenter(self):
        return ColourNetwork(every=4, batch=3)

    def test_a_frame_gets_the_same_response_in_any_company(self):
        """Only the frames that the network sees."""
        clip = self.clip(n_frames=9)
        together = self.segmenter().respond(clip).probabilities
        for t in (0, 4, 8):
            alone = self.segmenter().respond(Clip(clip.frames[t : t + 1], clip.fps)).probabilities
            np.testing.assert_array_equal(together[t], alone[0])


def test_every_n_asks_for_the_first_every_nth_and_the_last_frame():
    network = ColourNetwork(every=4, batch=2)
    network.respond(segmenter_clip(11, 16, 16))
    assert network.calls == [2, 2]  # 0 and 4, 8 and 10


def test_between_two_frames_the_response_is_interpolated_in_time():
    frames = np.zeros((5, 8, 8, 3), np.uint8)
    frames[4] = 200
    response = ColourNetwork(every=4).respond(Clip(frames, 25.0))
    person = [c.name for c in response.categories].index("person")
    found = response.probabilities[:, 0, 0, person].astype(float)
    np.testing.assert_allclose(found, np.linspace(0, 200, 5), atol=1)


def test_the_response_is_no_larger_than_asked():
    response = ColourNetwork(cells=20).respond(segmenter_clip(1, 30, 60))
    assert response.probabilities.shape[1:3] == (10, 20)


def test_150_frames_of_32_categories_stay_under_300_megabytes():
    # By arithmetic on the promised shape, which the suite checks: 960x540 would be 2.5 GB.
    h, w = grid_size((540, 960), NetworkSegmenter.cells)
    assert 150 * max(h, w) ** 2 * 33 < 300e6
    assert (h, w) == (73, 129)


def test_a_table_of_the_users_own_is_used(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("classes: [wall: building, person: person, sky: sky, grass: water]", "utf-8")
    response = ColourNetwork(categories=str(path)).respond(segmenter_clip(1, 16, 16))
    assert {c.name for c in response.categories} == {"building", "person", "sky", "water"}


def test_a_vocabulary_may_be_named():
    @dataclass(frozen=True, kw_only=True)
    class Named(NetworkSegmenter):
        def classes(self):
            return "voc_21"

        def probabilities(self, frames):
            return np.full((*frames.shape[:3], 21), 1 / 21, np.float32)

    response = Named().respond(segmenter_clip(1, 16, 16))
    assert response.probabilities.shape[-1] == len(load_vocabulary("voc_21").categories)


def test_classes_that_no_table_knows_are_an_error():
    with pytest.raises(SegmenterError, match="'unicorn'"):
        ColourNetwork(names=("wall", "unicorn")).respond(segmenter_clip(1, 16, 16))


def test_an_answer_of_the_wrong_shape_is_an_error():
    @dataclass(frozen=True, kw_only=True)
    class Wrong(ColourNetwork):
        def probabilities(self, frames):
            return super().probabilities(frames)[..., :2]

    with pytest.raises(SegmenterError, match=r"expected Wrong to answer \(1, h, w, 4\)"):
        Wrong().respond(segmenter_clip(1, 16, 16))


def test_a_network_that_sees_nothing_that_can_move_says_so():
    network = ColourNetwork(names=("wall", "person"))
    response = network.respond(Clip(np.zeros((2, 16, 16, 3), np.uint8), 25.0))
    assert response.notes == ("the network saw nothing that moves by itself, only: building",)


@pytest.mark.parametrize("wrong", ["every", "batch", "cells"])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"{wrong}: expected a value >= 1, received 0"):
        ColourNetwork(**{wrong: 0})


def test_folding_sums_the_classes_of_a_category():
    vocabulary = load_vocabulary("ade20k_150").select(["sea", "river", "wall", "person"])
    folded = fold(np.array([0.2, 0.3, 0.4, 0.1], np.float32), vocabulary)
    found = dict(zip([c.name for c in vocabulary.categories], folded, strict=True))
    assert found == pytest.approx({"water": 0.5, "building": 0.4, "person": 0.1})


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
@settings(max_examples=50, deadline=None)
def test_quantised_cells_sum_to_255_and_stay_near_their_share(seed, n):
    rng = np.random.default_rng(seed)
    response = rng.random((5, 6, n), np.float32) ** rng.integers(1, 12)
    whole = quantise(response)
    np.testing.assert_array_equal(whole.sum(axis=-1, dtype=int), 255)
    share = 255 * response / response.sum(axis=-1, keepdims=True)
    all_but_one = np.sort(np.abs(whole - share), axis=-1)[..., :-1]  # one takes what is left
    assert all_but_one.max(initial=0) <= 0.5 + 1e-3
    assert np.abs(whole - share).max() <= 0.5 * n + 1e-3


def test_cells_without_mass_or_with_nan_become_uniform():
    response = np.array([[0, 0, 0], [np.nan, 1, 0], [-1, 3, 0]], np.float32)
    np.testing.assert_array_equal(quantise(response), [[85] * 3, [85] * 3, [0, 255, 0]])


def axis_weights(m: int, n: int) -> np.ndarray:
    """(n, m): the plain twin of `resample` along one axis, cell centres to cell centres."""
    out = np.zeros((n, m))
    for i in range(n):
        if n >= m:  # linear between the two nearest centres
            at = min(max((i + 0.5) * m / n - 0.5, 0), m - 1)
            low = int(at)
            out[i, low] += 1 - (at - low)
            out[i, min(low + 1, m - 1)] += at - low
        else:  # the overlap of cell i with each of the m cells
            for j in range(m):
                overlap = min((i + 1) * m / n, j + 1) - max(i * m / n, j)
                out[i, j] = max(overlap, 0) * n / m
    return out


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_resampling_keeps_constants_and_agrees_with_the_plain_weights(m, n, seed):
    image = np.random.default_rng(seed).random((m, 7, 2), np.float32)
    found = resample(image, (n, 7))
    plain = np.tensordot(axis_weights(m, n), image, axes=1)
    np.testing.assert_allclose(found, plain, atol=2e-3)
    np.testing.assert_allclose(resample(np.ones_like(image), (n, 5)), 1, atol=1e-5)


def test_softmax_of_large_logits_is_finite():
    np.testing.assert_allclose(softmax(np.array([1e4, 1e4, -1e4], np.float32)), [0.5, 0.5, 0])
