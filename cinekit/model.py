"""The values that flow through cinekit, from the clip to the cinemagraph.

Axes, used everywhere with these letters:

    T  frames            H, W  height and width in pixels        C  categories of a response
    K  top categories    L     labels                            N, U  cinemagraphs, users

Capital ``T H W`` belong to the clip that was read; lower case ``t h w`` to the *working* clip that
the energy is solved on (fewer, smaller frames). Time is counted in frames, never in seconds, unless
a name ends in ``_seconds``. All arrays in these types are read-only by convention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ClipError
from cinekit.labels import LabelMap
from cinekit.text import Brief
from cinekit.view import ClipView


class Motion(StrEnum):
    """How things of a category move (method [O] 3.1)."""

    STATIC = "static"
    """Does not move by itself: road, building, furniture."""
    NATURAL = "natural"
    """Stochastic texture: water, fire, grass, cloth in the wind. Any stretch of it may loop."""
    NON_NATURAL = "non_natural"
    """Rigid or articulated: person, animal, vehicle. Tears when it does not repeat."""


@dataclass(frozen=True)
class Category:
    """One of the things a segmenter can see.

    ``name`` is a lower-case word of the shared category table ("water") or the name that a
    segmenter without a vocabulary gives to a region ("texture 1"). ``motion`` may be given as its
    word ("natural").
    """

    name: str
    motion: Motion

    def __post_init__(self) -> None:
        object.__setattr__(self, "motion", Motion(self.motion))


@dataclass(frozen=True, eq=False, repr=False)
class Clip(Brief):
    """A short video in memory.

    frames : uint8 (T, H, W, 3), RGB, standard dynamic range, H and W even when read from a file.
    fps : frames per second, constant, > 0.
    name : a short name for output files, without folder and suffix.
    notes : what was done to the input on the way (trimmed, scaled, tone-mapped ...), one line each.
    warnings : what the user should worry about, one line each.
    """

    frames: NDArray[np.uint8]
    fps: float
    name: str = "clip"
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[-1] != 3 or self.frames.dtype != np.uint8:
            raise ClipError(
                "expected frames as uint8 (T, H, W, 3), "
                f"received {self.frames.dtype} {self.frames.shape}"
            )
        if not self.fps > 0:
            raise ClipError(f"expected fps > 0, received {self.fps}")

    @property
    def n_frames(self) -> int:
        """T."""
        return int(self.frames.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.n_frames / self.fps

    @property
    def view(self) -> ClipView:
        """What is measured on the frames, shared by all that look at this clip."""
        made = ClipView(self.frames, self.fps)
        view: ClipView = self.__dict__.setdefault("_view", made)  # one, whichever thread is first
        return view


def is_constant(frames: NDArray[Any]) -> bool:
    """Whether an array says one thing for all times: one item, or a broadcast view, on axis 0."""
    return frames.ndim > 0 and (len(frames) == 1 or frames.strides[0] == 0)


@dataclass(frozen=True, eq=False, repr=False)
class SemanticResponse(Brief):
    """F of [O] 3.1: what a segmenter sees, per frame, folded to categories.

    probabilities : uint8 (T, h, w, C); ``value / 255`` is a probability, a cell's values sum to 255
        up to rounding. Quantised because a whole clip of float32 channels would be gigabytes. A
        response that is the same in every frame is a broadcast view along T and costs one frame.
    categories : C of them, in the order of the last axis.
    source : the component that made it, for reports ("ade20k", "motion").
    notes : what the segmenter has to say (classes it never saw, the model that "auto" chose).

    The (h, w) grid covers the whole frame of the clip whatever its aspect: the centre of cell
    (i, j) lies at clip row ``(i + 0.5) * H / h - 0.5`` and column ``(j + 0.5) * W / w - 0.5``.
    """

    probabilities: NDArray[np.uint8]
    categories: tuple[Category, ...]
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        p = self.probabilities
        if p.dtype != np.uint8 or p.ndim != 4 or p.shape[-1] != len(self.categories):
            raise ValueError(
                f"expected probabilities as uint8 (T, h, w, {len(self.categories)}), "
                f"received {p.dtype} {p.shape}"
            )

    @property
    def n_frames(self) -> int:
        """T."""
        return int(self.probabilities.shape[0])

    @property
    def constant(self) -> bool:
        """Whether it is the same in every frame."""
        return is_constant(self.probabilities)

    @property
    def distinct(self) -> NDArray[np.uint8]:
        """The frames that may differ: all of them, or the one that stands for all."""
        return self.probabilities[:1] if self.constant else self.probabilities

    def frame(self, t: int) -> NDArray[np.float32]:
        """Probabilities of frame t: float32 (h, w, C) in [0, 1], sum 1 in every cell."""
        p = self.probabilities[t].astype(np.float32)
        total = p.sum(axis=-1, keepdims=True)
        share: NDArray[np.float32] = p / np.maximum(total, np.float32(1))
        return share

    def frames(self) -> Iterator[NDArray[np.float32]]:
        """``frame(t)`` for every t."""
        return (self.frame(t) for t in range(self.n_frames))


@dataclass(frozen=True, eq=False, repr=False)
class Region(Brief):
    """A category worth animating, and where it is: pi_k of [O] 3.1, the map that a user paints on.

    name : unique within a clip, used as the candidate's id ("water", "texture 1").
    mask : bool (H, W) at clip resolution.
    area : share of the frame that the mask covers, in [0, 1].
    moving : share of the mask's pixels that move by themselves, in [0, 1].
    """

    name: str
    motion: Motion
    mask: NDArray[np.bool_]
    area: float
    moving: float


@dataclass(frozen=True)
class Dropped:
    """A category that was seen and not kept, and why ("static", "moves too little (0.021)")."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Regions(Brief):
    """Top-K selection: what may move in this clip.

    regions : at most K, largest first. None is a result ("nothing moves by itself here").
    dropped : everything else that the segmenter saw, with the reason.
    moving : bool (H, W), every pixel that moves by itself, of whatever category.
    """

    regions: tuple[Region, ...]
    dropped: tuple[Dropped, ...]
    moving: NDArray[np.bool_]

    @property
    def natural(self) -> NDArray[np.bool_]:
        """bool (H, W): the OR of pi over the natural regions ([O] Eq. 3, lambda_t)."""
        return self._of(Motion.NATURAL)

    @property
    def rigid(self) -> NDArray[np.bool_]:
        """bool (H, W): pixels of non-natural regions that belong to no natural one."""
        return self._of(Motion.NON_NATURAL) & ~self.natural

    def _of(self, motion: Motion) -> NDArray[np.bool_]:
        out = np.zeros(self.moving.shape, bool)
        for region in self.regions:
            if region.motion is motion:
                out |= region.mask
        return out


