"""How much moves: the slider of progressive dynamism ([L13] section 6).

Every looping pixel gets a threshold; it moves when the slider stands at or above it, and shows a
still frame below. The pixels of one setting contain those of every lower one.

For a set A of pixels that move, with v the temporal variance of a pixel's loop,

    E_c(A) = sum_{x in A} E_temp(x) + sum_{x in A, z not in A} seam(x, z) + c sum_{x not in A} v(x)

is minimised by a cut. As c grows, the best sets grow and each contains the one before. They are
found exactly, without a list of values for c: where the energies of two sets cross, a cut either
finds one between them or proves that there is none. A set's threshold is its share of all variance,
so that half the slider is half the motion. Things that are not natural move whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cinekit.energy.distance import MISSING, jump_frames
from cinekit.energy.jit import kernel
from cinekit.errors import ConfigError, RenderError
from cinekit.labels import STILL, LabelMap, neighbours
from cinekit.loop.multigrid import blocks
from cinekit.loop.options import RenderOptions
from cinekit.model import Candidate, Clip, Regions
from cinekit.solve.grid_cut import grid_cut
from cinekit.text import did_you_mean

CELL = 4
"""Pixels a side of the cells that start to move together."""

SEAMS = 6.0
"""Weight of the seams. At 1 a sea starts to move in spots, at 10 nearly all of it at once."""

FINEST = 1 / 16
"""Sets whose shares are closer than this are not split further."""

_SMOOTHED = 9
"""Pixels a side of the box that rounds the corners of the cells."""


@dataclass(frozen=True, eq=False)
class Activation:
    """When each pixel starts to move, and what it shows until then.

    threshold : float32 (H, W) in (0, 1]; 1 for pixels that never loop.
    still : int16 (H, W), frames of the clip.
    """

    threshold: NDArray[np.float32]
    still: NDArray[np.int16]


@kernel
def loop_costs(  # type: ignore[no-untyped-def]
    frames, shows, period, start, still, variance, jump, apart
):  # fmt: skip
    """Costs of every looping pixel, squared grey levels summed over the colours, float64 (H, W).

    variance : of its loop over time. jump : Phi ([O] Eq. 2; what lies outside the clip counts as no
    jump). apart : mean over its loop of
    ``|V(phi) - V(still)|^2``. All zero where nothing loops.
    """
    n = len(frames)
    height, width = period.shape
    for y in range(height):
        for x in range(width):
            p, s = np.int64(period[y, x]), np.int64(start[y, x])
            if p == 1:
                continue
            for c in range(3):
                rest = float(frames[still[y, x], y, x, c])
                total = squares = 0.0
                for t in range(s, s + p):
                    v = float(frames[shows[t], y, x, c]) - rest
                    total += v
                    squares += v * v
                variance[y, x] += squares / p - (total / p) ** 2
                apart[y, x] += squares / p
            for side in range(2):
                a, b = jump_frames(p, s, side, n, MISSING)
                if a >= 0:
                    for c in range(3):
                        d = float(frames[shows[a], y, x, c]) - float(frames[shows[b], y, x, c])
                        jump[y, x] += d * d


def find_activation(
    clip: Clip, labels: LabelMap, rigid: NDArray[np.bool_] | None = None
) -> Activation:
    """The thresholds of a solved loop.

    Parameters
    ----------
    labels : at the resolution of the clip. Calm pixels show the frame that most still pixels show;
        when everything loops, the one from which most loops depart.
    rigid : bool (H, W), pixels of things that are not natural; each connected one is one piece.

    Raises
    ------
    RenderError
        When the sizes differ.
    """
    if labels.size != clip.size or (rigid is not None and rigid.shape != clip.size):
        raise RenderError(f"expected labels and rigid pixels of {clip.size}, received others")
    looping = labels.looping
    shown = labels.first_frame
    common = int(np.bincount(shown[~looping] if not looping.all() else shown.ravel()).argmax())
    still = np.where(looping, common, shown).astype(np.int16)
    threshold = np.ones(labels.size, np.float32)
    if not looping.any():
        return Activation(threshold, still)
    pieces = np.zeros(labels.size, np.int32)
    if rigid is not None:
        pieces = ndimage.label(looping & rigid, np.ones((3, 3)))[0].astype(np.int32)
    growth = _Growth.of(clip, labels, still, pieces)
    for cells, share in reversed(growth.sets()):
        threshold[_rounded(cells, labels.size) & looping] = share
    for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
        inside = pieces[box] == piece
        threshold[box][inside] = np.median(threshold[box][inside])
    return Activation(threshold, still)


def _rounded(cells: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells as pixels, without their corners. A larger set stays larger."""
    pixels = cells.repeat(CELL, 0).repeat(CELL, 1)[: size[0], : size[1]]
    share = cv2.blur(pixels.astype(np.float32), (_SMOOTHED, _SMOOTHED))
    rounded: NDArray[np.bool_] = share > 0.5
    return rounded


