"""Components are called through these functions: what one returns is checked where it comes back.

A plugin that breaks its promise is one line that names it and its package, instead of a traceback
from deep inside whoever used the answer.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import BrokenPluginError
from cinekit.labels import LabelMap
from cinekit.model import (
    Candidate,
    Clip,
    Judgement,
    Loop,
    Regions,
    Scene,
    SemanticResponse,
)
from cinekit.protocols import (
    Attempt,
    FeatureExtractor,
    Judge,
    LabelProblem,
    Progress,
    Proposal,
    Segmenter,
    Solution,
    Solver,
    Writer,
    silent,
)


def respond(segmenter: Segmenter, clip: Clip, progress: Progress = silent) -> SemanticResponse:
    """What a segmenter sees: a response for every frame."""
    response: Any = segmenter.respond(clip, progress)
    if not isinstance(response, SemanticResponse):
        raise broken(segmenter, "respond", "a SemanticResponse", response)
    if response.n_frames != clip.n_frames:
        expected = f"a response for the {clip.n_frames} frames of the clip"
        raise broken(segmenter, "respond", expected, f"one for {response.n_frames}")
    return response


def solve(
    solver: Solver,
    problem: LabelProblem,
    start: NDArray[np.int32] | None = None,
    progress: Progress = silent,
) -> Solution:
    """What a solver finds: int32 labels on the grid of the problem."""
    solution: Any = solver.solve(problem, start, progress)
    if not isinstance(solution, Solution):
        raise broken(solver, "solve", "a Solution", solution)
    labels: Any = solution.labels
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int32:
        raise broken(solver, "solve", "int32 labels", getattr(labels, "dtype", labels))
    if labels.shape != problem.shape:
        raise broken(solver, "solve", f"labels {problem.shape}", str(labels.shape))
    if labels.min() < 0 or labels.max() >= problem.n_labels:
        found = f"{labels.min()} to {labels.max()}"
        raise broken(solver, "solve", f"labels from 0 to {problem.n_labels - 1}", found)
    return solution


def propose(
    attempt: Attempt,
    clip: Clip,
    regions: Regions,
    candidate: Candidate,
    labels: LabelMap,
    longest: int,
) -> Proposal | None:
    """What an attempt has to offer: labels of the clip's size."""
    proposal: Any = attempt.propose(clip, regions, candidate, labels, longest)
    if proposal is None:
        return None
    if not isinstance(proposal, Proposal):
        raise broken(attempt, "propose", "a Proposal or None", proposal)
    for what, size in (
        ("labels", proposal.labels.size),
        ("asked", proposal.asked.shape),
        ("firm", clip.size if proposal.firm is None else proposal.firm.shape),
    ):
        if size != clip.size:
            raise broken(attempt, "propose", f"{what} {clip.size}", str(size))
    return proposal


def judge(
    by: Judge,
    clip: Clip,
    labels: LabelMap,
    candidate: Candidate,
    regions: Regions,
    frames: NDArray[np.uint8],
    first: int = 0,
) -> Judgement:
    """What a judge says of a loop."""
    judgement: Any = by.judge(clip, labels, candidate, regions, frames, first)
    if not isinstance(judgement, Judgement):
        raise broken(by, "judge", "a Judgement", judgement)
    return judgement


def write(
    writer: Writer, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
) -> None:
    """Have a writer write a loop; the file is there afterwards, with something in it."""
    writer.write(frames, fps, path, repeat)
    if not path.is_file() or not path.stat().st_size:
        raise broken(writer, "write", f"the file {path.name}", "nothing")


def extract(
    extractor: FeatureExtractor,
    scene: Scene,
    loop: Loop,
    frames: NDArray[np.uint8],
) -> Mapping[str, float]:
    """What an extractor says of a cinemagraph: a number for every name."""
    values: Any = extractor.extract(scene, loop, frames)
    if not isinstance(values, Mapping):
        raise broken(extractor, "extract", "a mapping from names to numbers", values)
    for name, value in values.items():
        if not isinstance(name, str) or not isinstance(value, (int, float, np.number)):
            found = f"{name!r}: {type(value).__name__}"
            raise broken(extractor, "extract", "a mapping from names to numbers", found)
    return values


def fit(ranker: Any, features: Any, ratings: NDArray[np.float64]) -> Any:
    """What a ranker learns: an instance of the class that it says it returns."""
    fitted = ranker.fit(features, ratings)
    if not isinstance(fitted, ranker.fitted):
        raise broken(ranker, "fit", f"a {ranker.fitted.__name__}", fitted)
    return fitted


def broken(component: Any, method: str, expected: str, received: Any) -> BrokenPluginError:
    """The error that names the component, its package, what it promised and what came.

    received : its type is told; a text as it is.
    """
    cls = type(component)
    top = cls.__module__.partition(".")[0]
    entries = importlib.metadata.entry_points(group="cinekit")
    packages = {entry.module.partition(".")[0]: entry.dist for entry in entries}
    package = packages.get(top)
    owner = f"{package.name} {package.version}" if package else top
    if received is None or not isinstance(received, str):
        received = "None" if received is None else type(received).__name__
    return BrokenPluginError(
        f"{cls.__name__} of {owner}: expected {expected} from {method}(), received {received}; "
        "update or uninstall it"
    )
