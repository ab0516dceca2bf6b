"""The ways in which a candidate is made again."""

import numpy as np

from cinekit import contract
from cinekit.labels import LabelMap
from cinekit.loop import RenderOptions
from cinekit.loop.timing import longest_loop
from cinekit.model import Candidate, Clip, Motion, Region, Regions
from cinekit.settings import Settings

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


def proposals(clip, field):
    """What the attempts say of a field that loops as a texture, by their words."""
    region = Region("grass", Motion.NATURAL, field, float(field.mean()), 1.0)
    regions = Regions((region,), (), field)
    labels = LabelMap.still(SIZE, 0, FRAMES).where(field, *TEXTURE)
    candidate = Candidate("grass", ("grass",), field)
    arguments = (clip, regions, candidate, labels, longest_loop(clip.fps, RenderOptions()))
    found = [contract.propose(attempt, *arguments) for attempt in Settings().attempts]
    return {one.words: one for one in found if one is not None}


def test_a_thing_in_a_texture_is_held_or_goes_whole():
    clip, swept, field = scene()
    ways = proposals(clip, field)
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
    assert set(proposals(still, field)) <= {"whole pieces"}


def test_firm_pixels_stay_as_they_are():
    clip, swept, field = scene()
    ways = proposals(clip, field)
    assert all(way.firm is not None and way.firm[swept].all() for way in ways.values())
