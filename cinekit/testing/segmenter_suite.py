"""What every segmenter must do, as tests to inherit.

A plugin's test file is a subclass::

    from cinekit.testing import FrameSegmenterSuite

    class TestMySegmenter(FrameSegmenterSuite):
        def segmenter(self):
            return MySegmenter(model="tiny.onnx")

:class:`FrameSegmenterSuite` is for networks, which look at one frame at a time;
:class:`SegmenterSuite` is for the others.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from cinekit.model import Clip, SemanticResponse
from cinekit.testing.component_suite import ComponentSuite


def segmenter_clip(n_frames: int, height: int, width: int, seed: int = 0) -> Clip:
    """A clip with something in it for every kind of segmenter: texture, a moving disc, noise.

    The left half ripples, a bright disc swings across the right half, and all of it carries a
    little sensor noise. uint8 (T, H, W, 3).
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    frames = np.empty((n_frames, height, width, 3), np.float32)
    for t in range(n_frames):
        ripple = 90 + 60 * np.sin(0.7 * x + 0.4 * y + 0.9 * t) * (x < width / 2)
        centre = width * (0.75 + 0.15 * np.sin(0.4 * t))
        disc = np.hypot(x - centre, y - height / 2) < 0.2 * min(height, width)
        frames[t] = np.where(disc[..., None], (230, 90, 40), ripple[..., None] * (0.6, 0.9, 1.2))
    frames += rng.normal(0, 2, frames.shape)
    return Clip(np.clip(frames, 0, 255).astype(np.uint8), fps=25.0, name="suite")


SIZES = ((16, 16), (90, 160), (160, 90), (17, 31), (64, 48))
"""(H, W): the smallest, wide, portrait, odd, in between."""

LARGEST, LONGEST = (540, 960), 150
"""(H, W) and T of what a user brings."""

MOST_BYTES = 300e6
"""Of the response to such a clip: 32 categories in float32 would be 10 GB."""


class SegmenterSuite(ComponentSuite):
    """Tests of the contract of :class:`cinekit.protocols.Segmenter`.

    A subclass gives the method ``segmenter``. ``sizes`` and ``n_frames`` may be narrowed where the
    segmenter's input demands it (masks that belong to one clip).
    """

    kind = "segmenter"
    sizes: tuple[tuple[int, int], ...] = SIZES
    n_frames: int = 6

    def clip(self, size: tuple[int, int] | None = None, n_frames: int | None = None) -> Clip:
        """A clip that this segmenter can respond to."""
        return segmenter_clip(n_frames or self.n_frames, *(size or self.sizes[0]))

    def test_every_size_gives_a_response_for_every_frame(self) -> None:
        """T, sums and names hold for every size."""
        segmenter = self.component()
        for size in self.sizes:
            clip = self.clip(size)
            response = segmenter.respond(clip)
            check_response(response, clip)

    def test_a_single_frame_is_enough(self) -> None:
        """A clip of one frame has a response."""
        segmenter = self.component()
        clip = self.clip(n_frames=1)
        check_response(segmenter.respond(clip), clip)

    def test_a_long_and_large_clip_has_a_small_response(self) -> None:
        """Counted from one frame, unless one frame serves them all."""
        clip = self.clip(LARGEST, n_frames=2)
        response = self.component().respond(clip)
        check_response(response, clip)
        assert LONGEST * response.probabilities[0].nbytes < MOST_BYTES or response.constant

    def test_the_same_clip_gives_the_same_response(self) -> None:
        """Two runs are equal to the bit."""
        segmenter = self.component()
        clip = self.clip()
        first, second = segmenter.respond(clip), self.component().respond(clip)
        assert first.categories == second.categories
        np.testing.assert_array_equal(first.probabilities, second.probabilities)

    def test_the_clip_is_left_as_it_was(self) -> None:
        """Frames are read-only by convention."""
        segmenter = self.component()
        clip = self.clip()
        before = clip.frames.copy()
        segmenter.respond(clip)
        np.testing.assert_array_equal(clip.frames, before)

    def test_progress_rises_to_one(self) -> None:
        """Progress is monotonic and ends at 1."""
        segmenter = self.component()
        shares: list[float] = []
        segmenter.respond(self.clip(), shares.append)
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)
        assert shares[-1] == pytest.approx(1)


class FrameSegmenterSuite(SegmenterSuite):
    """For segmenters that look at one frame at a time, as networks do."""

    def test_a_frame_gets_the_same_response_in_any_company(self) -> None:
        """Frames do not influence one another."""
        segmenter = self.component()
        clip = self.clip()
        together = segmenter.respond(clip).probabilities
        for t in (0, clip.n_frames - 1):
            alone = segmenter.respond(Clip(clip.frames[t : t + 1], clip.fps)).probabilities
            np.testing.assert_allclose(
                together[t].astype(int), alone[0].astype(int), atol=self.company_tolerance
            )

    def test_the_batch_does_not_change_the_response(self) -> None:
        """The option `batch` is about speed only."""
        segmenter = self.component()
        if "batch" not in {field.name for field in dataclasses.fields(segmenter)}:
            return  # nothing that could change it
        clip = self.clip()
        answers: list[NDArray[np.uint8]] = [
            dataclasses.replace(segmenter, batch=batch).respond(clip).probabilities
            for batch in (1, 4)
        ]
        np.testing.assert_allclose(
            answers[0].astype(int), answers[1].astype(int), atol=self.company_tolerance
        )

    company_tolerance: int = 2
    """Steps of 255 that a frame's response may differ by with its neighbours in the batch: linear
    algebra libraries sum in another order."""


def check_response(response: SemanticResponse, clip: Clip) -> None:
    """What :class:`SemanticResponse` promises, asserted."""
    p = response.probabilities
    assert response.n_frames == clip.n_frames
    assert p.shape[1] >= 1
    assert p.shape[2] >= 1
    n = len(response.categories)
    assert n >= 1
    names = [category.name for category in response.categories]
    assert len(set(names)) == n, f"categories listed twice: {names}"
    assert response.source
    totals = p.sum(axis=-1, dtype=np.int64)
    assert abs(totals - 255).max() <= (n + 1) // 2, "a cell's values must sum to 255 up to rounding"
    frame = response.frame(0)
    assert frame.dtype == np.float32
    assert np.isfinite(frame).all()
