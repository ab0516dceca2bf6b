"""The parameters of the energy and of the working clip, named, with their symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from cinekit.checks import Checked, Count, Natural, NotNegative, Positive, Share, Within


class GammaSpatial(StrEnum):
    """What makes a seam between two neighbours cheap (gamma_s)."""

    SEMANTIC = "semantic"
    """Their label histograms differ: seams run along the borders of things ([O] Eq. 5)."""
    TEMPORAL = "temporal"
    """Their difference changes over time, so a seam hides in the motion ([L13])."""


@dataclass(frozen=True, kw_only=True)
class EnergyOptions(Checked):
    """Weights of the energy ([O] Eq. 1-7) and the periods it ranges over.

    The defaults are the preset ``oh2017``, with the values that worked on real clips.

    Parameters
    ----------
    semantic_weight : w, in [0, 1]. Share of the response F against the colours V.
    label_weight : a1 >= 0. Weight of the label term.
    spatial_weight : a2 >= 0. Weight of the seams. Around 1 speckles, 30 stops all motion.
    lambda_temporal : lambda_t >= 0 on natural pixels. Larger hides temporal seams in busy pixels.
    lambda_temporal_other : lambda_t >= 0 on all other pixels.
    lambda_spatial : lambda_s >= 0. 0 lets motion leak over borders, 1000 frees seams on them.
    gamma_spatial : which gamma_s.
    alpha_static : alpha_sta >= 0. Price of standing still in the target where it moves.
    calm_weight : price, in units of alpha_sta, of a loop in the target that shows none of its
        pixel's motion, >= 0; from a quarter of it on it is free. 0 is [O] as printed.
    lambda_static : lambda_sta >= 0. The price saturates at a deviation of 1 / lambda_sta.
    static_sigma_space, static_sigma_time : > 0. Neighbourhood N of [L13]: standard deviations of
        its Gaussian, working pixels and working frames.
    min_period : shortest period, source frames, >= 2.
    period_step : distance between periods, source frames, >= 1.
    short_period : P_short, source frames. Periods up to this are forbidden on the natural pixels of
        the target, which would else all take the shortest; 0 forbids none.
    outside_cost : price of looping outside the target, >= 0. Breaks the ties of pixels that the
        codec left identical in every frame, where looping would be free.
    outside_motion : price, in units of E_static, of looping outside the target where the clip moves
        by itself, >= 0: what keeps the rest still beside the one thing that moves.
    outside_margin : share of the frame's height, in [0, 1], over which that price rises from 0 at
        the border of the target's natural part.
    rigid_weight : factor on a2 inside a non-natural region, >= 1. Keeps objects in one piece.
    still_frames : how many frames a still pixel chooses from beside the loops, >= 1.
    use_regions : False ignores the regions: every pixel is target, nothing is natural or rigid.
    """

    semantic_weight: Share = 0.1
    label_weight: NotNegative = 1.0
    spatial_weight: NotNegative = 10.0
    lambda_temporal: NotNegative = 125.0
    lambda_temporal_other: NotNegative = 62.5
    lambda_spatial: NotNegative = 100.0
    gamma_spatial: GammaSpatial = GammaSpatial.SEMANTIC
    alpha_static: NotNegative = 0.1
    calm_weight: NotNegative = 0.1
    lambda_static: NotNegative = 100.0
    static_sigma_space: Positive = 0.9
    static_sigma_time: Positive = 1.2
    min_period: Annotated[int, Within("[2, inf)")] = 32
    period_step: Count = 8
    short_period: Natural = 48
    outside_cost: NotNegative = 1e-4
    outside_motion: NotNegative = 1.0
    outside_margin: Share = 0.03
    rigid_weight: Annotated[float, Within("[1, inf)")] = 16.0
    still_frames: Count = 8
    use_regions: bool = True


@dataclass(frozen=True, kw_only=True)
class WorkingOptions(Checked):
    """How the clip is reduced before the energy is solved on it ([L13], [L15]).

    Parameters
    ----------
    scale : working size over clip size, in (0, 1].
    min_side : the shorter side is never scaled below this, working pixels, >= 1: a clip of 240
        lines keeps them all, one of 360 is scaled by 2/3 at most.
    every : source frames per working frame, >= 1.
    min_frames : ``every`` is reduced until the clip has this many working frames, or 1 is reached.
    response_median : odd number of working frames, >= 1, of the temporal median over F.
    dead_band : F keeps its running value until it changes by more than this, in [0, 1]. Networks
        flicker: raw responses have up to 370 times the temporal energy of the colours.
    """

    scale: Annotated[float, Within("(0, 1]")] = 0.5
    min_side: Count = 240
    every: Count = 4
    min_frames: Count = 37
    response_median: Annotated[int, Within("[1, inf)", odd=True)] = 5
    dead_band: Share = 0.3


PRESETS: Mapping[str, EnergyOptions] = MappingProxyType(
    {
        "oh2017": EnergyOptions(),
        "liao2013": EnergyOptions(
            semantic_weight=0.0,
            lambda_temporal=400.0,
            lambda_temporal_other=400.0,
            gamma_spatial=GammaSpatial.TEMPORAL,
            short_period=0,
            outside_cost=0.0,
            outside_motion=0.0,
            calm_weight=0.0,
            rigid_weight=1.0,
            use_regions=False,
        ),
    }
)
"""The energies that ship: [O] as corrected on real clips, and [L13], the baseline without
semantics. With ``liao2013`` every pixel is target, so all candidates of a clip are the same."""
