"""The slider's settings: one for all, or by the names of candidates and regions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cinekit.errors import ConfigError
from cinekit.labels import LabelMap
from cinekit.loop.activation import calm, find_activation
from cinekit.loop.options import RenderOptions
from cinekit.model import Candidate, Clip, Regions
from cinekit.text import did_you_mean


def check_names(options: RenderOptions, candidates: Iterable[Candidate], regions: Regions) -> None:
    """Raise a ConfigError when ``dynamism_of`` names what is neither a candidate nor a region."""
    known = [candidate.id for candidate in candidates]
    known += [_word(region.name) for region in regions.regions]
    for name in options.dynamism_of:
        if _word(name) not in known:
            raise ConfigError(
                f"dynamism_of: expected a candidate or region, received '{name}'"
                f"{did_you_mean(_word(name), known)}; here are {', '.join(sorted(set(known)))}"
            )


def dynamism_at(
    options: RenderOptions, candidate: Candidate, regions: Regions
) -> NDArray[np.float32]:
    """The setting of the slider at every pixel: float32 (H, W) in [0, 1]."""
    named = {_word(name): value for name, value in options.dynamism_of.items()}
    setting = named.get(candidate.id, options.dynamism)
    out = np.full(regions.moving.shape, setting, np.float32)
    for region in regions.regions:
        out[region.mask] = named.get(_word(region.name), setting)
    return out


def calmed(
    clip: Clip, labels: LabelMap, candidate: Candidate, regions: Regions, options: RenderOptions
) -> LabelMap:
    """The labels at the settings of the options; the labels themselves when everything moves."""
    dynamism = dynamism_at(options, candidate, regions)
    if (dynamism[labels.looping] >= 1).all():
        return labels
    return calm(labels, find_activation(clip, labels, regions.rigid), dynamism)


def _word(name: str) -> str:
    """Region names may have spaces, which awkwardly need quotes on a command line."""
    return name.replace(" ", "_")
