"""For those who test a plugin: contract suites to subclass, and clips whose answer is known.

A plugin's whole test is a subclass of a few lines::

    from cinekit.testing import SegmenterSuite


    class TestBright(SegmenterSuite):
        def segmenter(self):
            return BrightSegmenter()

The suites need pytest; the clips do not. All names are listed in ``__init__.pyi``.
"""

from __future__ import annotations

from cinekit.lazy import lazy

__all__, __getattr__ = lazy(__name__)


def __dir__() -> list[str]:
    return list(__all__)
