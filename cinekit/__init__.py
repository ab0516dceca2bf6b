"""cinekit: short videos to cinemagraphs.

One object moves in a perfect loop, the rest of the picture stands still::

    import cinekit

    clip = cinekit.read_clip("coffee.mp4")
    result = cinekit.make_cinemagraphs(clip)

Names are imported when they are first used, so that ``import cinekit`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cinekit.clip import read_clip as read_clip
    from cinekit.job import make_cinemagraphs as make_cinemagraphs
    from cinekit.job import render_frames as render_frames
    from cinekit.model import Category as Category
    from cinekit.model import Cinemagraph as Cinemagraph
    from cinekit.model import Clip as Clip
    from cinekit.model import Motion as Motion
    from cinekit.model import Result as Result
    from cinekit.model import SemanticResponse as SemanticResponse
    from cinekit.model import Verdict as Verdict
    from cinekit.plug.hooks import LazyComponents as LazyComponents
    from cinekit.plug.hooks import hookimpl as hookimpl
    from cinekit.plug.registry import load_plugins as load_plugins
    from cinekit.plug.registry import require as require
    from cinekit.protocols import LabelProblem as LabelProblem
    from cinekit.protocols import Progress as Progress
    from cinekit.protocols import Reporter as Reporter
    from cinekit.protocols import Segmenter as Segmenter
    from cinekit.protocols import Solution as Solution
    from cinekit.protocols import Solver as Solver
    from cinekit.protocols import Writer as Writer
    from cinekit.protocols import silent as silent

_ERRORS = (
    "BrokenPluginError",
    "CinekitError",
    "ClipError",
    "ClipNotFoundError",
    "ConfigError",
    "DuplicateComponentError",
    "MissingDependencyError",
    "PluginError",
    "RankError",
    "RenderError",
    "SegmenterError",
    "SolverError",
    "UnknownComponentError",
    "WeightsError",
    "WriteError",
)

_HOME = {
    "clip": ("read_clip",),
    "errors": _ERRORS,
    "plug.hooks": ("LazyComponents", "hookimpl"),
    "job": ("make_cinemagraphs", "render_frames"),
    "plug.registry": ("load_plugins", "require"),
    "protocols": (
        "LabelProblem",
        "Progress",
        "Reporter",
        "Segmenter",
        "Solution",
        "Solver",
        "Writer",
        "silent",
    ),
    "model": (
        "Category",
        "Cinemagraph",
        "Clip",
        "Motion",
        "Result",
        "SemanticResponse",
        "Verdict",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted((*_MODULE_OF, "__version__"))


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("cinekit")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'cinekit' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"cinekit.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