@dataclass(frozen=True, eq=False, repr=False)
class Candidate(Brief):
    """One way to animate the clip: the set of regions that should move, ID of [O] Eq. 6.

    id : file-name safe, unique within a result ("water", "person+tree", "everything").
    regions : names of the regions that should move.
    target : bool (H, W), the OR of their maps.
    """

    id: str
    regions: tuple[str, ...]
    target: NDArray[np.bool_]


@dataclass(frozen=True)
class EnergyTerms:
    """The energy of [O] Eq. 1 and its parts, weights applied: ``total`` is their sum."""

    temporal: float
    label: float
    spatial: float

    @property
    def total(self) -> float:
        """E."""
        return self.temporal + self.label + self.spatial


class Verdict(StrEnum):
    """Whether a candidate can be shown to a person."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """0 for good, 1 for doubtful, 2 for refused."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Judgement:
    """A verdict, the reasons for it (one line each), and the measures it rests on.

    measures : named figures in their own units; see :mod:`cinekit.judge.figures`.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    measures: Mapping[str, float]


@dataclass(frozen=True, eq=False, repr=False)
class Loop(Brief):
    """A solved and judged candidate; its frames are rendered on demand, because they are large.

    labels : at the resolution of the clip.
    n_frames : length of the rendered loop.
    energies : energy after each stage, by the stage's name, in the order they ran.
    first : frame of the time map that its file begins with, in [0, n_frames).
    """

    candidate: Candidate
    labels: LabelMap
    n_frames: int
    judgement: Judgement
    energies: Mapping[str, EnergyTerms]
    statistics: Mapping[str, float] = field(default_factory=dict)
    first: int = 0


@dataclass(frozen=True)
class Stabilisation:
    """What registration to a reference frame found and did.

    applied : whether the frames were warped; False leaves them bit-equal.
    drift : largest displacement of a frame corner against the reference frame, pixels.
    residual : median reprojection error of the inliers after the warp, pixels.
    inliers : median share of tracked points that follow the camera's motion, in [0, 1].
    trusted : False when the scene gives too little to hold on to; the warnings then say so.
    """

    applied: bool
    drift: float
    residual: float
    inliers: float
    trusted: bool


@dataclass(frozen=True)
class StageCost:
    """What one stage of the job took: wall seconds, and the peak resident memory so far, bytes.

    ``peak_bytes`` is 0 where the system does not tell.
    """

    name: str
    seconds: float
    peak_bytes: int


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Scene(Brief):
    """What was seen in a clip, before anything is solved: all candidates share it.

    clip : the clip that labels index (after stabilisation).
    working : (t, h, w) that the energy is solved on.
    every : source frames per working frame.
    """

    clip: Clip
    stabilisation: Stabilisation
    response: SemanticResponse
    regions: Regions
    working: tuple[int, int, int]
    every: int


def best_first(
    verdict: Verdict, score: float | None, moving_area: float | None, candidate: str
) -> tuple[int, float, float, str]:
    """The key that sorts cinemagraphs best first, wherever they are listed.

    By verdict; then by the ranker's score, where one was asked; then the more of the frame moves,
    the earlier; then by name. A verdict comes before any taste: nobody's favourite is torn.
    """
    return verdict.rank, -(score or 0.0), -(moving_area or 0.0), candidate


@dataclass(frozen=True)
class Ranking:
    """What a ranker said of a result's candidates.

    by : which one. personal : whether the scores depend on the user.
    ratings : how many of the user's own it rests on.
    scores : by candidate, the predicted rating, 1 to 5.
    """

    by: str
    personal: bool
    user: str | None
    ratings: int
    scores: Mapping[str, float]

    @property
    def heading(self) -> str:
        """One line that says whose order it is, and nothing that it is not."""
        if not self.personal:
            return f"by {self.by} (the same for everybody, not personal)"
        own = f"{self.ratings} rating{'' if self.ratings == 1 else 's'}"
        return f"for {self.user} by {self.by} ({own} of their own)"
