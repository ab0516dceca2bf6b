"""Everything that a job needs, and how it is built from names and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from cinekit.checks import Checked, Count, Natural
from cinekit.clip import ClipOptions, StabiliseOptions
from cinekit.energy import EnergyOptions, WorkingOptions
from cinekit.errors import ConfigError, PluginError, SegmenterError
from cinekit.features import FaceFeatures, StandardFeatures
from cinekit.judge import LimitJudge
from cinekit.loop import RenderOptions
from cinekit.mend import HeldAttempt, MixedAttempt, WholeAttempt
from cinekit.protocols import Attempt, FeatureExtractor, Judge, Ranker, Segmenter, Solver, Writer
from cinekit.rank.prior import PriorRanker
from cinekit.see import CandidateOptions, RegionOptions
from cinekit.see.motion import MotionSegmenter
from cinekit.solve.multiscale import MultiscaleSolver
from cinekit.text import one_line
from cinekit.write import Mp4Writer

if TYPE_CHECKING:
    from cinekit.plug.registry import Plugins

AUTO = "auto"
"""The option of a segmenter that stands for the first of its choices that can run here."""


@dataclass(frozen=True, kw_only=True)
class Settings(Checked):
    """Everything that a job needs: components and options. The defaults need no weights.

    attempts : to mend a candidate that is not good, in the order in which they are tried.
    stabilise, clip, regions, candidates, working, energy, render : options of those stages.
    writers : by name; each writes every candidate once.
    features : extractors by name; what they say orders the cinemagraphs of one verdict.
    ranker : orders them, unless there is a user with a trained model.
    user : whose taste decides, by the model beside the ratings; nobody's by default.
    ratings : the ratings store, a file; None is the one of this machine's user.
    repeat : rounds of the loop in a file, for players that do not loop.
    write_refused : also write the candidates whose verdict is "refused".
    report : also write report.html.
    threads : of the solver, 0 takes all cores. The result does not depend on it.
    """

    segmenter: Segmenter = field(default_factory=MotionSegmenter)
    solver: Solver = field(default_factory=MultiscaleSolver)
    judge: Judge = field(default_factory=LimitJudge)
    attempts: tuple[Attempt, ...] = field(
        default_factory=lambda: (HeldAttempt(), MixedAttempt(), WholeAttempt())
    )
    clip: ClipOptions = field(default_factory=ClipOptions)
    stabilise: StabiliseOptions = field(default_factory=StabiliseOptions)
    regions: RegionOptions = field(default_factory=RegionOptions)
    candidates: CandidateOptions = field(default_factory=CandidateOptions)
    working: WorkingOptions = field(default_factory=WorkingOptions)
    energy: EnergyOptions = field(default_factory=EnergyOptions)
    render: RenderOptions = field(default_factory=RenderOptions)
    writers: Mapping[str, Writer] = field(default_factory=lambda: {"mp4": Mp4Writer()})
    features: Mapping[str, FeatureExtractor] = field(
        default_factory=lambda: {"standard": StandardFeatures(), "faces": FaceFeatures()}
    )
    ranker: Ranker = field(default_factory=PriorRanker)
    user: str | None = None
    ratings: Path | None = None
    repeat: Count = 1
    write_refused: bool = False
    report: bool = True
    threads: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        checked: Iterable[tuple[str, Any, Any, str]] = (
            ("segmenter", self.segmenter, Segmenter, "MotionSegmenter()"),
            ("solver", self.solver, Solver, "MultiscaleSolver()"),
            ("judge", self.judge, Judge, "LimitJudge()"),
            *((f"attempts[{i}]", a, Attempt, "HeldAttempt()") for i, a in enumerate(self.attempts)),
            ("ranker", self.ranker, Ranker, "PriorRanker()"),
            *((f"writers.{n}", one, Writer, "Mp4Writer()") for n, one in self.writers.items()),
            *(
                (f"features.{n}", one, FeatureExtractor, "StandardFeatures()")
                for n, one in self.features.items()
            ),
        )
        for where, component, kind, example in checked:
            if isinstance(component, type) or not isinstance(component, kind):
                raise ConfigError(
                    f"{where}: expected a component such as {example}, received {component!r}"
                )
        if self.user is not None and not self.features:
            raise ConfigError(f"user={self.user}: ranking needs features, received features=[]")
        if self.user is None and self.features and self.ranker.fitted.personal:
            raise ConfigError(
                "ranker: expected one that needs no user, such as prior, received "
                f"{type(self.ranker).__name__}; user=NAME says whose taste it is"
            )


Choice = str | Mapping[str, Any]
"""A component by its name, or by its name and options: ``{"name": "expansion", "sweeps": 1}``."""

Values = Mapping[str, Any]
"""Options by name, in place of the dataclass of them: ``{"k": 3}``."""


class Options(TypedDict, total=False):
    """The keywords of :func:`cinekit.make`: the fields of :class:`Settings`, or their names."""

    segmenter: Segmenter | Choice
    solver: Solver | Choice
    judge: Judge | Choice
    attempts: Mapping[str, Attempt | Choice] | Iterable[Attempt | str]
    clip: ClipOptions | Values
    stabilise: StabiliseOptions | Values
    regions: RegionOptions | Values
    candidates: CandidateOptions | Values
    working: WorkingOptions | Values
    energy: EnergyOptions | Values
    render: RenderOptions | Values
    writers: Mapping[str, Writer | Choice] | Iterable[str] | str
    features: Mapping[str, FeatureExtractor | Choice] | Iterable[str] | str
    ranker: Ranker | Choice
    user: str | None
    ratings: str | Path | None
    repeat: int
    write_refused: bool
    report: bool
    threads: int


def settings_of(
    options: Mapping[str, Any], plugins: Plugins, base: Settings | None = None
) -> tuple[Settings, tuple[str, ...]]:
    """Settings from values, names of components and mappings of options; notes on what was chosen.

    base : where the fields that are not named come from.

    Raises
    ------
    ConfigError, PluginError
        One line, before anything runs: no such option, a value out of its range, a component that
        is not installed or cannot run here.
    """
    from cinekit.plug.build import build_options

    nodes: dict[str, Any] = {**(vars(base) if base else {}), **options}
    notes: tuple[str, ...] = ()
    segmenter = nodes.get("segmenter")
    name = segmenter.get("name") if isinstance(segmenter, Mapping) else segmenter
    if name == AUTO:
        nodes["segmenter"], note = resolve_auto(_choices_of(segmenter, plugins), plugins)
        notes = (note,)
    if isinstance(nodes.get("features"), Mapping):
        nodes["features"] = {n: _parser_found(f, plugins) for n, f in nodes["features"].items()}
    settings = build_options(Settings, nodes, "", plugins)
    for name in ("segmenter", "solver", "judge", "ranker"):
        _require_ready(name, getattr(settings, name))
    attempts = {str(i): attempt for i, attempt in enumerate(settings.attempts)}
    for kind, named in (
        ("attempts", attempts),
        ("writers", settings.writers),
        ("features", settings.features),
    ):
        for name, component in named.items():
            _require_ready(f"{kind}.{name}", component)
    return settings, notes


def _choices_of(segmenter: Any, plugins: Plugins) -> list[str]:
    from cinekit.plug.options import option_values

    given = segmenter if isinstance(segmenter, Mapping) else {}
    if others := sorted({*given} - {"name", "choices"}):
        raise ConfigError(
            f"segmenter.{others[0]}: expected no option of a segmenter that is yet to be chosen; "
            "name one, as in segmenter=motion"
        )
    return list(given.get("choices") or option_values(plugins, "segmenter", AUTO)["choices"])


def _parser_found(node: Any, plugins: Plugins) -> Any:
    """Options of features whose parser is the first of its choices that can run.

    None of them is no error: the features say that nobody looked.
    """
    if isinstance(node, Mapping) and node.get("parser", "") is None and node.get("choices"):
        with suppress(ConfigError):
            return {**node, "parser": resolve_auto(list(node["choices"]), plugins)[0]}
    return node


def _require_ready(where: str, component: Any) -> None:
    """Say before the clip is read what would fail once it is the component's turn."""
    from cinekit.plug.registry import unavailable

    if reason := unavailable(component):
        raise PluginError(f"{where}: {reason}")


