"""``scene``: what the network knows by its name, what else moves by its motion.

Neither is enough alone. A network calls fire a wall, and a poured stream of coffee too; motion
splits a sea into pieces that nobody would name. So a motion region takes the name of the category
that fills it, and keeps its own where the network knows nothing that could move there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Within
from cinekit.model import Clip, Motion, SemanticResponse
from cinekit.protocols import Progress, Segmenter, silent
from cinekit.see.fusion import Fusion, first_reason, respond_each, without_traces

SWEPT = 0.08
"""A thing was in a place when it was seen there in at least this share of the frames."""


@dataclass(frozen=True, kw_only=True)
class SceneSegmenter(Checked):
    """Regions from semantics where the network is sure, from motion everywhere else.

    Parameters
    ----------
    semantic : what sees categories.
    motion : what groups moving pixels; regions without a name the network knows keep its names.
    confidence : a cell belongs to a category of the network that can move when its probability is
        at least this; otherwise the network's opinion there does not count.
    naming : a motion region takes a category's name when the category fills at least this share of
        it.
    """

    semantic: Segmenter
    motion: Segmenter
    confidence: Annotated[float, Within("(0, 1]")] = 0.5
    naming: Annotated[float, Within("(0, 1]")] = 0.5

    def unavailable(self) -> str | None:
        """Why one of its two segmenters cannot run here, or None."""
        return first_reason(self.semantic, self.motion)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """Both responses in one; see :class:`cinekit.protocols.Segmenter`."""
        seen, moves = respond_each((self.semantic, self.motion), clip, progress)
        merged = _Merge(seen, moves, self.confidence, self.naming).response()
        progress(1.0)
        return merged


class _Merge:
    """One merge of a semantic and a motion response."""

    def __init__(
        self, seen: SemanticResponse, moves: SemanticResponse, confidence: float, naming: float
    ) -> None:
        seen, moves = without_traces(seen), without_traces(moves)
        self.fusion = Fusion([seen, moves])
        self.confidence = confidence
        self.categories, self.size = self.fusion.categories, self.fusion.size
        can_move = [c.motion is not Motion.STATIC for c in self.categories]
        self.animate, self.regions = ([i for i in at if can_move[i]] for at in self.fusion.at)
        self.n_frames = seen.n_frames
        self._source = f"{seen.source} and {moves.source}"
        self._still = self.fusion.frame(1, 0) if moves.constant else None
        self._survey()
        self.named = {k: self._name(k, naming) for k in self.regions}
        self.guesses = self._guesses(naming)
        things = [c for c in self.animate if self._is(c, Motion.NON_NATURAL)]
        known = [c for c in things if c not in self.guesses]
        self.passed = self.sure_share[known].sum(axis=0) >= SWEPT

    def response(self) -> SemanticResponse:
        """The merged response, without categories that nothing refers to any more."""
        rest = self.fusion.background
        assert rest is not None  # without_traces leaves one
        used = sorted({*self.fusion.at[0], *self.named.values(), rest})
        frames = (self._merged(*self._frames(t)) for t in range(self.n_frames))
        return self.fusion.response(frames, self._source, used, self._notes())

    def _frames(self, t: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        moves = self.fusion.frame(1, t) if self._still is None else self._still
        return self.fusion.frame(0, t), moves

    def _sure(self, seen: NDArray[np.float32]) -> NDArray[np.intp]:
        """(h, w): the category that can move and that the network is sure of, or -1."""
        if not self.animate:
            return np.full(self.size, -1)
        best = np.array(self.animate)[seen[..., self.animate].argmax(axis=-1)]
        sure = np.take_along_axis(seen, best[..., None], axis=-1)[..., 0] >= self.confidence
        return np.where(sure, best, -1)

    def _survey(self) -> None:
        """What is sure where, over some 30 frames: the ground for every decision about regions."""
        n = len(self.categories)
        self.inside = np.zeros((n, n))  # [region, category]: mean share of the region's cells
        self.sure_share = np.zeros((n, *self.size), np.float32)
        self.territory = np.zeros((n, *self.size), np.float32)
        frames = range(0, self.n_frames, max(1, self.n_frames // 30))
        for t in frames:
            seen, moves = self._frames(t)
            sure = self._sure(seen)
            self.territory += np.moveaxis(moves, -1, 0) / len(frames)
            for c in np.unique(sure[sure >= 0]):
                self.sure_share[c] += (sure == c) / np.float32(len(frames))
                self.inside[:, c] += moves[sure == c].sum(axis=0) / len(frames)
        self.mass = np.maximum(self.territory.sum(axis=(1, 2)), 1e-6)
        self.inside /= self.mass[:, None]

    def _is(self, category: int, motion: Motion) -> bool:
        return self.categories[category].motion is motion

    def _fill(self, k: int, c: int) -> float:
        """How much of motion region k category c fills, in [0, 1].

        A texture is filled by what is there all the time. A thing is in any place only now and
        then, so what counts is where its category is seen at all.
        """
        if not self._is(k, Motion.NON_NATURAL):
            return float(self.inside[k, c])
        seen = self.territory[k] * (self.sure_share[c] >= SWEPT)
        return float(seen.sum()) / float(self.mass[k])

    def _name(self, k: int, naming: float) -> int:
        """The category that fills motion region k, or k itself.

        A dog that the network misses in half of its poses, and its shadow, are the dog: half as
        much is enough for a thing that is alone there. Daffodils nod like things, so a thing may
        also take the name of a texture: when the network sees it there for much of the time, and
        no thing that could hide it.
        """
        things = {c: self._fill(k, c) for c in self.animate if self._is(c, Motion.NON_NATURAL)}
        others = {c: self._fill(k, c) for c in self.animate if c not in things}
        if not self._is(k, Motion.NON_NATURAL):
            return _best({**things, **others}, naming, k)
        best, second = sorted([0.0, 0.0, *things.values()])[:-3:-1]
        if best >= naming or (best >= naming / 2 and second < best / 2):
            return _best(things, best, k)
        if best < naming / 2:
            stays = {c: fill for c, fill in others.items() if self.inside[k, c] >= naming / 2}
            return _best(stays, naming, k)
        return k

    def _guesses(self, naming: float) -> list[int]:
        """Categories that are the network's guesses at regions which it has no name for.

        One that lives mostly there, and fills less than half of what a name needs; a fifth is
        enough for a thing in what moves like a thing: that is likely the thing.
        """
        unknown = [k for k in self.regions if self.named[k] == k]
        total = self.sure_share.sum(axis=(1, 2))

        def is_small(c: int, k: int) -> bool:
            both = self._is(c, Motion.NON_NATURAL) and self._is(k, Motion.NON_NATURAL)
            return self._fill(k, c) < (0.2 if both else 0.5) * naming

        return [
            c
            for c in self.animate
            if total[c] > 0
            and sum(self.inside[k, c] * self.mass[k] for k in unknown) > 0.5 * total[c]
            and all(is_small(c, k) for k in unknown)
        ]

    def _merged(self, seen: NDArray[np.float32], moves: NDArray[np.float32]) -> NDArray[np.float32]:
        """One frame, float32 (h, w, n): what the network is unsure of goes to what moves there."""
        sure = self._sure(seen)
        free = sure < 0
        unknown = [k for k in self.regions if self.named[k] == k]
        free |= np.isin(sure, self.guesses) & (moves[..., unknown].sum(axis=-1) > 0.5)
        out = seen.copy()
        # An unsure guess at something that can move is no evidence for it.
        guess = np.where(free[..., None], seen[..., self.animate], 0)
        out[..., self.animate] -= guess
        out[..., self.fusion.background] += guess.sum(axis=-1)
        taken = np.where(free[..., None], moves[..., self.regions], 0)
        for i, k in enumerate(self.regions):
            if self._is(self.named[k], Motion.NON_NATURAL):
                # Where the network sees things come and go, it knows better, frame by frame.
                taken[self.passed, i] = 0
        out *= 1 - taken.sum(axis=-1, keepdims=True)
        for i, k in enumerate(self.regions):
            out[..., self.named[k]] += taken[..., i]
        return out

    def _notes(self) -> tuple[str, ...]:
        names = [
            f"{self.categories[k].name} is {self.categories[to].name}"
            for k, to in self.named.items()
            if to != k
        ]
        return (f"motion regions named by the network: {', '.join(names)}",) if names else ()


def _best(fills: dict[int, float], least: float, otherwise: int) -> int:
    """The category that fills most, when it fills at least so much."""
    best = max(fills, key=lambda c: fills[c], default=otherwise)
    return best if fills.get(best, 0.0) >= least else otherwise
