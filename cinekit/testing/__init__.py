"""For those who test a plugin: contract suites to subclass, and clips whose answer is known.

A plugin's whole test is a subclass of a few lines::

    from cinekit.testing import SegmenterSuite


    class TestBright(SegmenterSuite):
        def segmenter(self):
            return BrightSegmenter()

The suites need pytest; the clips do not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cinekit.testing.harbour import demo_clip as demo_clip
    from cinekit.testing.option_suite import OptionSuite as OptionSuite
    from cinekit.testing.segmenter_suite import FrameSegmenterSuite as FrameSegmenterSuite
    from cinekit.testing.segmenter_suite import SegmenterSuite as SegmenterSuite
    from cinekit.testing.solver_suite import SolverSuite as SolverSuite
    from cinekit.testing.synthetic import camera_drift as camera_drift
    from cinekit.testing.synthetic import flicker_texture as flicker_texture
    from cinekit.testing.synthetic import planted_loop as planted_loop
    from cinekit.testing.synthetic import still_clip as still_clip
    from cinekit.testing.synthetic import translating_object as translating_object
    from cinekit.testing.writer_suite import WriterSuite as WriterSuite

_HOME = {
    "harbour": ("demo_clip",),
    "option_suite": ("OptionSuite",),
    "segmenter_suite": ("FrameSegmenterSuite", "SegmenterSuite"),
    "solver_suite": ("SolverSuite",),
    "synthetic": (
        "camera_drift",
        "flicker_texture",
        "planted_loop",
        "still_clip",
        "translating_object",
    ),
    "writer_suite": ("WriterSuite",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'cinekit.testing' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"cinekit.testing.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
