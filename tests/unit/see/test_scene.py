from __future__ import annotations

import numpy as np
import pytest

from cinekit.errors import BrokenPluginError, ConfigError
from cinekit.see import EnsembleSegmenter, SceneSegmenter
from cinekit.testing.segmenter_suite import check_response
from tests.unit.see.made import Canned, clip, response

SIZE = (24, 32)
T = 20
CLIP = clip(np.ones(SIZE, bool), T)


def constant(index: np.ndarray) -> np.ndarray:
    return np.broadcast_to(index, (T, *index.shape))


def left(value: int = 1, other: int = 0, columns: int = 16) -> np.ndarray:
    index = np.full(SIZE, other)
    index[:, :columns] = value
    return index


def scene(semantic, motion, **options):
    merged = SceneSegmenter(
        semantic=Canned(answer=semantic), motion=Canned(answer=motion), **options
    ).respond(CLIP)
    check_response(merged, CLIP)
    return merged


def winners(merged, t: int = 0) -> np.ndarray:
    names = np.array([c.name for c in merged.categories])
    return names[merged.probabilities[t].argmax(axis=-1)]


def test_fire_that_the_network_calls_a_wall_becomes_a_motion_region():
    merged = scene(
        response(constant(np.ones(SIZE, int)), ["background", "road"]),
        response(constant(left()), ["background", "texture 1"]),
    )
    assert (winners(merged)[:, :15] == "texture 1").all()
    assert (winners(merged)[:, 17:] == "road").all()


def test_a_motion_region_full_of_water_is_water():
    seen = left(1, 0, columns=12)  # the network misses the last quarter of it
    merged = scene(
        response(constant(seen), ["background", "water"], sure=0.8),
        response(constant(left()), ["background", "texture 1"]),
    )
    assert (winners(merged)[:, :15] == "water").all()
    assert "texture 1" not in {c.name for c in merged.categories}
    assert "motion regions named by the network: texture 1 is water" in merged.notes


def test_what_the_network_is_unsure_of_does_not_count():
    unsure = response(constant(left()), ["background", "water", "flower"], sure=0.4)
    merged = scene(unsure, response(constant(np.zeros(SIZE, int)), ["background", "texture 1"]))
    assert (winners(merged) == "background").all()


def test_small_guesses_inside_an_unknown_region_are_swallowed():
    seen = np.zeros(SIZE, int)
    seen[4:7, 4:7] = 1
    merged = scene(
        response(constant(seen), ["background", "bird"]),
        response(constant(left()), ["background", "texture 1"]),
    )
    assert (winners(merged)[:, :15] == "texture 1").all()


def test_a_thing_that_is_mostly_elsewhere_is_not_swallowed():
    seen = np.zeros(SIZE, int)
    seen[4:8, 13:28] = 1
    merged = scene(
        response(constant(seen), ["background", "bird"]),
        response(constant(left()), ["background", "texture 1"]),
    )
    assert (winners(merged)[4:8, 14:27] == "bird").all()


def test_a_thing_that_passes_names_the_region_that_it_sweeps_and_keeps_coming_and_going():
    maps = []
    for t in range(T):
        index = np.zeros(SIZE, int)
        index[8:16, t : t + 8] = 1
        maps.append(index)
    swept = np.zeros(SIZE, int)
    swept[8:16, :28] = 1
    merged = scene(
        response(maps, ["background", "dog"]), response(constant(swept), ["background", "object 1"])
    )
    assert "object 1" not in {c.name for c in merged.categories}
    assert winners(merged, 0)[12, 3] == "dog"
    assert winners(merged, 0)[12, 20] == "background"
    assert winners(merged, T - 1)[12, 22] == "dog"


def test_a_nodding_flower_moves_like_a_thing_and_is_still_a_flower():
    maps = [left(1, 0, columns=10 if t % 2 else 16) for t in range(T)]
    merged = scene(
        response(maps, ["background", "flower"]),
        response(constant(left()), ["background", "object 1"]),
    )
    assert (winners(merged)[:, :15] == "flower").all()


def test_grass_does_not_name_the_dog_before_it():
    maps = []
    for t in range(T):
        index = np.ones(SIZE, int)
        index[:, t % 16 : t % 16 + 6] = 2
        maps.append(index)
    merged = scene(
        response(maps, ["background", "grass", "dog"]),
        response(constant(left()), ["background", "object 1"]),
    )
    assert "motion regions named by the network: object 1 is dog" in merged.notes


