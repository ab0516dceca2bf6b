from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from cinekit.errors import SegmenterError
from cinekit.model import Category, Clip, Motion, SemanticResponse
from cinekit.see import CombineSegmenter, NetworkSegmenter
from cinekit.testing import SegmenterSuite
from tests.unit.see.made import Canned, box, response

SIZE = (24, 32)
T = 4


@dataclass(frozen=True, kw_only=True)
class BrightSegmenter(NetworkSegmenter):
    """What is bright is one thing."""

    name: str

    def classes(self):
        return ["background", self.name]

    def probabilities(self, frames):
        bright = frames.mean(axis=-1, dtype=np.float32) / np.float32(255)
        return np.stack([1 - bright, bright], axis=-1)


def constant(index: np.ndarray) -> np.ndarray:
    return np.broadcast_to(index, (T, *index.shape))


def face(sure: float = 1.0) -> SemanticResponse:
    index = np.zeros(SIZE, int)
    index[box(SIZE, 4, 12, 8, 16)] = 1
    index[box(SIZE, 6, 8, 10, 14)] = 2
    return response(constant(index), ["background", "skin", "eyes"], sure)


def person() -> SemanticResponse:
    index = np.zeros(SIZE, int)
    index[:, 4:20] = 1
    index[:, 24:] = 2
    return response(constant(index), ["background", "person", "water"])


def combined(parts: SemanticResponse, scene: SemanticResponse) -> SemanticResponse:
    segmenter = CombineSegmenter(parser=Canned(answer=parts), scene=Canned(answer=scene))
    return segmenter.respond(Clip(np.zeros((T, 48, 64, 3), np.uint8), 25.0))


def winners(answer: SemanticResponse) -> np.ndarray:
    names = np.array([category.name for category in answer.categories])
    return names[answer.probabilities[0].argmax(axis=-1)]


def test_parts_of_a_face_override_the_person():
    won = winners(combined(face(), person()))
    assert won[7, 12] == "eyes"
    assert won[10, 12] == "skin"
    assert won[20, 12] == "person"
    assert won[10, 28] == "water"
    assert won[10, 1] == "background"


def test_what_the_parser_is_unsure_of_is_shared():
    answer = combined(face(sure=0.8), person())
    names = [category.name for category in answer.categories]
    cell = dict(zip(names, answer.frame(0)[10, 12], strict=True))
    # 0.8 skin, 0.1 eyes, and 0.1 background which the scene takes for a person.
    assert cell["skin"] == pytest.approx(0.8, abs=0.02)
    assert cell["eyes"] == pytest.approx(0.1, abs=0.02)
    assert cell["person"] == pytest.approx(0.1, abs=0.02)


def test_both_say_where_it_is_from():
    answer = combined(face(), person())
    assert answer.source == "made on made"
    assert [category.name for category in answer.categories] == [
        *("background", "person", "water"),
        *("skin", "eyes"),
    ]


def test_a_parser_without_background_is_refused():
    everywhere = SemanticResponse(
        np.full((T, 4, 4, 1), 255, np.uint8), (Category("skin", Motion.NON_NATURAL),), "parser"
    )
    with pytest.raises(SegmenterError, match="the parser parser to have the category 'background'"):
        combined(everywhere, person())


class TestCombine(SegmenterSuite):
    """Two of the simplest segmenters on one clip."""

    def segmenter(self):
        water = BrightSegmenter(name="water")
        return CombineSegmenter(parser=BrightSegmenter(name="skin"), scene=water)
