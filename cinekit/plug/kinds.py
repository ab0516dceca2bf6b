"""What makes a class a component of a kind: its hook, its method, and how that is called."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

from cinekit.errors import BrokenPluginError
from cinekit.plug.providers import Provider


@dataclasses.dataclass(frozen=True)
class Kind:
    """What makes a class a component of a kind.

    hook : that provides it.
    method, takes : what is called, and with which arguments, by their places.
    constants : class attributes that it must have, each a text, and an example of each.
    """

    hook: str
    method: str
    takes: tuple[str, ...]
    constants: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def call(self) -> str:
        """The method as one would write it."""
        return f"{self.method}({', '.join(self.takes)})"


KINDS = {
    "segmenter": Kind("cinekit_segmenters", "respond", ("clip", "progress")),
    "solver": Kind("cinekit_solvers", "solve", ("problem", "start", "progress")),
    "attempt": Kind(
        *("cinekit_attempts", "propose"),
        ("clip", "regions", "candidate", "labels", "longest"),
    ),
    "judge": Kind(
        *("cinekit_judges", "judge"),
        ("clip", "labels", "candidate", "regions", "frames", "first"),
    ),
    "ranker": Kind("cinekit_rankers", "fit", ("features", "ratings")),
    "features": Kind("cinekit_features", "extract", ("scene", "loop", "frames")),
    "writer": Kind(
        *("cinekit_writers", "write", ("frames", "fps", "path", "repeat")),
        constants={"suffix": ".mp4", "media_type": "video/mp4"},
    ),
}
"""Kinds of component by name, which is also their group on the command line."""

WEIGHTS = "cinekit_weights"
"""The hook for what is no component: the weights files that a plugin has settings for."""

HOOKS = (*(kind.hook for kind in KINDS.values()), WEIGHTS)


def check_component(kind: str, name: str, found: Any, provider: Provider) -> None:
    """Raise BrokenPluginError where a class is no component of a kind."""
    wanted = KINDS[kind]
    method = getattr(found, wanted.method, None)
    wrong = None
    if not (inspect.isclass(found) and dataclasses.is_dataclass(found)):
        wrong = f"a dataclass, received {found!r}"
    elif not callable(method):
        wrong = f"a class with the method {wanted.call}, received {found.__name__}"
    elif not _takes(method, len(wanted.takes)):
        wrong = f"the method {wanted.call}, received {wanted.method}{inspect.signature(method)}"
    else:
        for constant, example in wanted.constants.items():
            if not isinstance(getattr(found, constant, None), str):
                wrong = f"a class with a {constant} such as '{example}', received {found.__name__}"
                break
    if wrong:
        raise BrokenPluginError(f"{kind} '{name}' of {provider}: expected {wrong}")


def _takes(method: Any, count: int) -> bool:
    """Whether a method can be called with so many arguments."""
    try:
        inspect.signature(method).bind(None, *range(count))
    except TypeError:
        return False
    return True
