"""cinekit: short videos to cinemagraphs.

One object moves in a perfect loop, the rest of the picture stands still::

    import cinekit

    result = cinekit.make("coffee.mp4", segmenter="motion")
    result.best.save("loop.mp4")

Names are imported when they are first used, so that ``import cinekit`` stays light; all of them are
listed in ``__init__.pyi``.
"""

from __future__ import annotations

from typing import Any

from cinekit.lazy import lazy

__all__, _find = lazy(__name__)
__all__ = [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("cinekit")
    return _find(name)


def __dir__() -> list[str]:
    return list(__all__)
