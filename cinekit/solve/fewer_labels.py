"""Fewer labels: only those by which pixels gain ([L15], dominant periods and start frames).

[L15] tells pixels apart before it solves: *unchanging* ones cost the same whatever they show,
*loopable* ones gain much by the right label, *unloopable* ones by none. Here each pixel has a say
by what it gains: labels are kept, those with the most to gain by first, until nearly all of the
gain is there. In stage 1 labels are start frames, in stages 2 and 3 periods and frames too. It
saves moves; what it costs in energy, pair costs included, shows only when it has been solved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dominant_labels(
    unary: NDArray[np.float32], keep: float, needed: NDArray[np.integer] | None = None
) -> NDArray[np.int64]:
    """The labels that hold a share of the gain, and those that some pixel cannot do without.

    The gain is what all pixels together save by taking their cheapest label instead of any.

    Parameters
    ----------
    unary : float32 (L, h, w), inf forbids; every pixel has a finite one.
    keep : share of the gain, in (0, 1].
    needed : labels to keep in any case, such as those of a start.

    Returns
    -------
    int64 (L',), ascending.
    """
    allowed = np.isfinite(unary)
    count = allowed.sum(axis=0)  # (h, w)
    usual = np.where(allowed, unary, 0).sum(axis=0) / count
    favourite = unary.argmin(axis=0)
    lowest = np.take_along_axis(unary, favourite[None], axis=0)[0]
    gain = usual - lowest
    by_label = np.bincount(favourite.ravel(), gain.ravel(), minlength=unary.shape[0])
    missing = (1 - keep) * float(gain.sum(dtype=np.float64))
    kept: list[int] = []
    cost = usual
    for label in np.argsort(-by_label, kind="stable"):
        kept.append(int(label))
        cost = np.minimum(cost, unary[label])
        if float((cost - lowest).sum(dtype=np.float64)) <= missing:
            break
    stranded = ~allowed[kept].any(axis=0)
    others = np.empty(0, np.int64) if needed is None else needed.ravel()
    return np.unique(np.concatenate([kept, favourite[stranded], others])).astype(np.int64)
