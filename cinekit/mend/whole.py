"""One label for a whole thing: what is left when a labelling per pixel tears it.

An animal never returns to a pose, so every labelling of its pixels cuts it somewhere. Its whole
region can still move as one piece: then only the border towards the still part has to fit
([O] Eq. 4 along it), and the jump from the last frame to the first ([O] Eq. 2) is one figure for
all of it. Where no jump is small enough, a thing that is not natural goes there and back: frames
a to b and back to a have no jump at all. Water and fire never run backwards.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Positive
from cinekit.energy.distance import table_phi
from cinekit.errors import ConfigError
from cinekit.eye import MOVES, UNLIKE
from cinekit.judge.solid import solid_things
from cinekit.labels import LabelMap
from cinekit.mend.pieces import parts_of, reduced, rim_of, wider
from cinekit.model import Candidate, Clip, Motion, Regions
from cinekit.protocols import Proposal
from cinekit.view import ClipView, grid_size

_LONGEST_SIDE = 240
"""Pixels of the small picture: borders and jumps are averages, which it tells."""

_BAND = 2
"""Bands: borders that come from a small picture are off by more than those of the solver."""

_LEAST = 0.02
"""Share of the frame: where less of a candidate is texture, or things, it is not made of both."""

_ELSEWHERE, _OTHER = 0.5, 3.0
"""Share of what moves in a piece that was asked for, below which it is another candidate; and what
that takes from the score."""

_SWAYS = frozenset({"cloth", "curtain", "flower", "grass", "plant", "tree"})
"""Natural categories that look the same backwards."""

_FLOWS = 0.35
"""Share of a piece that other natural things may take if it goes there and back."""

_NOISE = 0.015
"""In [0, 1]: a step across the border that nobody sees."""

_CUT = 10.0
"""What a cut of one picture height takes from the score: short, it is lost in the mean over a long
border, but not to the eye."""

_SHORT = 4.0
"""What a pass of no length takes from the score."""

_CLOSES, _NATURAL_CLOSES = 1.0, 3.0
"""Usual steps of the thing: a larger jump does not pass for one of them; water, fire and leaves
hide more by their motion."""


@dataclass(frozen=True, eq=False)
class Pass:
    """Frames first to last of a piece, played on (and jumping back) or there and back.

    piece : bool (h, w). still : the frame of the rest that fits it best. score : larger is better.
    """

    piece: NDArray[np.bool_]
    first: int
    last: int
    back: bool
    still: int
    score: float


@dataclass(frozen=True, kw_only=True)
class WholeAttempt(Checked):
    """Moves the things of a candidate as whole pieces.

    back : also loops that go there and back; never for natural motion.
    min_seconds : least length of a pass through the frames.
    like_seconds : a pass of this length or longer is as good as any; shorter ones are worth less.
    """

    back: bool = True
    min_seconds: Positive = 1.0
    like_seconds: Positive = 2.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_seconds > self.like_seconds:
            raise ConfigError(
                "min_seconds: expected at most like_seconds, received "
                f"{self.min_seconds} and {self.like_seconds}"
            )

    def propose(
        self, clip: Clip, regions: Regions, candidate: Candidate, labels: LabelMap, longest: int
    ) -> Proposal | None:
        """None when no piece has a loop."""
        pieces = PieceSearch.of(clip, regions, longest, self).labels(candidate.target)
        if pieces is None:
            return None
        near = clip.view.once(solid_things).near
        return Proposal("whole pieces", pieces, asked=candidate.target, firm=near, band=_BAND)


@dataclass(frozen=True, kw_only=True)
class MixedAttempt(WholeAttempt):
    """Keeps the texture of a candidate as it was solved, and moves the things in it whole."""

    def propose(
        self, clip: Clip, regions: Regions, candidate: Candidate, labels: LabelMap, longest: int
    ) -> Proposal | None:
        """None when a candidate is not made of both, or no thing has a loop."""
        things = clip.view.once(solid_things)
        texture = labels.looping & regions.natural & ~things.mask
        inside = candidate.target & things.mask
        if texture.mean() < _LEAST or inside.mean() < _LEAST:
            return None
        pieces = PieceSearch.of(clip, regions, longest, self).labels(inside)
        if pieces is None:
            return None
        mixed = pieces.where(texture & ~pieces.looping, labels.period, labels.start)
        return Proposal("things whole", mixed, asked=candidate.target, firm=things.near)


@dataclass(frozen=True, eq=False)
class PieceSearch:
    """Finds whole-piece labels on a small picture of a clip.

    frames : float32 (T, h, w, 3) in [0, 1].
    moves : bool (h, w), what moves visibly.
    things : bool (h, w), where solid things move; pieces grow along them.
    flows : bool (h, w), natural things that do not look the same backwards.
    size : (H, W) of the clip. fps : its frames per second.
    longest : frames of the longest loop that will be rendered.
    """

    frames: NDArray[np.float32]
    moves: NDArray[np.bool_]
    things: NDArray[np.bool_]
    flows: NDArray[np.bool_]
    size: tuple[int, int]
    fps: float
    longest: int
    options: WholeAttempt

    @classmethod
    def of(cls, clip: Clip, regions: Regions, longest: int, options: WholeAttempt) -> PieceSearch:
        """The search in a clip and its regions."""
        small = grid_size(clip.size, _LONGEST_SIDE)
        flows = np.zeros(clip.size, bool)
        for region in regions.regions:
            if region.motion is Motion.NATURAL and region.name not in _SWAYS:
                flows |= region.mask
        things = clip.view.once(solid_things).mask
        return cls(
            frames=clip.view.small(small).astype(np.float32) / np.float32(255),
            moves=clip.view.once(_moves),
            things=reduced(things, small),
            flows=reduced(flows, small),
            size=clip.size,
            fps=clip.fps,
            longest=longest,
            options=options,
        )

    def labels(self, target: NDArray[np.bool_]) -> LabelMap | None:
        """Labels at the resolution of the clip, or None when no piece has a loop.

        The still part shows one frame, that of the largest piece.

        target : bool (H, W), what should move.
        """
        passes = self._passes(parts_of(reduced(target, self.moves.shape)))
        if not passes:
            return None
        passes.sort(key=lambda one: int(one.piece.sum()))
        labels = LabelMap.still(self.size, passes[-1].still, len(self.frames))
        for one in passes:
            soft = cv2.resize(one.piece.astype(np.float32), self.size[::-1])
            where = np.asarray(soft) >= 0.5
            if one.back:
                labels = labels.there_and_back(where, one.first, one.last)
            else:
                labels = labels.where(where, one.last - one.first + 1, one.first)
        return labels

    def _passes(self, pieces: list[NDArray[np.bool_]]) -> list[Pass]:
        """The best pass of every piece; pieces that grow into each other are one."""
        known = [(piece, best) for piece in pieces if (best := self.best(piece))]
        while True:
            for one, two in combinations(known, 2):
                if (one[1].piece & two[1].piece).any():
                    break
            else:
                return [best for _, best in known]
            joined = one[0] | two[0]
            known = [both for both in known if both is not one and both is not two]
            if best := self.best(joined):
                known.append((joined, best))

    def best(self, piece: NDArray[np.bool_]) -> Pass | None:
        """The best pass of a piece as it is or wider."""
        passes = []
        for wide in wider(piece, self.things):
            one = self.choose(wide)
            if one is None:
                continue
            if _share(self.moves, piece, wide) < _ELSEWHERE:
                one = dataclasses.replace(one, score=one.score - _OTHER)
            passes.append(one)
        return max(passes, key=lambda one: one.score, default=None)

    def choose(self, piece: NDArray[np.bool_]) -> Pass | None:
        """The pass of just this piece that shows most motion and least border."""
        t = len(self.frames)
        rim = rim_of(piece)
        jumps = _differences(self.frames[:, piece])
        seam = _differences(self.frames[:, rim]) if rim.any() else np.zeros((t, t))
        sums = np.concatenate([np.zeros((1, t)), np.cumsum(seam, axis=0)])
        steps = np.diagonal(jumps, 1)
        way = np.concatenate([[0.0], np.cumsum(steps)])
        # Little of it shows by its motion which way time runs.
        back = self.options.back and float(self.flows[piece].mean()) < _FLOWS
        closes_at = (_CLOSES if back else _NATURAL_CLOSES) ** 2
        allowed = closes_at * (float(np.median(steps)) + _NOISE**2)
        shortest = max(2, round(self.options.min_seconds * self.fps))
        # There and back takes twice as long.
        most = max(shortest, self.longest // 2 + 1 if back else self.longest)
        best: Pass | None = None
        for first in range(1, t - shortest):
            last = np.arange(first + shortest - 1, min(first + most, t) - 1)
            n = last - first + 1
            # The pass shows first to last; last + 1 would follow, first does.
            jump = 0.5 * table_phi(jumps, first, n)
            border = (sums[last + 1] - sums[first]) / n[:, None]  # (passes, T)
            score = self._score(border.min(axis=1), (way[last] - way[first]) / (n - 1), n)
            closes = jump <= allowed
            score = np.where(closes, score + 1 - jump / allowed, score if back else -np.inf)
            i = int(score.argmax()) if len(score) else -1
            if i >= 0 and score[i] > (best.score if best else -np.inf):
                still = int(border[i].argmin())
                best = Pass(piece, first, int(last[i]), not closes[i], still, float(score[i]))
        if best is None:
            return None
        return dataclasses.replace(best, score=best.score - _CUT * self.cut(rim, best))

    def cut(self, rim: NDArray[np.bool_], one: Pass) -> float:
        """Length of the border that cuts something at the worst moment, in picture heights."""
        shown = self.frames[one.first : one.last + 1, rim]  # (n, N, 3)
        apart = np.abs(shown - self.frames[one.still, rim]).max(axis=-1, initial=0) > UNLIKE / 255
        # A rim is two pixels wide.
        return float(apart.sum(axis=1).max() / (2 * rim.shape[0]))

    def _score(
        self, border: NDArray[np.float64], motion: NDArray[np.float64], n: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Larger is better; a log unit of motion is worth half a log unit of border.

        border, motion : mean squared differences along the rim, and of the steps. n : frames.
        """
        short = np.maximum(0.0, 1.0 - n / self.fps / self.options.like_seconds)
        score: NDArray[np.float64] = (
            0.5 * np.log(motion + 1e-9) - np.log(border + _NOISE**2) - _SHORT * short * short
        )
        return score


