"""The core's own components, registered through the same hooks as anybody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cinekit.plug.hooks import LazyComponents, hookimpl

if TYPE_CHECKING:
    from cinekit.protocols import (
        Attempt,
        FeatureExtractor,
        Judge,
        Ranker,
        Segmenter,
        Solver,
        Writer,
    )


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """Segmenters that need no weights, and the ones that combine others."""
    return LazyComponents(
        {
            "motion": "cinekit.see.motion:MotionSegmenter",
            "masks": "cinekit.see.masks:MaskSegmenter",
            "scene": "cinekit.see.scene:SceneSegmenter",
            "ensemble": "cinekit.see.ensemble:EnsembleSegmenter",
            "combine": "cinekit.see.ensemble:CombineSegmenter",
            "refine": "cinekit.see.refine:RefineSegmenter",
        }
    )


@hookimpl
def cinekit_solvers() -> Mapping[str, type[Solver]]:
    """Solvers under a permissive licence."""
    return LazyComponents(
        {
            "multiscale": "cinekit.solve.multiscale:MultiscaleSolver",
            "expansion": "cinekit.solve.expansion:ExpansionSolver",
            "brute_force": "cinekit.solve.brute:BruteForceSolver",
        }
    )


@hookimpl
def cinekit_attempts() -> Mapping[str, type[Attempt]]:
    """What is tried when the solver's labels make no good loop."""
    return LazyComponents(
        {
            "held": "cinekit.mend.held:HeldAttempt",
            "mixed": "cinekit.mend.whole:MixedAttempt",
            "whole": "cinekit.mend.whole:WholeAttempt",
        }
    )


@hookimpl
def cinekit_judges() -> Mapping[str, type[Judge]]:
    """The judge that holds figures against limits."""
    return LazyComponents({"limits": "cinekit.judge:LimitJudge"})


@hookimpl
def cinekit_rankers() -> Mapping[str, type[Ranker]]:
    """Rankers of [O] Fig. 8, and the ones that go beyond it."""
    return LazyComponents(
        {
            "prior": "cinekit.rank.prior:PriorRanker",
            "random": "cinekit.rank.rankers:RandomRanker",
            "constant": "cinekit.rank.rankers:ConstantRanker",
            "global_forest": "cinekit.rank.rankers:GlobalForestRanker",
            "individual_forest": "cinekit.rank.rankers:IndividualForestRanker",
            "srf": "cinekit.rank.rankers:SharedForestRanker",
            "completion": "cinekit.rank.completion:CompletionRanker",
            "joint": "cinekit.rank.joint:JointRanker",
        }
    )


@hookimpl
def cinekit_features() -> Mapping[str, type[FeatureExtractor]]:
    """Features that need no network, and faces through any parser of faces."""
    return LazyComponents(
        {
            "standard": "cinekit.features:StandardFeatures",
            "faces": "cinekit.features:FaceFeatures",
        }
    )


@hookimpl
def cinekit_writers() -> Mapping[str, type[Writer]]:
    """Writers of the formats that every browser plays."""
    return LazyComponents(
        {
            "mp4": "cinekit.write:Mp4Writer",
            "webm": "cinekit.write:WebmWriter",
            "gif": "cinekit.write:GifWriter",
            "webp": "cinekit.write:WebpWriter",
        }
    )