@dataclass(frozen=True, eq=False)
class _Growth:
    """The energy of sets of cells. All float64, (h, w) or one row or column less.

    value : v. cost : E_temp, and seams to what never moves. down, right : the seam when only one
    of two neighbours moves. bound_down, bound_right : bool, neighbours that move together.
    """

    value: NDArray[np.float64]
    cost: NDArray[np.float64]
    down: NDArray[np.float64]
    right: NDArray[np.float64]
    bound_down: NDArray[np.bool_]
    bound_right: NDArray[np.bool_]

    @classmethod
    def of(
        cls, clip: Clip, labels: LabelMap, still: NDArray[np.int16], pieces: NDArray[np.int32]
    ) -> _Growth:
        variance, jump, apart = np.zeros((3, *labels.size))
        loop_costs(
            clip.frames, labels.shows, labels.period, labels.start, still, variance, jump, apart
        )
        looping = labels.looping
        cost = jump
        seams = []
        # Each end of a seam is known where it loops, as what its own loop does there.
        for axis in (0, 1):
            one, two = neighbours(axis)
            both = looping[one] & looping[two]
            seam = SEAMS * (apart[one] + apart[two]) / (1.0 + both)
            # Between a looping pixel and one that never loops the seam is there whenever it moves.
            cost[one] += np.where(looping[one] & ~both, seam, 0)
            cost[two] += np.where(looping[two] & ~both, seam, 0)
            # Only the seams that cross a side of the cells can come and go.
            crosses = (slice(None),) * axis + (slice(CELL - 1, None, CELL),)
            firsts = np.arange(0, labels.size[1 - axis], CELL)
            seams.append(np.add.reduceat(np.where(both, seam, 0)[crosses], firsts, axis=1 - axis))
        top = blocks(pieces, CELL).max(axis=(1, 3))
        return cls(
            value=blocks(variance, CELL).sum(axis=(1, 3)),
            cost=blocks(cost, CELL).sum(axis=(1, 3)),
            down=seams[0],
            right=seams[1],
            bound_down=(top[:-1] == top[1:]) & (top[1:] > 0),
            bound_right=(top[:, :-1] == top[:, 1:]) & (top[:, 1:] > 0),
        )

    def energies(self, cells: NDArray[np.bool_]) -> tuple[float, float]:
        """What a set of cells costs at c = 0, and its share of the variance."""
        cost = self.cost[cells].sum()
        cost += self.down[cells[:-1] != cells[1:]].sum()
        cost += self.right[cells[:, :-1] != cells[:, 1:]].sum()
        return float(cost), float(self.value[cells].sum() / self.value.sum())

    def sets(self) -> list[tuple[NDArray[np.bool_], float]]:
        """The best sets with their shares, growing; the last is everything, with 1."""
        nothing, everything = np.zeros(self.value.shape, bool), np.ones(self.value.shape, bool)
        if self.value.sum() <= 0:
            return [(everything, 1.0)]
        return [*self._between(nothing, everything), (everything, 1.0)]

    def _between(
        self, small: NDArray[np.bool_], large: NDArray[np.bool_]
    ) -> list[tuple[NDArray[np.bool_], float]]:
        (cost, share), (cost2, share2) = self.energies(small), self.energies(large)
        if share2 - share <= FINEST:
            return []
        middle = self._best((cost2 - cost) / (share2 - share), small, large)
        found, size = self.energies(middle)
        # On the line between the two, within rounding: nothing lies below it.
        line = cost + (cost2 - cost) * (size - share) / (share2 - share)
        if not share < size < share2 or found >= line - 1e-6 * (abs(cost) + abs(cost2)):
            return []
        return [*self._between(small, middle), (middle, size), *self._between(middle, large)]

    def _best(
        self, price: float, small: NDArray[np.bool_], large: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """The set of least energy that contains small and is contained in large."""
        scale = 1 / max(float(self.cost.max()), float(self.down.max(initial=0)), 1.0)
        terminal = (self.cost - price * self.value / self.value.sum()) * scale
        firm = 4 * float(np.abs(terminal).sum()) + 4 * scale * float(
            self.down.sum() + self.right.sum()
        )
        terminal[small] = -firm
        terminal[~large] = firm
        down = np.where(self.bound_down, firm, self.down * scale).astype(np.float32)
        right = np.where(self.bound_right, firm, self.right * scale).astype(np.float32)
        return grid_cut(terminal.astype(np.float32), down, down, right, right)[0]


def calm(
    labels: LabelMap, activation: Activation, dynamism: float | NDArray[np.float32]
) -> LabelMap:
    """The labels at a setting of the slider.

    dynamism : 0 (all still) to 1 (as solved), one value or float32 (H, W). Of two settings, the
    pixels that move at the lower one move at the higher one, with the same labels.
    """
    if labels.size != activation.threshold.shape:
        raise RenderError(
            f"expected an activation of {labels.size}, received {activation.threshold.shape}"
        )
    moves = labels.looping & (activation.threshold <= dynamism)
    rests = labels.looping & ~moves
    return labels.where(rests, STILL, activation.still)


def check_names(options: RenderOptions, candidates: Iterable[Candidate], regions: Regions) -> None:
    """Raise a ConfigError when ``dynamism_of`` names what is neither a candidate nor a region."""
    known = [candidate.id for candidate in candidates]
    known += [_word(region.name) for region in regions.regions]
    for name in options.dynamism_of:
        if _word(name) not in known:
            raise ConfigError(
                f"dynamism_of: expected a candidate or region, received '{name}'"
                f"{did_you_mean(_word(name), known)}; here are {', '.join(sorted(set(known)))}"
            )


def dynamism_at(
    options: RenderOptions, candidate: Candidate, regions: Regions
) -> NDArray[np.float32]:
    """The setting of the slider at every pixel: float32 (H, W) in [0, 1]."""
    named = {_word(name): value for name, value in options.dynamism_of.items()}
    setting = named.get(candidate.id, options.dynamism)
    out = np.full(regions.moving.shape, setting, np.float32)
    for region in regions.regions:
        out[region.mask] = named.get(_word(region.name), setting)
    return out


def calmed(
    clip: Clip, labels: LabelMap, candidate: Candidate, regions: Regions, options: RenderOptions
) -> LabelMap:
    """The labels at the settings of the options; the labels themselves when everything moves."""
    dynamism = dynamism_at(options, candidate, regions)
    if (dynamism[labels.looping] >= 1).all():
        return labels
    return calm(labels, find_activation(clip, labels, regions.rigid), dynamism)


def _word(name: str) -> str:
    """Region names may have spaces, which awkwardly need quotes on a command line."""
    return name.replace(" ", "_")
