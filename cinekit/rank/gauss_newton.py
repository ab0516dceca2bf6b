"""One user's part of the AEm objective: minimise over the latent and the missing ratings.

    f(u, y_m) = weight * ( |u - M_hl(y)|^2 + |y - M_lh(u)|^2 ) + extra(u)

with the mappings frozen and ``extra`` a quadratic in u (the regression term of the joint ranker,
[O] Eq. 10, or none). Gauss-Newton with backtracking: a step is only taken if f falls.

The normal equations have d + m unknowns (m missing ratings, hundreds) but their y block is the
identity plus a matrix of rank d, so that Woodbury's identity and a Schur complement leave systems
of d x d: O(m d^2) a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.rank.mappings import Mapping

Array = NDArray[np.float64]
MAX_HALVINGS = 25
TOLERANCE = 1e-9
"""Steps end when the objective falls by less than this, in its own units or of itself."""


@dataclass(frozen=True, eq=False)
class Quadratic:
    """extra(u) = u^T curvature u - 2 slope^T u + constant."""

    curvature: Array
    slope: Array
    constant: float = 0.0

    @classmethod
    def none(cls, d: int) -> Quadratic:
        """Nothing extra."""
        return cls(np.zeros((d, d)), np.zeros(d))

    @classmethod
    def prior(cls, latents: Array, variance: float) -> Quadratic:
        """The Gaussian of the mean and the covariance of latents (U, d), for ratings of that noise.

        It is what decides for a user with fewer ratings than d, and fades with every further one.
        One user's or equal latents leave the covariance singular: a thousandth of its mean variance
        keeps it invertible.
        """
        mean = latents.mean(axis=0)
        d = len(mean)
        spread = (latents - mean).T @ (latents - mean) / max(1, len(latents))
        floor = 1e-3 * float(np.trace(spread)) / d if d else 0.0
        return cls.gaussian(mean, spread + max(floor, 1e-9) * np.eye(d), variance)

    @classmethod
    def gaussian(cls, mean: Array, covariance: Array, variance: float) -> Quadratic:
        """``variance * (u - m)^T S^-1 (u - m)``: mean m (d,) and covariance S (d, d)."""
        precision = np.asarray(variance * np.linalg.inv(covariance), np.float64)
        return cls(precision, precision @ mean, float(mean @ precision @ mean))

    def __add__(self, other: Quadratic) -> Quadratic:
        return Quadratic(
            self.curvature + other.curvature,
            self.slope + other.slope,
            self.constant + other.constant,
        )

    def __mul__(self, weight: float) -> Quadratic:
        return Quadratic(self.curvature * weight, self.slope * weight, self.constant * weight)

    def __call__(self, u: Array) -> float:
        """The value at u."""
        return float(u @ self.curvature @ u - 2 * self.slope @ u + self.constant)


@dataclass(frozen=True, eq=False)
class UserProblem:
    """The frozen mappings and the weight of the reconstruction term."""

    hl: Mapping
    lh: Mapping
    weight: float = 1.0

    def value(self, u: Array, y: Array, extra: Quadratic) -> float:
        """f at u (d,) and the completed ratings y (N,)."""
        r1 = u - self.hl(y[None])[0]
        r2 = y - self.lh(u[None])[0]
        return self.weight * float(r1 @ r1 + r2 @ r2) + extra(u)

    def step(
        self, u: Array, y: Array, missing: NDArray[np.bool_], extra: Quadratic
    ) -> tuple[Array, Array]:
        """The full Gauss-Newton step (du, dy), dy 0 at known ratings."""
        r1 = u - self.hl(y[None])[0]  # (d,)
        r2 = y - self.lh(u[None])[0]  # (N,)
        down = self.lh.jacobian(u)  # (N, d), dy/du
        up = self.hl.jacobian(y)[:, missing]  # (d, m), du/dy
        w, d = self.weight, len(u)
        # gradient halves
        gu = w * (r1 - down.T @ r2) + extra.curvature @ u - extra.slope
        gy = w * (r2[missing] - up.T @ r1)
        huu = w * (np.eye(d) + down.T @ down) + extra.curvature
        huy = -w * (up + down[missing].T)  # (d, m)
        inner = np.linalg.inv(np.eye(d) + up @ up.T)

        def solve_yy(v: Array) -> Array:
            # (w (I + up^T up))^-1 v
            out: Array = (v - up.T @ (inner @ (up @ v))) / w
            return out

        schur = huu - huy @ solve_yy(huy.T)
        du = -np.linalg.lstsq(schur, gu - huy @ solve_yy(gy), rcond=None)[0]
        dy = np.zeros_like(y)
        dy[missing] = -solve_yy(gy + huy.T @ du)
        return du, dy

    def minimise(
        self,
        u: Array,
        y: Array,
        missing: NDArray[np.bool_],
        extra: Quadratic,
        steps: int,
    ) -> tuple[Array, Array, float]:
        """At most ``steps`` Gauss-Newton steps from (u, y): new u, new y and f, never above f."""

        def value(at: Array) -> float:
            return self.value(at[: len(u)], at[len(u) :], extra)

        def step(at: Array) -> Array:
            return np.concatenate(self.step(at[: len(u)], at[len(u) :], missing, extra))

        found, lowest = descend(value, step, np.concatenate([u, y]), steps)
        return found[: len(u)], found[len(u) :], lowest


def descend(
    value: Callable[[Array], float], step: Callable[[Array], Array], at: Array, steps: int
) -> tuple[Array, float]:
    """At most so many steps, each halved until the value falls: where they end, and the value."""
    now = value(at)
    for _ in range(steps):
        way = step(at)
        for halvings in range(MAX_HALVINGS):
            new = at + 0.5**halvings * way
            lower = value(new)
            if lower < now:
                break
        else:
            break
        fall, at, now = now - lower, new, lower
        if fall <= TOLERANCE * max(1.0, abs(now)):
            break
    return at, now


def find_user(
    lh: Mapping, ratings: Array, weight: float, extra: Quadratic, start: Array, steps: int
) -> Array:
    """Latent (d,) of a new user: the mappings are frozen, only the user's own ratings speak.

    Minimises, by Gauss-Newton from ``start`` (d,), over u and the missing ratings

        weight * |y - M_lh(u)|^2 + extra(u)

    whose missing part is M_lh(u) itself. The other half of the AEm objective, |u - M_hl(y)|^2, is
    left out on purpose: of a user with few ratings nearly all of y is M_lh(u), so that it would
    only ask whether u survives both mappings, which two curved ones answer with a pull to the
    middle that outweighs the ratings.

    ratings : float64 (N,), centred as the mapping's, NaN = not rated.
    """
    known = ~np.isnan(ratings)
    told = ratings[known]

    def value(u: Array) -> float:
        rest = told - lh(u[None])[0][known]
        return weight * float(rest @ rest) + extra(u)

    def step(u: Array) -> Array:
        slope = lh.jacobian(u)[known]  # (n, d)
        rest = told - lh(u[None])[0][known]
        normal = weight * slope.T @ slope + extra.curvature
        down = weight * slope.T @ rest + extra.slope - extra.curvature @ u
        return np.asarray(np.linalg.lstsq(normal, down, rcond=None)[0], np.float64)

    return descend(value, step, start, steps)[0]
