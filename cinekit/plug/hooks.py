"""The hooks that a plugin may implement: one for each kind of component, one for known weights.

A plugin is a package with one entry point in the group ``cinekit``::

    [project.entry-points.cinekit]
    colour = "cinekit_colour"

whose module implements any of these hooks. Each returns a mapping from the name that a user types
(``segmenter=colour``) to the class behind it: a keyword-only frozen dataclass, see
:mod:`cinekit.protocols`. Hooks are called when cinekit needs the names, so keep the module light
and import the heavy library inside the component's method.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

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
    from cinekit.store.weights import KnownModel

GROUP = "cinekit"
"""The entry-point group, and the project name of the pluggy markers."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class LazyComponents(Mapping[str, type[Any]]):
    """Names of components whose modules are imported when they are asked for.

    A hook may return one instead of a dict, to keep ``cinekit --help`` and ``cinekit plugins``
    fast: ``LazyComponents({"motion": "package.module:Class"})``.
    """

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = dict(targets)

    def __getitem__(self, name: str) -> type[Any]:
        module, _, attribute = self._targets[name].partition(":")
        found: type[Any] = getattr(importlib.import_module(module), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)


@hookspec
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:  # type: ignore[empty-body]
    """Provide segmenters: they see what is where in a clip.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass

        import numpy as np
        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class BrightSegmenter:
            threshold: float = 0.7

            def respond(self, clip, progress=cinekit.silent):
                bright = clip.frames.mean(-1) > 255 * self.threshold
                cells = np.where(bright[..., None], [255, 0], [0, 255]).astype(np.uint8)
                light = cinekit.Category("light", cinekit.Motion.NATURAL)
                rest = cinekit.Category("background", cinekit.Motion.STATIC)
                progress(1.0)
                return cinekit.SemanticResponse(cells, (light, rest), source="bright")


        @cinekit.hookimpl
        def cinekit_segmenters():
            return {"bright": BrightSegmenter}

    Its options on the command line are the fields (``segmenter=bright segmenter.threshold=0.5``). A
    yaml file is for presets, and to tell what the options mean: ``conf/segmenter/bright.yaml``
    beside the module says ``name: bright`` and every default, each under its comment.
    """


@hookspec
def cinekit_solvers() -> Mapping[str, type[Solver]]:  # type: ignore[empty-body]
    """Provide solvers: they find a labelling of low energy on a grid.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass

        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class PlainSolver:
            def solve(self, problem, start=None, progress=cinekit.silent):
                labels = cinekit.first_labels(problem, start)
                progress(1.0)
                return cinekit.Solution(labels, energy=problem.energy(labels))


        @cinekit.hookimpl
        def cinekit_solvers():
            return {"plain": PlainSolver}
    """


@hookspec
def cinekit_attempts() -> Mapping[str, type[Attempt]]:  # type: ignore[empty-body]
    """Provide attempts: they propose other labels for a candidate whose loop is not good.

    They are tried in the order of ``attempt=[held,shorter,whole]`` until the verdict is good.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass

        import numpy as np
        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class ShorterAttempt:
            least: int = 8

            def propose(self, clip, regions, candidate, labels, longest):
                half = labels.period // 2
                if half[labels.looping].min(initial=longest) < self.least:
                    return None
                halved = labels.where(labels.looping, half, labels.start)
                return cinekit.Proposal("half the period", halved, asked=candidate.target)


        @cinekit.hookimpl
        def cinekit_attempts():
            return {"shorter": ShorterAttempt}
    """


@hookspec
def cinekit_judges() -> Mapping[str, type[Judge]]:  # type: ignore[empty-body]
    """Provide judges: they say whether a loop can be shown to a person, and why not.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass

        import numpy as np
        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class CalmJudge:
            most: float = 20.0

            def judge(self, clip, labels, candidate, regions, frames, first=0):
                step = float(np.abs(np.diff(frames.astype(np.int16), axis=0)).mean())
                if step <= self.most:
                    return cinekit.Judgement(cinekit.Verdict.GOOD, (), {"step": step})
                reason = f"it is restless: {step:.0f} grey levels a frame"
                return cinekit.Judgement(cinekit.Verdict.DOUBTFUL, (reason,), {"step": step})


        @cinekit.hookimpl
        def cinekit_judges():
            return {"calm": CalmJudge}
    """


@hookspec
def cinekit_rankers() -> Mapping[str, type[Ranker]]:  # type: ignore[empty-body]
    """Provide rankers: they predict how a user would rate a cinemagraph.

    ``fit`` learns from everybody's ratings and returns a :class:`cinekit.FittedRanker`, a dataclass
    of arrays and plain values; the class attribute ``fitted`` names its class, so that saved models
    can be read back.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass
        from typing import ClassVar

        import numpy as np
        import cinekit


        @dataclass(frozen=True, eq=False)
        class FittedMean(cinekit.FittedRanker):
            personal: ClassVar[bool] = False

            names: tuple[str, ...]
            order: np.ndarray
            mean: float

            def score(self, values, user, rows):
                return np.full(len(values), self.mean)


        @dataclass(frozen=True, kw_only=True)
        class MeanRanker:
            fitted: ClassVar = FittedMean

            def fit(self, features, ratings):
                training = cinekit.Training.check(features, ratings)
                mean = float(np.nanmean(training.ratings))
                return FittedMean(features.names, training.order, mean)


        @cinekit.hookimpl
        def cinekit_rankers():
            return {"mean": MeanRanker}
    """


@hookspec
def cinekit_features() -> Mapping[str, type[FeatureExtractor]]:  # type: ignore[empty-body]
    """Provide feature extractors: they describe a cinemagraph in numbers, for the rankers.

    Several run side by side (``features=[standard,redness]``), so the names that they give must
    differ: begin them with something of your own.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass

        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class RednessFeatures:
            def extract(self, scene, loop, frames):
                return {"redness_mean": float(frames[..., 0].mean()) / 255}


        @cinekit.hookimpl
        def cinekit_features():
            return {"redness": RednessFeatures}
    """


@hookspec
def cinekit_writers() -> Mapping[str, type[Writer]]:  # type: ignore[empty-body]
    """Provide writers: they write a loop to a file.

    Example
    -------
    A whole plugin module::

        from dataclasses import dataclass
        from typing import ClassVar

        import numpy as np
        import cinekit


        @dataclass(frozen=True, kw_only=True)
        class NpyWriter:
            suffix: ClassVar[str] = ".npy"
            media_type: ClassVar[str] = "application/octet-stream"

            def write(self, frames, fps, path, repeat=1):
                loop = list(cinekit.checked_frames(frames, fps, repeat))
                with cinekit.whole_file(path) as temporary, temporary.open("wb") as file:
                    np.save(file, np.stack(loop * repeat))


        @cinekit.hookimpl
        def cinekit_writers():
            return {"npy": NpyWriter}
    """


@hookspec
def cinekit_weights() -> Iterable[KnownModel]:  # type: ignore[empty-body]
    """List the published weights files that the components of this plugin have settings for.

    ``cinekit models`` shows, fetches and verifies them. Nothing is downloaded unasked.

    Example
    -------
    ::

        import cinekit

        WEIGHTS = [
            cinekit.KnownModel(
                name="tiny",
                file_name="tiny.onnx",
                bytes=4096,
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                url="https://example.org/tiny.onnx",
                licence="CC0",
                classes="voc_21",
                good_at="animals, people and vehicles",
            )
        ]


        @cinekit.hookimpl
        def cinekit_weights():
            return WEIGHTS
    """
