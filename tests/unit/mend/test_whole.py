"""Things that move as one piece, on or there and back."""

import dataclasses

import numpy as np
import pytest

from cinekit.api import make
from cinekit.errors import ConfigError
from cinekit.labels import LabelMap
from cinekit.loop import Blend, RenderOptions, render_loop
from cinekit.mend.pieces import rim_of, wider
from cinekit.mend.whole import PieceSearch, WholeAttempt
from cinekit.model import Clip, Motion, Region, Regions, Verdict

SIZE = (72, 128)
SIDE = 16
FPS = 20.0


def walker(columns) -> tuple[Clip, np.ndarray]:
    """A bright square on a still wall, at these columns; and the mask of all it sweeps."""
    rng = np.random.default_rng(0)
    wall = rng.integers(40, 70, (*SIZE, 3), dtype=np.uint8)
    square = rng.integers(180, 250, (SIDE, SIDE, 3), dtype=np.uint8)
    frames = np.repeat(wall[None], len(columns), axis=0)
    swept = np.zeros(SIZE, bool)
    for frame, x in zip(frames, columns, strict=True):
        frame[30 : 30 + SIDE, x : x + SIDE] = square
        swept[26 : 34 + SIDE, max(x - 4, 0) : x + SIDE + 4] = True
    return Clip(frames=frames, fps=FPS), swept


def pieces(clip, mask, motion=Motion.NON_NATURAL, **options) -> PieceSearch:
    regions = Regions((Region("thing", motion, mask, float(mask.mean()), 1.0),), (), mask)
    return PieceSearch.of(clip, regions, len(clip.frames) * 2, WholeAttempt(**options))


def largest_step(frames) -> int:
    return int(np.abs(np.diff(frames.astype(int), axis=0)).sum((1, 2, 3)).max())


WALK = np.linspace(8, 100, 60).round().astype(int)


def test_what_walks_away_goes_there_and_back():
    clip, swept = walker(WALK)
    labels = pieces(clip, swept).labels(swept)
    assert (labels.returns[swept]).mean() > 0.95
    n = int(labels.period.max())
    loop = render_loop(clip, labels, n, RenderOptions(feather=0))
    # No jump anywhere, the seam included.
    assert largest_step(np.concatenate([loop, loop[:1]])) <= largest_step(clip.frames)
    bright = (loop.min(axis=-1) > 150).sum(axis=(1, 2))
    assert set(bright) == {SIDE * SIDE}  # always one square, and a whole one


def test_what_returns_by_itself_is_played_on():
    columns = (54 + 20 * np.sin(np.arange(80) * 2 * np.pi / 40)).round().astype(int)
    clip, swept = walker(columns)
    labels = pieces(clip, swept).labels(swept)
    assert labels.looping.any()
    assert not labels.returns.any()
    assert abs(int(labels.period.max()) - 40) <= 1  # it lingers where it turns
    loop = render_loop(clip, labels, int(labels.period.max()), RenderOptions(blend=Blend.NONE))
    assert largest_step(np.concatenate([loop, loop[:1]])) <= largest_step(clip.frames)


@pytest.mark.parametrize("case", ["natural", "switched off"])
def test_nothing_runs_backwards_that_must_not(case):
    clip, swept = walker(WALK)
    one = (
        pieces(clip, swept, Motion.NATURAL)
        if case == "natural"
        else pieces(clip, swept, back=False)
    )
    labels = one.labels(swept)
    assert labels is None or not labels.returns.any()


def test_a_pass_fits_the_longest_loop():
    clip, swept = walker(WALK)
    regions = Regions((Region("thing", Motion.NON_NATURAL, swept, 0.2, 1.0),), (), swept)
    labels = PieceSearch.of(clip, regions, 50, WholeAttempt()).labels(swept)
    assert 1 < labels.period.max() <= 50


def test_a_speck_is_no_piece():
    clip, _ = walker(WALK)
    speck = np.zeros(SIZE, bool)
    speck[0:2, 0:2] = True
    assert pieces(clip, speck).labels(speck) is None


def test_a_torn_thing_is_made_again_as_one_piece():
    """Over the whole job: a walker has no loop per pixel, so its candidate is made whole."""
    clip, _ = walker(np.linspace(8, 100, 100).round().astype(int))
    whole = make(clip).cinemagraphs
    plain = make(clip, attempts=()).cinemagraphs
    assert all(c.judgement.verdict is not Verdict.GOOD for c in plain)
    assert whole[0].judgement.verdict is Verdict.GOOD
    assert whole[0].labels.returns.any()
    assert whole[0].statistics["whole pieces"] == 1


def test_a_piece_grows_along_the_thing_that_crosses_its_border():
    thing = np.zeros(SIZE, bool)
    thing[30:46, 10:110] = True
    other = np.zeros(SIZE, bool)
    other[60:70, 20:40] = True
    seen = thing.copy()
    seen[:, 40:] = False
    plain = list(wider(seen, np.zeros_like(seen)))
    along = list(wider(seen, thing | other))
    assert not any(one[thing].all() for one in plain)
    assert along[-1][thing].all()
    assert not along[-1][other].any()


def test_a_border_that_cuts_a_thing_costs_more_than_a_clean_one():
    clip, swept = walker(WALK)
    one = pieces(clip, swept)
    short = swept.copy()
    short[:38] = False  # through the middle of the square
    clean, cut = one.choose(swept), one.choose(short)
    assert one.cut(rim_of(swept), clean) == 0
    assert one.cut(rim_of(short), cut) > 0.1
    assert clean.score > cut.score


def test_parts_that_grow_into_each_other_are_one_piece():
    clip, swept = walker(WALK)
    ends = swept.copy()
    ends[:, 30:100] = False
    one = dataclasses.replace(pieces(clip, ends), things=swept)
    labels = one.labels(ends)
    assert len(np.unique(labels.start[labels.looping])) == 1


def test_water_does_not_run_backwards_beside_a_thing():
    clip, swept = walker(WALK)
    water = np.zeros(SIZE, bool)
    water[20:60] = True
    thing = Region("thing", Motion.NON_NATURAL, swept, 0.2, 1.0)
    for name, back in (("water", False), ("grass", True)):
        natural = Region(name, Motion.NATURAL, water & ~swept, 0.4, 1.0)
        regions = Regions((thing, natural), (), water)
        labels = PieceSearch.of(clip, regions, 120, WholeAttempt()).labels(water)
        assert (labels is not None and bool(labels.returns.any())) is back


def test_options_are_checked():
    with pytest.raises(ConfigError, match="expected at most like_seconds, received 3"):
        WholeAttempt(min_seconds=3.0)


def test_unrolled_frames_are_those_of_the_clip():
    one = np.ones((2, 2), np.int16)
    with pytest.raises(ValueError, match="unrolled frames of a clip of 9, received 9 to 9"):
        LabelMap(one, one, 9, np.array([9], np.int16))
    with pytest.raises(ValueError, match=r"s \+ p <= 10 frames at every pixel, received 11"):
        LabelMap(one, one * 10, 9, np.array([8], np.int16))


def test_a_loop_there_and_back_has_no_jump():
    pixel = np.ones((1, 1), bool)
    labels = LabelMap.still((1, 1), 0, 9).there_and_back(pixel, 3, 6)
    assert labels.unrolled.tolist() == [4, 3, 4, 5, 6, 5, 4, 3]
    shows, p, s = labels.shows, labels.period.item(), labels.start.item()
    assert (p, s) == (6, 10)
    assert shows[s] == shows[s + p]
    assert shows[s - 1] == shows[s + p - 1]
