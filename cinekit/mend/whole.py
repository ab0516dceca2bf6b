"""One label for a whole thing: what is left when a labelling per pixel tears it.

A rooster never returns to a pose, so every labelling of its pixels cuts it somewhere. Its whole
region can still move as one piece: then only the border towards the still part has to grid_size
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
from cinekit.labels import LabelMap
from cinekit.mend.pieces import parts_of, rim_of, wider
from cinekit.model import Candidate, Clip, Motion, Regions
from cinekit.view import grid_size

_LONGEST_SIDE = 240
"""Pixels: borders and jumps are averages, a small picture tells them."""

_ELSEWHERE = 0.5
"""Share of what moves in a piece that was asked for, below which it is another candidate."""

_MOVES = 0.012
"""In [0, 1]: deviation over time, above which a pixel moves visibly."""

_OTHER = 3.0
"""What that takes from the score."""

_SWAYS = frozenset({"cloth", "curtain", "flower", "grass", "plant", "tree"})
"""Natural categories that look the same backwards."""

_FLOWS = 0.35
"""Share of a piece that other natural things, which do not, may take if it goes there and back: it
holds the grass about a flock, and no fountain behind a passer-by."""

_UNLIKE = 0.12
"""In [0, 1]: a step of a colour across the border that is seen."""

_CUT = 10.0
"""What a border that cuts something over one height of the picture takes from the score: a short
cut is lost in the mean over a long border, but not to the eye."""

_NOISE = 0.015
"""In [0, 1]: a step across the border that nobody sees."""

_LIKE_A_STEP = 1.0
"""A jump of at most so many usual steps of the thing passes for one of them."""

_NATURAL_JUMP = 3.0
"""The same for water, fire, leaves, whose motion hides more."""


@dataclass(frozen=True, kw_only=True)
class WholeOptions(Checked):
    """What is tried when a candidate is not good: its things moving as whole pieces.

    enabled : False keeps the labelling per pixel, whatever its verdict.
    back : also loops that go there and back; never for natural motion.
    min_seconds : least length of a pass through the frames.
    like_seconds : a pass of this length or longer is as good as any; shorter ones are worth less.
    """

    enabled: bool = True
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


class WholePieces:
    """Whole-piece labels for the candidates of one clip."""

    def __init__(
        self,
        clip: Clip,
        regions: Regions,
        options: WholeOptions,
        longest: int,
        things: NDArray[np.bool_] | None = None,
    ) -> None:
        """longest : frames of the longest loop that will be rendered.

        things : bool (H, W), where solid things move; without it no piece grows along them.
        """
        self.clip, self.regions, self.options, self.longest = clip, regions, options, longest
        self.small = grid_size(clip.size, _LONGEST_SIDE)
        self.things = None if things is None else self._reduce(things)
        flows = [
            one.mask
            for one in regions.regions
            if one.motion is Motion.NATURAL and one.name not in _SWAYS
        ]
        nowhere = np.zeros(clip.size, bool)
        self.flows = self._reduce(np.logical_or.reduce([nowhere, *flows]))
        self.frames = clip.view.small(self.small).astype(np.float32) / np.float32(255)
        self.moves = self.frames.std(axis=0).mean(axis=-1) > _MOVES  # (h, w)

    def labels(self, candidate: Candidate) -> LabelMap | None:
        """Labels at the resolution of the clip, or None when no piece has a loop.

        The still part shows one frame, that of the largest piece.
        """
        found = self._passes(parts_of(self._reduce(candidate.target)))
        if not found:
            return None
        found.sort(key=lambda one: int(one.piece.sum()))
        labels = LabelMap.still(self.clip.size, found[-1].still, self.clip.n_frames)
        for one in found:
            where = self._grow(one.piece)
            if one.back:
                labels = labels.there_and_back(where, one.first, one.last)
            else:
                labels = labels.where(where, one.last - one.first + 1, one.first)
        return labels

    def inside(self, labels: LabelMap, target: NDArray[np.bool_]) -> float:
        """Share of the looping pixels that move in the clip which lies in the target, in [0, 1]."""
        return self._share(self._reduce(target), self._reduce(labels.looping))

    def _share(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
        moving = whole & self.moves
        return int((moving & part).sum()) / max(int(moving.sum()), 1)

    def _passes(self, pieces: list[NDArray[np.bool_]]) -> list[Pass]:
        """The best pass of every piece; pieces that grow into each other are one."""
        found = [(piece, self._best(piece)) for piece in pieces]
        while True:
            known = [(piece, one) for piece, one in found if one is not None]
            pair = next(
                (
                    (a, b)
                    for a, b in combinations(range(len(known)), 2)
                    if (known[a][1].piece & known[b][1].piece).any()
                ),
                None,
            )
            if pair is None:
                return [one for _, one in known]
            joined = known[pair[0]][0] | known[pair[1]][0]
            found = [both for i, both in enumerate(known) if i not in pair]
            found.append((joined, self._best(joined)))

    def _best(self, piece: NDArray[np.bool_]) -> Pass | None:
        """The best pass of a piece as it is or wider."""
        passes = []
        for wide in wider(piece, self.things):
            one = self._choose(wide)
            if one is None:
                continue
            if self._share(piece, wide) < _ELSEWHERE:
                one = dataclasses.replace(one, score=one.score - _OTHER)
            passes.append(one)
        return max(passes, key=lambda one: one.score, default=None)

    def _reduce(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        covered = cv2.resize(
            mask.astype(np.uint8) * 255, self.small[::-1], interpolation=cv2.INTER_AREA
        )
        reduced: NDArray[np.bool_] = np.asarray(covered) >= 128
        return reduced

    def _grow(self, piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
        height, width = self.clip.size
        grown = cv2.resize(
            piece.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        where: NDArray[np.bool_] = np.asarray(grown) >= 0.5
        return where

    def _goes_back(self, piece: NDArray[np.bool_]) -> bool:
        """Whether little of the piece shows by its motion which way time runs."""
        return self.options.back and float(self.flows[piece].mean()) < _FLOWS

    def _choose(self, piece: NDArray[np.bool_]) -> Pass | None:
        """The pass that shows most motion and least border."""
        t = len(self.frames)
        rim = rim_of(piece)
        jumps = _differences(self.frames[:, piece])
        seam = _differences(self.frames[:, rim]) if rim.any() else np.zeros((t, t))
        steps = np.diagonal(jumps, 1)
        usual = float(np.median(steps)) + _NOISE**2
        fps = self.clip.fps
        shortest = max(2, round(self.options.min_seconds * fps))
        back = self._goes_back(piece)
        allowed = _LIKE_A_STEP if back else _NATURAL_JUMP
        sums = np.concatenate([np.zeros((1, t)), np.cumsum(seam, axis=0)])
        way = np.concatenate([[0.0], np.cumsum(steps)])
        best, found = -np.inf, None
        # There and back takes twice as long.
        most = max(shortest, self.longest // 2 + 1 if back else self.longest)
        for first in range(1, t - shortest):
            for last in range(first + shortest - 1, min(first + most, t) - 1):
                # The pass shows first to last; last + 1 would follow, first does.
                jump = 0.5 * float(table_phi(jumps, first, last + 1 - first))
                closes = jump <= allowed**2 * usual
                if not closes and not back:
                    continue
                n = last - first + 1
                border = (sums[last + 1] - sums[first]) / n
                still = int(border.argmin())
                score = self._score(
                    float(border[still]), float(way[last] - way[first]) / (n - 1), n / fps
                )
                if closes:
                    score += 1.0 - jump / (allowed**2 * usual)
                if score > best:
                    best, found = score, Pass(piece, first, last, not closes, still, score)
        if found is None:
            return None
        cut = self._cut(rim, found)
        return dataclasses.replace(found, score=found.score - _CUT * cut)

    def _cut(self, rim: NDArray[np.bool_], one: Pass) -> float:
        """Length of the border that cuts something at the worst moment, in picture heights."""
        shown = self.frames[one.first : one.last + 1, rim]  # (n, N, 3)
        apart = np.abs(shown - self.frames[one.still, rim]).max(axis=-1, initial=0) > _UNLIKE
        # A rim is two pixels wide.
        return float(apart.sum(axis=1).max()) / (2 * self.small[0])

    def _score(self, border: float, motion: float, seconds: float) -> float:
        """Larger is better; a log unit of motion is worth half a log unit of border."""
        short = max(0.0, 1.0 - seconds / self.options.like_seconds)
        return float(0.5 * np.log(motion + 1e-9) - np.log(border + _NOISE**2) - 4.0 * short * short)


def _differences(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean squared difference of every pair of frames: (T, N, 3) to float64 (T, T)."""
    flat = pixels.reshape(len(pixels), -1)
    flat = flat - flat.mean(axis=0)  # differences stay, and the products lose no digits
    products = (flat @ flat.T).astype(np.float64)
    squares = np.diagonal(products)
    out: NDArray[np.float64] = squares[:, None] + squares[None] - 2 * products
    out *= 3 / flat.shape[1]
    return np.maximum(out, 0)
