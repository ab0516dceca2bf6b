"""The frames looked at: what many stages measure on them, each made once, when asked.

A clip has one view (:attr:`cinekit.Clip.view`), which all that see the clip share: segmenters,
regions, attempts, judges, features. What a stage measures of the clip alone goes through
:meth:`ClipView.once`, and is there for every candidate and attempt that follows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class ClipView:
    """What is read off the frames of a clip, or of a loop; safe to share between threads.

    frames : uint8 (T, H, W, 3), RGB, whole frames. fps : frames per second.
    """

    def __init__(self, frames: NDArray[np.uint8], fps: float) -> None:
        self.frames, self.fps = frames, fps
        self._made: dict[Any, Any] = {}
        self._lock = threading.RLock()  # what is made may ask for something else

    def __reduce__(self) -> tuple[Any, ...]:
        return ClipView, (self.frames, self.fps)  # what was made is not worth the way

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    def once(self, measure: Callable[[ClipView], T]) -> T:
        """``measure(self)``, taken once; later calls get the same value.

        measure : a function of a module, by which the value is known. Its arrays are read only.
        """
        return self._once(measure, lambda: measure(self))

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return cast(T, self._made[key])

    def small(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Every frame, area-averaged to (h, w): uint8 (T, h, w, 3); at their own size no copy."""
        if size == self.size:
            return self.frames
        return self._once(size, lambda: self._shrunk(size))

    def _shrunk(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        import cv2

        out = np.empty((len(self.frames), *size, 3), np.uint8)
        for frame, small in zip(self.frames, out, strict=True):
            cv2.resize(frame, size[::-1], dst=small, interpolation=cv2.INTER_AREA)
        return out

    @property
    def luma(self) -> NDArray[np.uint8]:
        """Grey levels, uint8 (T, H, W)."""
        return self.once(_luma)

    @property
    def deviation(self) -> NDArray[np.float32]:
        """Standard deviation of every pixel's luma over time: float32 (H, W), grey levels."""
        return self.once(_deviation)

    def give_back(self) -> None:
        """Let go of all that was made, to free its memory; it is made again if asked for."""
        with self._lock:
            self._made.clear()


def grid_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(h, w) in the proportions of a size, no side above ``longest`` nor larger than it was."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _luma(view: ClipView) -> NDArray[np.uint8]:
    import cv2

    out = np.empty(view.frames.shape[:3], np.uint8)
    for frame, grey in zip(view.frames, out, strict=True):
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY, dst=grey)
    return out


def _deviation(view: ClipView) -> NDArray[np.float32]:
    import cv2

    total, squares = np.zeros((2, *view.size), np.float64)
    for grey in view.luma:
        cv2.accumulate(grey, total)
        cv2.accumulateSquare(grey, squares)
    n = len(view.frames)
    variance = np.maximum(squares / n - (total / n) ** 2, 0)
    return np.sqrt(variance).astype(np.float32)