def missed(other: str | None) -> str:
    """The notes when a dog is seen in a third of what it sweeps, and perhaps something else too."""
    index = np.zeros(SIZE, int)
    index[4:12, :16] = 1
    if other:
        index[16:22, :16] = 2
    names = ["background", "dog", *([other] if other else [])]
    merged = scene(
        response(constant(index), names), response(constant(left()), ["background", "object 1"])
    )
    return " ".join(merged.notes)


def test_a_thing_that_is_often_missed_still_names_what_only_it_can_have_swept():
    assert "object 1 is dog" in missed(None)
    assert missed("person") == ""


def test_the_finer_grid_is_kept():
    fine = np.kron(left(), np.ones((2, 2), int))
    merged = scene(
        response(constant(left()), ["background", "water"]),
        response(constant(fine), ["background", "texture 1"]),
    )
    assert merged.probabilities.shape[1:3] == (48, 64)


def test_it_cannot_run_where_one_of_its_parts_cannot():
    nothing = response(constant(left()), ["background", "water"])
    broken = Canned(answer=nothing, reason="the weights 'x' are not installed")
    whole = Canned(answer=nothing)
    assert SceneSegmenter(semantic=whole, motion=whole).unavailable() is None
    assert "weights 'x'" in (SceneSegmenter(semantic=broken, motion=whole).unavailable() or "")
    assert "weights 'x'" in (EnsembleSegmenter(members=(whole, broken)).unavailable() or "")


def test_a_part_that_answers_for_another_clip_is_refused():
    short = response(np.zeros((3, *SIZE), int), ["background"])
    whole = response(constant(left()), ["background", "water"])
    with pytest.raises(BrokenPluginError, match=r"20 frames of the clip .* received one for 3"):
        scene(whole, short)


@pytest.mark.parametrize("wrong", [{"confidence": 0.0}, {"naming": 1.2}])
def test_options_out_of_range_are_refused(wrong):
    answer = Canned(answer=response(constant(left()), ["background", "water"]))
    with pytest.raises(ConfigError, match=r"expected a value in \(0, 1\]"):
        SceneSegmenter(semantic=answer, motion=answer, **wrong)


def fused(*answers, weights=()):
    members = tuple(Canned(answer=answer) for answer in answers)
    out = EnsembleSegmenter(members=members, weights=weights).respond(CLIP)
    check_response(out, CLIP)
    return out


def test_a_network_that_has_no_word_for_it_does_not_vote_it_down():
    scenery = response(constant(left()), ["background", "water"])
    animals = response(constant(np.zeros(SIZE, int)), ["background", "dog"])
    assert (winners(fused(scenery, animals))[:, :16] == "water").all()
    assert (winners(fused(scenery, animals, weights=(1.0, 9.0)))[:, :16] == "water").all()


def test_a_network_that_has_the_word_does_vote_it_down():
    one = response(constant(left()), ["background", "dog"])
    other = response(constant(np.zeros(SIZE, int)), ["background", "dog"])
    assert (winners(fused(one, other, weights=(1.0, 2.0))) == "background").all()
    assert (winners(fused(one, other, weights=(2.0, 1.0)))[:, :16] == "dog").all()


def test_a_thing_that_only_one_network_knows_wins_over_the_others_background():
    scenery = response(constant(np.zeros(SIZE, int)), ["background", "water"])
    animals = response(constant(left()), ["background", "dog"])
    assert (winners(fused(scenery, animals))[:, :16] == "dog").all()


def test_an_ensemble_of_one_answer_twice_is_that_answer():
    one = response(constant(left()), ["background", "water", "dog"], sure=0.7)
    both = fused(one, one, weights=(1.0, 3.0))
    np.testing.assert_allclose(
        both.probabilities.astype(int), one.probabilities.astype(int), atol=1
    )


def test_a_network_that_knows_potted_plants_does_not_deny_bushes():
    scenery = response(constant(left()), ["background", "grass", "water", "texture 1", "road"])
    animals = response(constant(np.zeros(SIZE, int)), ["background", "dog", "grass"])
    assert (winners(fused(scenery, animals, weights=(1.0, 5.0)))[:, :16] == "grass").all()


@pytest.mark.parametrize(
    ("members", "weights", "message"),
    [(1, (), "at least 2"), (2, (1.0,), "one per member"), (2, (1.0, 0.0), "a value > 0")],
)
def test_wrong_ensembles_are_refused(members, weights, message):
    answer = Canned(answer=response(constant(left()), ["background", "water"]))
    with pytest.raises(ConfigError, match=message):
        EnsembleSegmenter(members=(answer,) * members, weights=weights)
