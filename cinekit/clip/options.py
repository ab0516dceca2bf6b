"""What a user may ask of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cinekit.checks import Checked, NotNegative, Positive, Within
from cinekit.errors import ConfigError

AUTO = "auto"
"""The value of an option that is chosen from the video."""

MIN_FRAMES = 8
"""A loop needs a period, its neighbours and something to choose from: fewer frames are refused."""


@dataclass(frozen=True, kw_only=True)
class ClipOptions(Checked):
    """Which part of a video is read, and how large.

    The defaults are the input of [O] section 5: five seconds of at most 960x540.

    start : first second that is kept, >= 0, or "auto": of a longer video the part that loops best
        (:func:`cinekit.clip.window.best_start`).
    seconds : length that is kept, > 0; a shorter video is kept whole.
    max_width, max_height : the box, in pixels, that a landscape clip is scaled down to; a portrait
        clip is scaled to the same box turned upright. Nothing is ever scaled up.
    cuts : find scene cuts inside the kept part and keep the longest shot only.
    """

    start: NotNegative | int | str = AUTO
    seconds: Positive = 5.0
    max_width: Annotated[int, Within("[16, inf)")] = 960
    max_height: Annotated[int, Within("[16, inf)")] = 540
    cuts: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.start, str) and self.start != AUTO:
            raise ConfigError(f"start: expected seconds or {AUTO}, received {self.start!r}")
