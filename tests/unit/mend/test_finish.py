"""The ways in which a candidate is made again."""

import numpy as np

from cinekit.judge import LimitJudge
from cinekit.labels import LabelMap
from cinekit.loop import RenderOptions
from cinekit.mend.finish import Finisher
from cinekit.mend.whole import WholeOptions
from cinekit.model import (
    Candidate,
    Clip,
    Motion,
    Region,
    Regions,
    Result,
    SemanticResponse,
    Stabilisation,
)

SIZE = (72, 128)
SIDE = 16
FRAMES = 60
TEXTURE = (20, 5)
"""The label of the texture."""


def scene() -> tuple[Clip, np.ndarray, np.ndarray]:
    """A bright patterned square that walks over a still wall; what it sweeps; a field about it."""
    rng = np.random.default_rng(0)
    wall = rng.integers(40, 70, (*SIZE, 3), dtype=np.uint8)
    square = rng.integers(170, 250, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    square = square.repeat(4, 0).repeat(4, 1)
    frames = np.repeat(wall[None], FRAMES, axis=0)
    swept = np.zeros(SIZE, bool)
    for frame, x in zip(frames, np.linspace(30, 80, FRAMES).round().astype(int), strict=True):
        frame[30 : 30 + SIDE, x : x + SIDE] = square
        swept[30 : 30 + SIDE, x : x + SIDE] = True
    field = np.zeros(SIZE, bool)
    field[10:65, 5:123] = True
    return Clip(frames, 20.0), swept, field


def made(clip, field, name="grass") -> tuple[Finisher, Candidate, LabelMap]:
    """A finisher for the field, its candidate, and labels that loop all of it as a texture."""
    region = Region(name, Motion.NATURAL, field, float(field.mean()), 1.0)
    result = Result(
        clip=clip,
        stabilisation=Stabilisation(False, 0.0, 0.0, 1.0, True),
        response=SemanticResponse(np.zeros((FRAMES, 2, 2, 0), np.uint8), (), "none"),
        regions=Regions((region,), (), field),
        working=(FRAMES, *SIZE),
        every=1,
        cinemagraphs=(),
        stages=(),
        settings={},
    )
    period, start = TEXTURE
    labels = LabelMap(
        np.where(field, period, 1).astype(np.int16),
        np.where(field, start, 0).astype(np.int16),
        FRAMES,
    )
    candidate = Candidate(name, (name,), field)
    return Finisher(result, RenderOptions(), WholeOptions(), LimitJudge()), candidate, labels


def ways_of(finisher, candidate, labels):
    ways = finisher._other_ways(candidate, labels)
    return {next(iter(way.statistics)): way for way in ways}


def test_a_thing_in_a_texture_is_held_or_goes_whole():
    clip, swept, field = scene()
    ways = ways_of(*made(clip, field))
    assert list(ways) == ["held still", "things whole", "whole pieces"]
    held = ways["held still"]
    assert not held.labels.looping[swept].any()
    assert held.labels.looping[field].mean() > 0.5
    assert not held.asked[swept].any()
    mixed = ways["things whole"].labels
    assert mixed.returns[swept].all()
    kept = mixed.looping & ~mixed.returns
    assert kept[field].mean() > 0.3
    assert set(mixed.period[kept]) == {TEXTURE[0]}
    assert set(mixed.start[kept]) == {TEXTURE[1]}


def test_a_texture_without_things_is_only_made_whole():
    clip, _, field = scene()
    still = Clip(np.repeat(clip.frames[:1], FRAMES, axis=0), clip.fps)
    assert set(ways_of(*made(still, field))) <= {"whole pieces"}


def test_firm_pixels_stay_as_they_are():
    clip, swept, field = scene()
    ways = ways_of(*made(clip, field))
    assert all(way.firm is not None and way.firm[swept].all() for way in ways.values())
