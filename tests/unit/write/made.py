"""A small, complete Result that nobody solved: enough to report on."""

from __future__ import annotations

import numpy as np

from cinekit.labels import LabelMap
from cinekit.loop import RenderOptions
from cinekit.model import (
    Candidate,
    Category,
    Clip,
    Dropped,
    EnergyTerms,
    Judgement,
    Motion,
    Region,
    Regions,
    SemanticResponse,
    Stabilisation,
    StageCost,
    Verdict,
)
from cinekit.result import Cinemagraph, Result
from cinekit.testing.writer_suite import pond

T, H, W = 40, 48, 64
CLIP = Clip(pond(T, H, W), 20.0, "pond & <b>sons</b>", ("trimmed",), ("it <i>shakes</i>",))


def labels(period: int = 32) -> LabelMap:
    """Left half loops from frame 4, right half stands at frame 8; a quarter loops at 16."""
    p = np.full((H, W), period, np.int16)
    p[: H // 4] = 16
    p[:, W // 2 :] = 1
    s = np.where(p > 1, 4, 8).astype(np.int16)
    return LabelMap(p, s, T)


def cinemagraph(name: str, verdict: Verdict, *reasons: str) -> Cinemagraph:
    target = np.zeros((H, W), bool)
    target[:, : W // 2] = True
    return Cinemagraph(
        clip=CLIP,
        render=RenderOptions(),
        candidate=Candidate(name, ("water",), target),
        labels=labels(),
        n_frames=32,
        judgement=Judgement(
            verdict, reasons, {"moving_area": 0.25, "seam_step": 1.1, "odd": float("nan")}
        ),
        energies={
            "start": EnergyTerms(10.0, 5.0, 25.0),
            "stage 3": EnergyTerms(4.0, 2.0, 14.0),
            "borders after": EnergyTerms(0.1, 0.0, 0.4),
        },
        statistics={"moves": 12.0, "bound": float("inf")},
    )


def result(*cinemagraphs: Cinemagraph) -> Result:
    """A result of the given cinemagraphs on a rippling clip."""
    water = np.zeros((H, W), bool)
    water[:, : W // 2] = True
    category = Category("water", Motion.NATURAL)
    return Result(
        clip=CLIP,
        stabilisation=Stabilisation(True, 1.5, 0.02, 0.9, True),
        response=SemanticResponse(
            np.full((T, 2, 2, 1), 255, np.uint8), (category,), "masks", ("one class",)
        ),
        regions=Regions(
            (Region("water", Motion.NATURAL, water, 0.5, 0.8),),
            (Dropped("road", "static"), Dropped("<u>bird</u>", "moves too little (0.021)")),
            water,
        ),
        working=(10, 24, 32),
        every=4,
        cinemagraphs=cinemagraphs,
        ranking=None,
        stages=(StageCost("read", 0.5, 10**8), StageCost("solve", 75.0, 2 * 10**9)),
        settings={"segmenter": {"class": "MaskSegmenter", "path": "a.png"}, "repeat": 1},
        notes=("a note",),
        warnings=("a warning",),
    )


def three(first: str = "water") -> Result:
    """One good, one doubtful, one refused."""
    return result(
        cinemagraph(first, Verdict.GOOD),
        cinemagraph("water_2", Verdict.DOUBTFUL, "a seam may show"),
        cinemagraph("boat", Verdict.REFUSED, "torn: 30 % of its border"),
    )
