"""What a user may ask of the reader."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cinekit.errors import ConfigError

AUTO = "auto"
"""The value of an option that is chosen from the video."""

MIN_FRAMES = 8
"""A loop needs a period, its neighbours and something to choose from: fewer frames are refused."""


@dataclass(frozen=True, kw_only=True)
class ClipOptions:
    """Which part of a video is read, and how large.

    The defaults are the input of [O] section 5: five seconds of at most 960x540.

    start : first second that is kept, >= 0, or "auto": of a longer video the part that loops best
        (:func:`cinekit.clip.window.best_start`).
    seconds : length that is kept, > 0; a shorter video is kept whole.
    max_width, max_height : the box, in pixels, that a landscape clip is scaled down to; a portrait
        clip is scaled to the same box turned upright. Nothing is ever scaled up.
    cuts : find scene cuts inside the kept part and keep the longest shot only.
    """

    start: float | int | str = AUTO
    seconds: float = 5.0
    max_width: int = 960
    max_height: int = 540
    cuts: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.start, str):
            if self.start != AUTO:
                raise ConfigError(f"expected clip.start in seconds or auto, received {self.start}")
        elif not (math.isfinite(self.start) and self.start >= 0):
            raise ConfigError(f"expected clip.start >= 0 seconds, received {self.start}")
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ConfigError(f"expected clip.seconds > 0, received {self.seconds}")
        if min(self.max_width, self.max_height) < 16:
            raise ConfigError(
                "expected clip.max_width and clip.max_height of at least 16 pixels, "
                f"received {self.max_width}x{self.max_height}"
            )
