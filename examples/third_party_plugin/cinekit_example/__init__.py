"""An example of a plugin: ``segmenter=colour`` and ``solver=icm``."""

from __future__ import annotations

from collections.abc import Mapping

import cinekit
from cinekit_example.colour import ColourSegmenter
from cinekit_example.icm import IcmSolver


@cinekit.hookimpl
def cinekit_segmenters() -> Mapping[str, type[cinekit.Segmenter]]:
    """What has a colour."""
    return {"colour": ColourSegmenter}


@cinekit.hookimpl
def cinekit_solvers() -> Mapping[str, type[cinekit.Solver]]:
    """Pixel by pixel."""
    return {"icm": IcmSolver}