def resolve_auto(choices: list[str], plugins: Plugins) -> tuple[dict[str, Any], str]:
    """The node of the first segmenter that can run here, and a line that says which and why.

    choices : names of options of the group ``segmenter``, best first.
    """
    from cinekit.plug.build import build_component
    from cinekit.plug.options import option_values
    from cinekit.plug.providers import find_option
    from cinekit.plug.registry import unavailable

    reasons: dict[str, list[str]] = {}
    for choice in choices:
        option = find_option("segmenter", choice, plugins.conf_providers)
        if option is None and choice not in plugins.names("segmenter"):
            reasons.setdefault(": no such option", []).append(choice)
            continue
        try:
            node = option_values(plugins, "segmenter", choice)
            reason = unavailable(build_component(plugins, "segmenter", node))
        except (ConfigError, PluginError, SegmenterError) as error:
            reason = one_line(error)
        if reason is None:
            why = f" ({_told(reasons)})" if reasons else ""
            return node, f"segmenter: {choice}, chosen by auto{why}"
        reasons.setdefault(f" cannot run here: {reason}", []).append(choice)
    raise ConfigError(f"segmenter=auto: {_told(reasons) or 'no choices'}")


def _told(reasons: dict[str, list[str]]) -> str:
    """Each reason once, after those that it holds for."""
    return "; ".join(f"{' and '.join(names)}{reason}" for reason, names in reasons.items())
