"""Top-K selection: which categories are worth animating, and where they are (pi of [O] 3.1).

[O] keeps the K most frequent categories that are not static, vary by more than 0.05 and do not
fall to pieces; pi_k is where category k wins in at least half of the frames. Where that fails on
real clips, this module does something else and says so:

- "varies" is a share: how many of the region's pixels move at all (see :mod:`.moving`). A mean
  deviation drops a sea that moves gently and keeps a wall behind a passer-by.
- small parts are dropped first, and what is left is judged; otherwise fragments drag a good region
  down, or one blob carries specks in.
- what moves about never reaches half of the frames: a non-natural category owns the pixels that it
  sweeps, and they are taken away from the natural region behind it, which cannot loop there without
  cutting it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Share
from cinekit.errors import ConfigError, SegmenterError
from cinekit.eye import HOLE
from cinekit.model import Category, Clip, Dropped, Motion, Region, Regions, SemanticResponse
from cinekit.see.folding import upsample
from cinekit.see.moving import moving_map
from cinekit.see.parts import drop_small, fill_small, parts_with
from cinekit.see.vocabulary import all_categories, face_categories

SEEN = 0.001
"""A category that wins in less than this share of all cells and frames was not seen at all."""


@dataclass(frozen=True, kw_only=True)
class RegionOptions(Checked):
    """Options of :func:`select_regions`: what decides which regions may move.

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


def select_regions(
    clip: Clip, response: SemanticResponse, options: RegionOptions | None = None
) -> Regions:
    """The regions of a clip that may move, largest first, and why the others were dropped.

    Parameters
    ----------
    clip : stabilised; a drifting camera makes everything move.
    response : of the same clip.

    Raises
    ------
    SegmenterError
        When the response is not of this clip.
    """
    options = options or RegionOptions()
    if response.n_frames != clip.n_frames:
        raise SegmenterError(
            f"expected a response of {clip.n_frames} frames, received {response.n_frames}"
        )
    moving = moving_map(clip)
    won = occurrence(response)
    found: list[_Found] = []
    dropped: list[Dropped] = []
    for c in np.argsort(-won.mean(axis=(1, 2)), kind="stable"):
        category = response.categories[c]
        if won[c].mean() < SEEN:
            continue
        if category.motion is Motion.STATIC:
            dropped.append(Dropped(category.name, "static"))
        else:
            found.append(_Found(category, _map(won[c], category, moving, options)))
    for name, into in _join_doubles(found):
        dropped.append(Dropped(name, f"part of {into}"))
    _give_to_what_passes(found)

    regions = []
    for one in found:
        region, reason = _judge(one, moving, options)
        if reason is None:
            regions.append(region)
        else:
            dropped.append(Dropped(region.name, reason))
    regions.sort(key=lambda region: -region.area)
    for region in regions[options.k :]:
        dropped.append(Dropped(region.name, f"not among the {options.k} largest"))
    return Regions(regions=tuple(regions[: options.k]), dropped=tuple(dropped), moving=moving)


def occurrence(response: SemanticResponse) -> NDArray[np.float32]:
    """h_t(c, x) / T of [O] 3.1: float32 (C, h, w), the share of frames in which c wins the cell."""
    p = response.distinct
    n_frames, h, w, n = p.shape
    cells = np.arange(h * w)
    counts = np.zeros((n, h * w), np.int32)
    for frame in p:
        np.add.at(counts, (frame.argmax(axis=-1).ravel(), cells), 1)
    share: NDArray[np.float32] = counts.reshape(n, h, w).astype(np.float32) / np.float32(n_frames)
    return share


@dataclass(eq=False)
class _Found:
    """A category that was seen, and its map, which may still lose pixels to what passes."""

    category: Category
    mask: NDArray[np.bool_]


def _map(
    won: NDArray[np.float32],
    category: Category,
    moving: NDArray[np.bool_],
    options: RegionOptions,
) -> NDArray[np.bool_]:
    """pi of one category at clip resolution, without its small parts.

    Non-natural categories add what they sweep: pixels that move, and that they win now and then.
    One that mostly stays where it is (a person who stands) has no parts elsewhere: those are
    something else that passed and was taken for it.
    """
    share = upsample(won, (moving.shape[0], moving.shape[1]))
    core = share >= options.occurrence
    if category.motion is not Motion.NON_NATURAL:
        return drop_small(fill_small(core, options.min_part), options.min_part)
    mask = fill_small(core | ((share >= options.swept) & moving), HOLE)
    mask = drop_small(mask, options.min_part)
    if core.any():
        home = parts_with(mask, core)
        if home.sum() >= 0.5 * mask.sum():
            return home
    return mask


def _join_doubles(found: list[_Found]) -> list[tuple[str, str]]:
    """Join things that sweep the same pixels: one thing under two names. In place.

    The maps of two things overlap only where both pass. When more than half of one lies in the
    other, it is what the network calls a dog now and a horse then. Parts of a face are no doubles:
    eyes lie in what the skin around them sweeps. Returns (name that went, name that stayed).
    """
    parts = {category.name for category in face_categories()}
    things = [
        one
        for one in found
        if one.category.motion is Motion.NON_NATURAL and one.category.name not in parts
    ]
    things.sort(key=lambda one: -int(one.mask.sum()))
    kept: list[_Found] = []
    joined = []
    for one in things:
        pixels = int(one.mask.sum())
        double = next((k for k in kept if 2 * int((k.mask & one.mask).sum()) > pixels > 0), None)
        if double is None:
            kept.append(one)
            continue
        gone, stays = one.category, double.category
        if _names_better(one, double):
            gone, stays = stays, gone
        double.mask |= one.mask
        double.category = stays
        joined.append((gone.name, stays.name))
    found[:] = [one for one in found if one in kept or one not in things]
    return joined


def _names_better(small: _Found, large: _Found) -> bool:
    """Whether the smaller of two doubles has the better name: a word, for a good part of it."""
    known = all_categories()
    return (
        small.category.name in known
        and large.category.name not in known
        and 6 * int(small.mask.sum()) >= int(large.mask.sum())
    )


def _give_to_what_passes(found: list[_Found]) -> None:
    """Take the maps of things that pass away from the natural regions behind them, in place."""
    passing = [one.mask for one in found if one.category.motion is Motion.NON_NATURAL]
    if not passing:
        return
    swept = np.logical_or.reduce(passing)
    for one in found:
        if one.category.motion is Motion.NATURAL:
            one.mask &= ~swept


def _judge(
    one: _Found, moving: NDArray[np.bool_], options: RegionOptions
) -> tuple[Region, str | None]:
    """The region of a category, and the reason to drop it if there is one."""
    mask = drop_small(one.mask, options.min_part)
    pixels = int(mask.sum())
    region = Region(
        name=one.category.name,
        motion=one.category.motion,
        mask=mask,
        area=pixels / mask.size,
        moving=int((mask & moving).sum()) / max(pixels, 1),
    )
    if pixels == 0 or region.area < options.min_area:
        return region, "too small"
    if region.moving < options.min_moving:
        return region, f"moves too little ({region.moving:.3f})"
    return region, None
