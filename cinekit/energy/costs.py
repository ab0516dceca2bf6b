"""What every stage and every candidate of one clip shares: features, weights, costs per period."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cinekit.energy import distance, edge_kernels, terms
from cinekit.energy.options import EnergyOptions, GammaSpatial
from cinekit.energy.working import WorkingClip
from cinekit.errors import ClipError
from cinekit.model import is_constant

Float = NDArray[np.float32]
NO_SUMS = np.zeros((0, 0, 0), np.float32)
"""Stands for "labels of several periods" where a kernel takes prefix sums of one period."""


class LoopCosts:
    """The costs of all loops of a working clip.

    Labels of period p are the start frames 0 .. t-p-1: E_temp reads frame s + p.

    features : float32 (n, t, c), n = h * w pixels row by row, c padded to a multiple of 4 with
        zeros. A squared distance of features is ``(1-w)/3 |dV|^2 + w/K |dF|^2``. Centred: each
        pixel's mean over time is zero. Channels of F that are constant in time are left out, for
        they cannot tell two frames apart.
    squares : float32 (n, t+1), prefix sums over time of |features|^2.
    gamma_t, active : float32 (h, w), see :func:`terms.gamma_t`, :func:`terms.activity`.
    periods : the working periods, ascending, see :func:`working_periods`.
    """

    def __init__(self, working: WorkingClip, options: EnergyOptions) -> None:
        if working.n_frames < 4:
            raise ClipError(
                f"expected at least 4 working frames to loop, received {working.n_frames}: "
                "use a longer clip or a smaller `every`"
            )
        self.working = working
        self.options = options
        self.features = combine(working, options.semantic_weight)
        self.squares: Float = distance.square_sums(self.features)
        self.periods = working_periods(working, options)
        lam = np.where(self.natural, options.lambda_temporal, options.lambda_temporal_other)
        self.gamma_t = terms.gamma_t(working.frames, lam.astype(np.float32))
        self.active = terms.activity(
            working.frames,
            options.lambda_static,
            options.static_sigma_space,
            options.static_sigma_time,
        )

        self._travelled, self._usual_step = terms.travelled(working.frames)

    @property
    def size(self) -> tuple[int, int]:
        """(h, w)."""
        return self.working.size

    @property
    def n_frames(self) -> int:
        """Working frames, t."""
        return self.working.n_frames

    @property
    def natural(self) -> NDArray[np.bool_]:
        """bool (h, w): natural pixels, none when the regions are not used."""
        if self.options.use_regions:
            return self.working.natural
        return np.zeros(self.size, bool)

    @cached_property
    def edge_weights(self) -> tuple[Float, Float]:
        """a2 * gamma_s: vertical float32 (h-1, w) and horizontal float32 (h, w-1).

        Between two pixels of the same non-natural region also times ``rigid_weight`` (ours).
        """
        return self._edge_weights(0), self._edge_weights(1)

    def _edge_weights(self, axis: int) -> Float:
        options = self.options
        if options.gamma_spatial is GammaSpatial.SEMANTIC:
            gamma = terms.gamma_s_semantic(self.working.histogram, axis, options.lambda_spatial)
        else:
            gamma = terms.gamma_s_temporal(self.working.frames, axis, options.lambda_spatial)
        weight = options.spatial_weight * gamma
        if options.use_regions:
            first, second = edge_ends(self.working.rigid, axis)
            weight[(first == second) & (first > 0)] *= options.rigid_weight
        return np.ascontiguousarray(weight, np.float32)

    def start_costs(
        self,
        period: ArrayLike,
        target: NDArray[np.bool_] | bool = True,
        here: NDArray[np.bool_] | None = None,
    ) -> tuple[Float, Float]:
        """E_temp ([O] Eq. 2), and E_calm in the target, of every start frame.

        period : one working period, or int (h, w), 1 where still. target : bool (h, w).
        here : bool (h, w), only these N pixels.
        Returns float32 (t, h, w), or (t, N), inf above t-p-1, and A_p of every pixel's period,
        float32 (h * w, 1, t) or (N, 1, t); see :meth:`multiples`.
        """
        t = self.n_frames
        maps = np.broadcast_to(np.asarray(period, np.int16), self.size)
        if maps.min() < 1 or maps.max() >= t:
            raise ValueError(
                f"expected working periods in [1, {t - 1}], received {maps.min()} to {maps.max()}"
            )
        price = self.calm_price * target
        way, usual, gamma, x = self._travelled, self._usual_step, self.gamma_t, self.features
        if here is not None:
            way, x = way[:, here], x[here.ravel()]
            usual, gamma, price, maps = usual[here], gamma[here], price[here], maps[here]
        costs, sums = distance.start_costs(
            x, gamma.ravel(), way.reshape(t, -1), usual.ravel(), price.ravel(), maps.ravel()
        )
        return (costs if here is not None else costs.reshape(t, *self.size)), sums

    def temporal_at(self, period: ArrayLike, start: ArrayLike) -> Float:
        """E_temp ([O] Eq. 2) of one label per pixel (0 where still): float32 (h, w)."""
        p = np.ascontiguousarray(np.broadcast_to(period, self.size), np.int16).ravel()
        s = np.ascontiguousarray(np.broadcast_to(start, self.size), np.int16).ravel()
        costs: Float = distance.temporal_at(self.features, self.gamma_t.ravel(), p, s)
        return costs.reshape(self.size)

    @cached_property
    def calm_price(self) -> Float:
        """What a loop without motion costs, see :func:`terms.e_calm`: float32 (h, w)."""
        options = self.options
        lively = np.minimum(1, options.lambda_static * self._usual_step) * self.working.moving
        weight = options.label_weight * options.calm_weight * options.alpha_static
        price: Float = (weight * lively).astype(np.float32)
        return price

    def calm_at(self, period: int, start: NDArray[np.integer]) -> Float:
        """E_calm of one start per pixel, start int (h, w): float32 (h, w)."""
        s = start[None].astype(np.int64)
        way = self._travelled
        end, begin = (np.take_along_axis(way, at, axis=0)[0] for at in (s + period, s))
        return terms.e_calm((end - begin) / np.float32(period), self._usual_step, self.calm_price)

    def multiples(self, period: int, count: int) -> Float:
        """A_kp for k = 1 .. count, see :func:`distance.period_sums`: float32 (h * w, count, t-p+1).

        Labels of one period at most p apart differ by ``(A_p[s'] - A_p[s]) / p``, [O] Eq. 4.
        """
        sums: Float = distance.period_sums(self.features, period, count)
        return sums

    def pair_costs(
        self, axis: int, p1: ArrayLike, s1: ArrayLike, p2: ArrayLike, s2: ArrayLike
    ) -> Float:
        """a2 * E_spa of every edge along an axis, its first end at (p1, s1), its second (p2, s2).

        Exact for any two labels. p1 .. s2 : int, broadcast to the edges' shape.
        Returns float32 (h-1, w) for axis 0, (h, w-1) for axis 1.
        """
        weights = self.edge_weights[axis]
        q1, f1, q2, f2 = (
            np.ascontiguousarray(np.broadcast_to(a, weights.shape), np.int16)
            for a in (p1, s1, p2, s2)
        )
        out = np.empty_like(weights)
        edge_kernels.edge_costs(
            self.features, self.squares, NO_SUMS, weights, axis, q1, f1, q2, f2, out
        )
        return out


def combine(working: WorkingClip, w: float) -> Float:
    """V and F as one centred signal per pixel: float32 (n, t, c), see :class:`LoopCosts`."""
    t, (h, width) = working.n_frames, working.size
    parts: list[tuple[NDArray[np.generic], float]] = []
    if w < 1:
        parts += [(working.frames[..., k], np.sqrt((1 - w) / 3)) for k in range(3)]
    for channel in varying_channels(working) if w > 0 else ():
        scale = np.sqrt(w / n_categories(working)) / 255
        parts.append((working.response[..., channel], scale))
    out = np.zeros((h * width, t, max(4, -(-len(parts) // 4) * 4)), np.float32)
    for k, (values, scale) in enumerate(parts):
        signal = values.astype(np.float32).reshape(t, -1)
        out[..., k] = ((signal - signal.mean(axis=0)) * np.float32(scale)).T
    return out


def n_categories(working: WorkingClip) -> int:
    """K of the 1/K in PhiF and PsiF ([O] Eq. 2 and 4); the rest channel does not count."""
    channels: int = working.response.shape[-1]
    return max(1, channels - 1)


def varying_channels(working: WorkingClip) -> list[int]:
    """Channels of F that change over time anywhere; the others make no difference."""
    response = working.response
    if is_constant(response):
        return []
    changes = (response[1:] != response[:-1]).any(axis=(0, 1, 2))  # (K+1,)
    return [int(k) for k in np.flatnonzero(changes)]


def working_periods(working: WorkingClip, options: EnergyOptions) -> tuple[int, ...]:
    """The periods > 1 that the energy ranges over, in working frames, ascending.

    From ``min_period`` to the length of the clip in steps of ``period_step``. A short clip starts
    at a third of its length, and its step shrinks until four periods fit (all there are, when the
    clip has fewer): 8 frames give 2, 3, 4 .. 7.
    """
    longest = working.n_frames - 1
    shortest = min(options.min_period, working.source_frames // 3) / working.every
    first = min(max(2, round(shortest)), longest - 1)
    step = max(1, round(options.period_step / working.every))
    step = max(1, min(step, (longest - first) // 3))
    return tuple(range(first, longest + 1, step))


def short_periods(working: WorkingClip, options: EnergyOptions) -> int:
    """P_short in working frames: 1 < p <= this is too short for natural pixels of the target.

    Never more than a third of the clip, or a short clip could not move at all.
    """
    return int(min(options.short_period, working.source_frames // 3) / working.every)


def edge_ends(values: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The values at the first and second end of every edge along an axis, (h, w) -> edges."""
    if axis == 0:
        return values[:-1], values[1:]
    return values[:, :-1], values[:, 1:]
