"""What is decided for the demo clip, held against what was decided when somebody last looked at it.

Decisions and energies with a tolerance, no exact floats: the same energies come out of another
processor with other last digits. ``pytest tests/golden --update-golden`` writes the files anew;
look at the pictures before you commit them. A failure leaves ``*.received.png`` beside the expected
one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cinekit import make
from cinekit.result import Cinemagraph, Result
from cinekit.testing import demo_clip
from cinekit.write import labels_image

HERE = Path(__file__).parent
FILE = HERE / "harbour.json"
SIZE, FRAMES = (108, 192), 48

ENERGY = 0.01
"""Relative: a solver that ends 1 % lower is a reason to look, and to write the files anew."""

AREA = 0.02
"""Share of the frame."""

PIXELS = 0.03
"""Share of the pixels that may have another label."""


@pytest.fixture(scope="module")
def result() -> Result:
    return make(demo_clip(size=SIZE, frames=FRAMES))


def decisions(result: Result) -> dict[str, Any]:
    return {
        "regions": {r.name: [str(r.motion), round(r.area, 3)] for r in result.regions.regions},
        "dropped": [dropped.name for dropped in result.regions.dropped],
        "candidates": {c.candidate.id: decided(c) for c in by_name(result)},
    }


def decided(cinemagraph: Cinemagraph) -> dict[str, Any]:
    labels = cinemagraph.labels
    periods, counts = np.unique(labels.period[labels.looping], return_counts=True)
    return {
        "verdict": str(cinemagraph.judgement.verdict),
        "frames": cinemagraph.n_frames,
        "period": int(periods[counts.argmax()]),
        "looping": round(float(labels.looping.mean()), 3),
        "energy": {name: round(e.total, 3) for name, e in cinemagraph.energies.items()},
    }


def by_name(result: Result) -> list[Cinemagraph]:
    return sorted(result.cinemagraphs, key=lambda one: one.candidate.id)


def picture(name: str, what: str = "") -> Path:
    return HERE / f"{name.replace('+', '_and_')}{what}.png"


@pytest.fixture(scope="module")
def expected(result: Result, request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.config.getoption("--update-golden"):
        FILE.write_text(json.dumps(decisions(result), indent=1) + "\n")
        for old in HERE.glob("*.png"):
            old.unlink()
        for one in result.cinemagraphs:
            Image.fromarray(labels_image(one.labels)).save(picture(one.candidate.id), optimize=True)
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def test_what_moves_and_how(result: Result, expected: dict[str, Any]) -> None:
    found = decisions(result)
    assert found["dropped"] == expected["dropped"]
    assert list(found["regions"]) == list(expected["regions"])
    for name, (motion, area) in expected["regions"].items():
        assert found["regions"][name] == [motion, pytest.approx(area, abs=AREA)]


def test_what_becomes_of_every_candidate(result: Result, expected: dict[str, Any]) -> None:
    found = decisions(result)["candidates"]
    assert list(found) == list(expected["candidates"])
    for name, one in expected["candidates"].items():
        energy, looping = one.pop("energy"), one.pop("looping")
        assert found[name].pop("energy") == pytest.approx(energy, rel=ENERGY, abs=0.05)
        assert found[name].pop("looping") == pytest.approx(looping, abs=AREA)
        assert found[name] == one


def test_labels_look_as_they_did(result: Result, expected: dict[str, Any]) -> None:
    wrong = {}
    for one in result.cinemagraphs:
        name = one.candidate.id
        received = labels_image(one.labels)
        before = np.asarray(Image.open(picture(name)))
        differing = float((received != before).any(axis=-1).mean())
        if differing > PIXELS:
            Image.fromarray(received).save(picture(name, ".received"))
            wrong[name] = round(differing, 3)
    assert wrong == {}, "share of pixels with another label; see *.received.png"
