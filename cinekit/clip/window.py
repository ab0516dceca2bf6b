"""Which seconds of a long video loop best.

A loop needs a moment that looks like an earlier one, and motion in between. In every part of the
picture the best pair of moments of a window is found; the window with the most motion that can loop
is kept; of a window with scene cuts only the longest shot counts, for no more will be used. It is a
cheap look at small grey frames, not the energy: it tells pouring steadily from lifting the kettle,
nothing finer.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.clip.cuts import find_cuts, longest_shot

SIZE = (96, 54)
"""Width and height of the frames that are looked at, pixels."""
TILE = 6
"""Side of the parts of the picture that are compared, in those pixels."""
STEP_SECONDS = 0.125
"""Between two frames that are looked at."""
SHORTEST_LOOP_SECONDS = 1.5
"""Two moments closer than this do not count as a loop."""
LONGEST_LOOK_SECONDS = 60.0
"""Of a longer video only the beginning is looked at."""
JUMP = 3.0
"""A jump of so many mean steps (squared distances) makes a loop worthless."""
WORTH_IT = 1.25
"""A later window is taken when its score is above the first one's by this factor."""

Float = NDArray[np.float32]


def best_start(frames: Iterable[tuple[float, NDArray[np.uint8]]], seconds: float) -> float:
    """Start of the window of ``seconds`` that loops best, in seconds.

    frames : (time, uint8 (h, w) grey picture of any size), in the order of time. The earliest of
    equals; 0 when the video is not longer than the window.
    """
    times: list[float] = []
    every: list[NDArray[np.uint8]] = []
    looked_at: list[int] = []  # of these, steps apart
    for time, grey in frames:
        if time > LONGEST_LOOK_SECONDS:
            break
        if not times or time >= times[-1] + STEP_SECONDS - 1e-6:
            times.append(time)
            looked_at.append(len(every))
        every.append(np.asarray(cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA), np.uint8))
    if len(times) < 2 or times[-1] - times[0] <= seconds:
        return 0.0
    step = (times[-1] - times[0]) / (len(times) - 1)
    length, shortest = round(seconds / step), max(1, round(SHORTEST_LOOP_SECONDS / step))
    if length < shortest + 3:
        return 0.0
    distance = _distances(np.stack([every[i] for i in looked_at]).astype(np.float32))
    cuts = np.searchsorted(looked_at, find_cuts(np.stack([grey] * 3, -1) for grey in every))
    scores = np.zeros(len(times) - length + 1)
    for s in range(len(scores)):
        inside = [int(cut) - s for cut in cuts if s < cut < s + length]
        first, end, _ = longest_shot(inside, length)
        if end - first >= shortest + 3:
            shot = slice(s + first, s + end)
            scores[s] = window_score(distance[:, shot, shot], shortest) * (end - first) / length
    best = int(scores.argmax())
    return times[best] if scores[best] > WORTH_IT * scores[0] else 0.0


def window_score(distance: Float, shortest: int) -> float:
    """Motion that can loop, times the square of its share of all motion.

    In each tile the best pair of moments is taken: its loop is worth its mean step, less what its
    jump costs; a jump of ``JUMP`` steps makes it worthless. The share counts against windows in
    which much moves that cannot loop.

    distance : float32 (tiles, n, n), squared distance of every two moments, n >= shortest + 3.
    shortest : least number of moments between the two that meet.
    """
    from cinekit.energy.distance import table_phi  # numba, which reading a clip needs not

    n = distance.shape[1]
    steps = np.stack([distance[:, i, i + 1] for i in range(n - 1)], axis=1)  # (tiles, n - 1)
    travelled = np.concatenate([np.zeros((len(steps), 1)), steps.cumsum(axis=1)], axis=1)
    worth = np.zeros(len(distance))
    for period in range(shortest, n - 1):
        first = np.arange(1, n - period)
        # The moments and the ones before them: positions and directions agree.
        both = table_phi(distance, first, period)
        step = (travelled[:, first + period] - travelled[:, first]) / period
        worth = np.maximum(worth, (step - both / (2 * JUMP)).max(axis=1))
    share = worth.sum() / max(float(steps.mean(axis=1).sum()), 1e-9)
    return float(worth.sum() * share**2)


def _distances(frames: Float) -> Float:
    """Squared distance of every two frames in every tile: float32 (tiles, n, n)."""
    n, height, width = frames.shape
    rows, columns = height // TILE, width // TILE
    cut = frames[:, : rows * TILE, : columns * TILE].reshape(n, rows, TILE, columns, TILE)
    tiles = cut.transpose(1, 3, 0, 2, 4).reshape(rows * columns, n, TILE * TILE)
    tiles = tiles - tiles.mean(axis=1, keepdims=True)
    square = (tiles**2).sum(axis=2)  # (tiles, n)
    product = tiles @ tiles.transpose(0, 2, 1)
    out: Float = np.maximum(square[:, :, None] + square[:, None, :] - 2 * product, 0)
    return out
