"""The ranker for a user of whom nothing is known: how good the loop is, not who likes it.

    score = 3 + verdict + motion + sharpness + seam,    clipped to [1, 5]

    verdict    good +1, doubtful -0.5, refused -2
    motion     +0.6 at a moving area of a tenth of the frame, falling to -0.6 at nothing and to
               about 0 when everything moves: [O]'s users liked one thing moving
    sharpness  0 down to -0.5 as the loop is blurrier than the frames it is made of
    seam       0 down to -0.6 as every pixel's own jump exceeds its usual step

The weights are ours, set by hand; nothing was fitted to anybody's ratings. A missing measure
counts as neutral. It is never called personal, and needs no training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RankError
from cinekit.rank.base import Array, Features, FittedRanker, UserRatings

BASE = 3.0
BEST_AREA = 0.1
USED = ("verdict", "loop_moving_area", "loop_sharpness", "loop_own_step")


@dataclass(frozen=True, eq=False)
class FittedPrior(FittedRanker):
    """The formula of the module's docstring."""

    personal: ClassVar[bool] = False

    def score(self, values: Array, user: UserRatings, rows: NDArray[np.int64]) -> Array:
        """The same for everybody."""
        verdict, area, sharpness, step = (values[:, self.names.index(name)] for name in USED)
        terms = (
            np.select([verdict >= 2, verdict >= 1, verdict >= 0], [1.0, -0.5, -2.0], 0.0),
            _motion(area),
            -0.5 * np.clip((0.95 - sharpness) / 0.2, 0, 1),
            -0.6 * np.clip((step - 1.5) / 3, 0, 1),
        )
        scores: Array = BASE + np.sum([np.nan_to_num(term) for term in terms], axis=0)
        return scores


def _motion(area: Array) -> Array:
    # On the logarithm of the area: from nothing to a tenth matters as much as from there to all.
    away = np.log(np.maximum(area, 1e-4) / BEST_AREA)
    rising, falling = 0.6 + 1.2 * away / np.log(1e3), 0.6 - 0.6 * away / np.log(10)
    bonus: Array = np.where(away < 0, rising, falling)
    return bonus


@dataclass(frozen=True, kw_only=True)
class PriorRanker:
    """Scores loops by their quality; for users without ratings and without a trained model."""

    fitted: ClassVar[type[FittedRanker]] = FittedPrior

    def fit(self, features: Features, ratings: Array) -> FittedPrior:
        """Learns nothing: ratings may be empty (N, 0).

        Raises
        ------
        RankError
            When a feature that the formula needs does not exist.
        """
        missing = [name for name in USED if name not in features.names]
        if missing:
            raise RankError(
                f"prior: expected the features {', '.join(USED)}, missing {', '.join(missing)}; "
                "it ranks cinemagraphs of cinekit only"
            )
        return FittedPrior(features.names, np.arange(len(features), dtype=np.int64))
