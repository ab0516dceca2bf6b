"""What a plugin implements. Everything swappable is one of these small classes.

A component is a keyword-only frozen dataclass of plain fields, cheap to build: heavy imports and
files are touched when its method is called. The fields are its options: the dataclass is the schema
of its yaml file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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

if TYPE_CHECKING:
    from cinekit.rank.base import Features, FittedRanker

Progress = Callable[[float], None]
"""Called with the share done, in [0, 1], from the thread that works. Must be cheap."""


def silent(_share: float) -> None:
    """The progress callback that does nothing."""


class Reporter(Protocol):
    """Where a job says what it is doing. The console and the tests each have their own."""

    def stage(self, name: str) -> AbstractContextManager[Progress]:
        """A stage of the job, while the block runs; the progress callback is for its work."""
        ...

    def note(self, text: str) -> None:
        """Something worth knowing, one line."""
        ...

    def warn(self, text: str) -> None:
        """Something to worry about, one line."""
        ...


class SilentReporter:
    """The reporter that says nothing."""

    def stage(self, name: str) -> AbstractContextManager[Progress]:
        """A stage that is not shown."""
        return nullcontext(silent)

    def note(self, text: str) -> None:
        """Drop the note."""

    def warn(self, text: str) -> None:
        """Drop the warning: the result holds it too."""


class Component(Protocol):
    """What all components share: they are dataclasses.

    Two methods are optional. ``unavailable() -> str | None`` says why it cannot run here.
    ``cache_key() -> str | None`` is for a segmenter or solver whose answer depends on more than its
    input, its fields, the files that they name and its code; see
    :func:`cinekit.store.fingerprint.identity`.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]


