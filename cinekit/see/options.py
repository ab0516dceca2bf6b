"""What decides which regions may move."""

from __future__ import annotations

from dataclasses import dataclass

from cinekit.checks import Checked, Count, Share
from cinekit.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class RegionOptions(Checked):
    """Options of :func:`cinekit.see.select_regions`.

    k : at most so many regions are kept, largest first; K of [O] 3.1. 3 to 6 are sensible.
    min_moving : a region is kept when at least this share of its pixels moves by itself. Higher
        drops half-still regions, lower lets in things that only flicker.
    min_area : a region is kept when it covers at least this share of the frame.
    min_part : connected parts below this share of the frame are dropped before the region is
        judged ([O]: 20x20 px, which is 0.0008 of 960x540).
    occurrence : a pixel belongs to a region when its category wins there in at least this share of
        the frames; 0.5 is T/2 of [O].
    swept : the same for things that move about (non-natural ones): a dog that walks never wins half
        of the frames anywhere, so what it sweeps belongs to it. 0 < swept <= occurrence.
    """

    k: Count = 4
    min_moving: Share = 0.10
    min_area: Share = 0.005
    min_part: Share = 0.0008
    occurrence: Share = 0.5
    swept: Share = 0.08

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.swept <= self.occurrence <= 1:
            raise ConfigError(
                "swept, occurrence: expected 0 < swept <= occurrence <= 1, "
                f"received swept {self.swept} and occurrence {self.occurrence}"
            )
