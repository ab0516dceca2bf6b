"""Scene cuts: where one shot ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE = (32, 18)
"""Cells (width, height) that a frame is averaged to: motion inside a cell is no cut."""

def find_cuts(frames):
    return []
def longest_shot(cuts: list[int], n_frames: int) -> tuple[int, int, int]:
    """(first, end, number of shots); the earliest of the longest."""
    edges = [0, *cuts, n_frames]
    spans = list(zip(edges[:-1], edges[1:], strict=True))
    first, end = max(spans, key=lambda s: s[1] - s[0])
    return first, end, len(spans)
