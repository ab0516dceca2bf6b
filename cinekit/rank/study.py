"""A simulated user study: honest about being simulated, generated, never a file.

[O] rated 459 cinemagraphs by 59 users, 63 % of the pairs, and 72.66 % of the cinemagraphs had a
standard deviation above 1 between users; the ratings are not public. Here features come from a few
kinds of scene with correlated, partly heavy-tailed columns, users from a few tastes, a rating is

    round( base + item quality + user bias + taste(u) . scene(v) + curved taste + noise ), in 1..5

``curved``: how much a user likes motion is not monotone: everybody has a favourite amount. The
strength of taste is calibrated by bisection so that the share of divided items is that of [O].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinekit.rank.base import Array, Features

ITEMS, USERS, KNOWN, DIVIDED = 459, 59, 0.63, 0.7266
N_SCENES, N_TASTES, N_FEATURES = 6, 3, 150
BIAS, NOISE = 0.3, 0.55
"""Standard deviations, rating points: of how generous a user is, and of one rating."""


@dataclass(frozen=True, eq=False)
class Study:
    """features of N items; ratings (N, U), NaN = not rated; truth (N, U), all ratings.

    meant : (N, U), what users think before noise and rounding. items : how ratings come about,
        see :class:`Items`. Neither is for rankers: they say how well anybody could predict.
    """

    features: Features
    ratings: Array
    truth: Array
    meant: Array
    items: Items


@dataclass(frozen=True, eq=False)
class Items:
    """latent (N, N_TASTES + 1): what matters of a cinemagraph; quality (N,); strength of taste."""

    latent: Array
    quality: Array
    strength: float

    def opinions(self, taste: Array, favourite: Array, bias: Array) -> Array:
        """What users think, (N, U), before noise and rounding: taste (U, N_TASTES), else (U,)."""
        pull = self.latent[:, :N_TASTES] @ taste.T / np.sqrt(N_TASTES)
        curve = 0.8 - np.abs(self.latent[:, -1:] - favourite)
        out: Array = 3.0 + self.quality[:, None] + bias + self.strength * (pull + 0.8 * curve)
        return out


def draw_tastes(rng: np.random.Generator, users: int) -> tuple[Array, Array]:
    """Of that many users: taste (U, N_TASTES), favourite amount of motion (U,)."""
    taste = rng.choice([-1.0, 1.0], (users, N_TASTES)) * rng.gamma(4.0, 0.25, (users, N_TASTES))
    return taste, rng.uniform(-1.2, 1.2, users)


def divided_share(ratings: Array) -> float:
    """Share of items whose ratings have a standard deviation above 1 between users."""
    return float((np.nanstd(ratings, axis=1) > 1.0).mean())


def simulate_study(seed: int = 0, items: int = ITEMS, users: int = USERS) -> Study:
    """A study of the size and the disagreement of [O]'s."""
    rng = np.random.default_rng(seed)
    latent = _scenes(rng, items)  # (N, N_TASTES + 1): what matters of a cinemagraph
    features = _features(rng, latent)
    taste, favourite = draw_tastes(rng, users)
    quality = 0.35 * latent[:, 0] + 0.2 * rng.standard_normal(items)
    bias = BIAS * rng.standard_normal(users)
    noise = NOISE * rng.standard_normal((items, users))
    known = rng.random((items, users)) < KNOWN

    def meant(strength: float) -> Array:
        return Items(latent, quality, strength).opinions(taste, favourite, bias)

    def rate(strength: float) -> Array:
        rated: Array = np.clip(np.rint(meant(strength) + noise), 1.0, 5.0)
        return rated

    low, high = 0.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        share = divided_share(np.where(known, rate(middle), np.nan))
        low, high = (middle, high) if share < DIVIDED else (low, middle)
    strength = (low + high) / 2
    truth, world = rate(strength), Items(latent, quality, strength)
    return Study(features, np.where(known, truth, np.nan), truth, meant(strength), world)


def _scenes(rng: np.random.Generator, items: int) -> Array:
    """Items cluster by kind of scene: float64 (N, N_TASTES + 1), about standard normal."""
    centres = rng.standard_normal((N_SCENES, N_TASTES + 1))
    kind = rng.integers(0, N_SCENES, items)
    mixed: Array = 0.7 * centres[kind] + 0.7 * rng.standard_normal((items, N_TASTES + 1))
    standard: Array = (mixed - mixed.mean(0)) / mixed.std(0)
    return standard


def _features(rng: np.random.Generator, latent: Array) -> Features:
    """Named columns: noisy, redundant, partly curved views of what matters, and pure nuisance."""
    n = len(latent)
    views = N_FEATURES * 2 // 3
    weights = rng.standard_normal((latent.shape[1], views)) / np.sqrt(latent.shape[1])
    seen = latent @ weights
    seen[:, 1::3] = np.tanh(1.5 * seen[:, 1::3])
    seen[:, 2::3] = np.exp(0.7 * seen[:, 2::3])  # heavy tails: areas, counts
    seen = seen + 0.6 * rng.standard_normal(seen.shape) * seen.std(0)
    nuisance = rng.standard_normal((n, N_FEATURES - views))
    values = np.concatenate([seen, nuisance], axis=1)
    return Features(values, tuple(f"simulated_{i:03d}" for i in range(N_FEATURES)))
