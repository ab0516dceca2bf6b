"""Fewer labels: only those that many pixels like best ([L15], dominant periods and start frames).

[L15] tells pixels apart before it solves. *Unchanging* ones cost the same whatever they show: they
have no say. *Loopable* ones each vote for their cheapest label. Labels are kept, most votes first,
until they hold a given share of all votes: in stage 1 these are start frames, in stage 2 periods
and still frames. *Unloopable* pixels, whose cheapest label is still dear, vote like others: their
energy depends on it most. What a solver saves is moves; what it may cost is energy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNCHANGING = 1e-3
"""Spread of a pixel's costs, in units of the largest spread, up to which it has no say."""


def dominant_labels(
    unary: NDArray[np.float32], keep: float, needed: NDArray[np.integer] | None = None
) -> NDArray[np.int64]:
    """The labels that hold a share of the votes, and those that some pixel cannot do without.

    Parameters
    ----------
    unary : float32 (L, h, w), inf forbids; every pixel has a finite one.
    keep : share of the votes, in (0, 1]. 1 keeps every label that a pixel likes best.
    needed : labels to keep in any case, such as those of a start.

    Returns
    -------
    int64 (L',), ascending.
    """
    n_labels = unary.shape[0]
    favourite = unary.argmin(axis=0)  # (h, w)
    allowed = np.isfinite(unary)
    spread = np.where(allowed, unary, -np.inf).max(axis=0) - unary.min(axis=0)
    voters = spread > UNCHANGING * spread.max()
    votes = np.bincount(favourite[voters], minlength=n_labels)
    order = np.argsort(-votes, kind="stable")
    total = np.cumsum(votes[order])
    count = int(np.searchsorted(total, keep * total[-1])) + 1
    kept = order[:count]
    stranded = ~allowed[kept].any(axis=0)
    others = [favourite[stranded], np.empty(0, np.int64) if needed is None else needed.ravel()]
    labels: NDArray[np.int64] = np.unique(np.concatenate([kept, *others])).astype(np.int64)
    return labels
