"""How a loop is rendered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from cinekit.checks import Checked, Natural, Positive, Share, Within
from cinekit.errors import ConfigError

AUTO = "auto"
"""The value of an option that is chosen from the clip."""

LONGEST_SECONDS, LONGEST_FRAMES = 60, 3600
"""Of a loop: it is in memory while it is rendered and judged. ``repeat`` plays it longer."""

_FRAMES = re.compile(r"([1-9]\d{0,5})\s*f(?:rames?)?")


class Blend(StrEnum):
    """What hides jumps in time, from a pixel's last frame back to its first, and label borders."""

    NONE = "none"
    """Nothing: the frames of the clip as they are."""
    POISSON = "poisson"
    """Offsets that turn both into gradients of the clip ([L13]): large things melt slowly into each
    other, fine ones at once and sharp."""
    CROSSFADE = "crossfade"
    """A short cross-fade around each pixel's own jump, and a feather at label borders."""


@dataclass(frozen=True, kw_only=True)
class RenderOptions(Checked):
    """Options of :func:`cinekit.loop.render_loop` and of the steps that lead to it.

    length : seconds of the loop, or frames as in "90f", or "auto": a whole number of cycles of the
        dominant period, within ``min_seconds`` and ``max_seconds``, so that it plays at the speed
        of the clip.
    min_seconds, max_seconds : the range that "auto" chooses from.
    blend : what hides jumps and borders. Offsets hide changes of light and more of a border, at
        some two thirds of a cross-fade's error in the gradients; a cross-fade takes a jump in
        smaller steps and an eighth of the time.
    fade : length of the cross-fade, frames of the clip. 4 to 8 look right: shorter ones pop,
        longer ones blur. 0 switches it off. Only for ``blend=crossfade``, like feather.
    feather : width of the soft border on the moving side of a label border, pixels; 0 to 8.
    band : half width of the band around label borders that is solved again at the resolution of
        the clip, pixels ([L15]); 0 leaves the borders as they come from the working resolution.
    still : index of the frame that the still part shows, or "auto".
    dynamism : how much moves, from 0 (nothing) to 1 (all that was solved); in between, what has
        most motion for its seams comes first ([L13], :mod:`cinekit.loop.dynamism`).
    dynamism_of : the same for candidates by their id and for regions by their name ("water",
        "texture_1"); a region goes before a candidate, a candidate before ``dynamism``.
    """

    length: Positive | int | str = AUTO
    min_seconds: Positive = 2.0
    max_seconds: Positive = 6.0
    blend: Blend = Blend.POISSON
    fade: Annotated[int, Within("[0, 64]")] = 6
    feather: Annotated[int, Within("[0, 8]")] = 2
    band: Annotated[int, Within("[0, 64]")] = 6
    still: Natural | str = AUTO
    dynamism: Share = 1.0
    dynamism_of: dict[str, Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_length()
        if self.min_seconds > self.max_seconds:
            raise ConfigError(
                f"min_seconds: expected at most max_seconds, {self.max_seconds}, "
                f"received {self.min_seconds}"
            )
        if isinstance(self.still, str) and self.still != AUTO:
            raise ConfigError(f"still: expected a frame index or 'auto', received {self.still!r}")

    def _check_length(self) -> None:
        if self.length == AUTO:
            return
        if isinstance(self.length, str):
            found = _FRAMES.fullmatch(self.length)
            if found is None:
                raise ConfigError(
                    f"length: expected seconds, frames or 'auto', received {self.length!r}; "
                    "write for example length=4 or length=90f"
                )
            too_long = int(found[1]) > LONGEST_FRAMES
        else:
            too_long = self.length > LONGEST_SECONDS
        if too_long:
            raise ConfigError(
                f"length: expected at most {LONGEST_SECONDS} seconds or {LONGEST_FRAMES} frames, "
                f"received {self.length}; repeat=N plays a loop N times"
            )

    def frames(self, fps: float) -> int | None:
        """The length in frames; None when it is chosen from the clip."""
        if not isinstance(self.length, str):
            return max(1, round(self.length * fps))
        found = _FRAMES.fullmatch(self.length)
        return int(found[1]) if found else None