def share_inside(clip: Clip, labels: LabelMap, target: NDArray[np.bool_]) -> float:
    """Share of the looping pixels that move in the clip which lies in the target, in [0, 1]."""
    moves = clip.view.once(_moves)
    return _share(moves, reduced(target, moves.shape), reduced(labels.looping, moves.shape))


def _share(moves: NDArray[np.bool_], part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    moving = whole & moves
    return float((moving & part).sum()) / max(float(moving.sum()), 1.0)


def _moves(view: ClipView) -> NDArray[np.bool_]:
    """bool (h, w): what moves visibly in the small picture."""
    frames = view.small(grid_size(view.size, _LONGEST_SIDE)).astype(np.float32) / np.float32(255)
    moves: NDArray[np.bool_] = frames.std(axis=0).mean(axis=-1) > MOVES / 255
    return moves


def _differences(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean squared difference of every pair of frames: (T, N, 3) to float64 (T, T)."""
    flat = pixels.reshape(len(pixels), -1)
    flat = flat - flat.mean(axis=0)  # differences stay, and the products lose no digits
    products = (flat @ flat.T).astype(np.float64)
    squares = np.diagonal(products)
    out: NDArray[np.float64] = squares[:, None] + squares[None] - 2 * products
    out *= 3 / flat.shape[1]
    return np.maximum(out, 0)