@runtime_checkable
class Segmenter(Component, Protocol):
    """Sees what is where, frame by frame.

    A network with a vocabulary of its own is easiest written as a subclass of
    :class:`cinekit.see.NetworkSegmenter`, which does the folding, quantising and skipping.
    """

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The response for every frame of the clip: T equals ``clip.n_frames``.

        Raises
        ------
        SegmenterError, WeightsError
            When the weights or labels do not fit.
        """
        ...


@dataclass(frozen=True, eq=False)
class OnePeriod:
    """Labels that show loops of one period, each from its own start frame, the same everywhere.

    With ``A(x, k, j) = sum_{f<j} |X(x, f) - X(x, f + k p)|^2``, an end x of an edge sees labels at
    most p apart ``|A(x, 1, s) - A(x, 1, s')| / p`` apart, and others as
    :func:`cinekit.energy.distance.from_sums` says; the edge costs its weight times both.

    period : p > 1. starts : int64 (L,), ascending.
    sums : float32 (h * w, m, F), A for k = 1 .. m, up to the farthest starts.
    weights : of the edges, float32 (h - 1, w) and (h, w - 1).
    """

    period: int
    starts: NDArray[np.int64]
    sums: NDArray[np.float32]
    weights: tuple[NDArray[np.float32], NDArray[np.float32]]


@runtime_checkable
class LabelProblem(Protocol):
    """A grid Markov random field whose pair cost depends on the edge and on both labels.

    A labelling is an int32 (h, w) array of label indices in ``[0, n_labels)``.

    Solvers know nothing else of a problem, except that they ask for these, which are optional:

    ``one_period() -> OnePeriod | None``
        Without it the default solver uses ``line``, and where there is none, moves alone.
    ``in_order : bool``
        Labels beside each other cost much the same. Without it all labels are proposed in turn.
    ``part(labels) -> LabelProblem``
        The same problem with some labels only, int (L',). Without it none can be left out.
    ``move_costs(labels, new, reuse, area, guess)``, ``mixed_costs(taken, costs, area)``
        As those of :class:`cinekit.energy.LoopProblem`: all pair costs of a move in one pass.
        Without them ``pairwise`` is called six times a move.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        ...

    @property
    def n_labels(self) -> int:
        """L."""
        ...

    @property
    def unary(self) -> NDArray[np.float32]:
        """float32 (L, h, w): cost of each label at each pixel; ``inf`` forbids it there."""
        ...

    def pairwise(
        self, axis: int, a: NDArray[np.int32] | int, b: NDArray[np.int32] | int
    ) -> NDArray[np.float32]:
        """Cost of every edge along an axis when its first end takes a and its second takes b.

        axis 0 joins (i, j) to (i + 1, j): float32 (h - 1, w). axis 1 joins (i, j) to (i, j + 1):
        float32 (h, w - 1). ``a`` and ``b`` are label indices in that shape, or one index for all.
        Costs are >= 0, and 0 where both ends show the same frames.
        """
        ...

    def line(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """The line metric, when the pair cost of this problem is one, else None.

        Two non-decreasing warps (along the last axis): vertical float32 (h - 1, w, L) and
        horizontal float32 (h, w - 1, L), with ``pairwise(axis, a, b) == |warp[a] - warp[b]|``.
        """
        ...

    def energy(self, labels: NDArray[np.int32]) -> float:
        """Sum of unary and pairwise costs, accumulated in float64."""
        ...


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver returns.

    labels : int32 (h, w).
    energy : what the solver believes it reached; the pipeline checks it against the problem.
    bound : a lower bound on the optimum, where the solver has one.
    statistics : counts such as "moves", "sweeps", "truncated" (terms made submodular).
    """

    labels: NDArray[np.int32]
    energy: float
    bound: float | None = None
    statistics: dict[str, float] = field(default_factory=dict)


@runtime_checkable
class Solver(Component, Protocol):
    """Finds a labelling of low energy."""

    def solve(
        self,
        problem: LabelProblem,
        start: NDArray[np.int32] | None = None,
        progress: Progress = silent,
    ) -> Solution:
        """A labelling whose energy is never above that of ``start``.

        Without a start, the solver chooses its own. The same problem gives the same labels,
        whatever the number of threads.

        Raises
        ------
        SolverError
            When this solver cannot express the problem, or no labelling is allowed.
        """
        ...


@dataclass(frozen=True, eq=False)
class Proposal:
    """Another way to make a candidate.

    words : what was done to it, in two or three words; a count of 1 in its statistics.
    labels : at the resolution of the clip.
    asked : bool (H, W), where it should move.
    firm : bool (H, W), pixels that stay looping or still, as they are, while borders are refined.
    band : how many times as wide as usual the band is in which they are.
    """

    words: str
    labels: LabelMap
    asked: NDArray[np.bool_]
    firm: NDArray[np.bool_] | None = None
    band: int = 1


@runtime_checkable
class Attempt(Component, Protocol):
    """Mends a candidate whose loop is not good."""

    def propose(
        self, clip: Clip, regions: Regions, candidate: Candidate, labels: LabelMap, longest: int
    ) -> Proposal | None:
        """Other labels for a candidate, or None where this has nothing to offer.

        What it measures of the clip alone goes through ``clip.view.once``: it is asked again for
        every candidate.

        Parameters
        ----------
        regions : what moves in the clip.
        labels : those of the solver, at the resolution of the clip.
        longest : frames of the longest loop that will be rendered.
        """
        ...


@runtime_checkable
class Judge(Component, Protocol):
    """Says whether a loop can be shown to a person, and why not."""

    def judge(
        self,
        clip: Clip,
        labels: LabelMap,
        candidate: Candidate,
        regions: Regions,
        frames: NDArray[np.uint8],
        first: int = 0,
    ) -> Judgement:
        """The verdict on a rendered candidate, its reasons in plain words, and its measures.

        Parameters
        ----------
        labels : at the resolution of the clip.
        candidate : whose target says where it should move.
        regions : what moves in the clip.
        frames : uint8 (n, H, W, 3), the loop once, from frame 0 of the labels on.
        first : the frame that its file begins with.

        Raises
        ------
        RenderError
            When the sizes differ.
        """
        ...


@runtime_checkable
class Writer(Component, Protocol):
    """Writes a loop to a file."""

    suffix: ClassVar[str]
    """With the dot: ".mp4"."""
    media_type: ClassVar[str]
    """Of the file: the report plays "video/...", shows "image/..." and links all others."""

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write ``repeat`` rounds of the loop; the file appears whole or not at all.

        frames : each uint8 (H, W, 3) RGB; the whole loop once.

        Raises
        ------
        WriteError
            When the folder is not writable or the encoder refuses.
        """
        ...


@runtime_checkable
class FeatureExtractor(Component, Protocol):
    """Describes a loop in numbers, for the rankers."""

    def extract(self, scene: Scene, loop: Loop, frames: NDArray[np.uint8]) -> Mapping[str, float]:
        """Feature name -> value, the same names every time; NaN where there is no answer.

        The names of all extractors that run together are different: a prefix keeps them apart.

        frames : uint8 (n, H, W, 3), the rendered loop once.

        Raises
        ------
        RankError
            When the frames are not a loop that it can describe.
        """
        ...


@runtime_checkable
class Ranker(Component, Protocol):
    """Learns from everybody's ratings. A component: its fields are its options."""

    fitted: ClassVar[type[FittedRanker]]
    """What ``fit`` returns, so that a saved model can be read back."""

    def fit(self, features: Features, ratings: NDArray[np.float64]) -> FittedRanker:
        """Features of N cinemagraphs and ratings (N, U), 1 to 5, NaN = not rated.

        Raises
        ------
        RankError
            When they do not fit together or there is no rating at all.
        """
        ...
