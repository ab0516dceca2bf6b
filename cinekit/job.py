"""The whole job, once through: each arrow of the data flow is one call, each value one type.

    clip -> stabilise -> response -> regions -> candidates -> working clip and its costs
         -> Algorithm 1 (stage 1 shared, stages 2 and 3 per candidate)
         -> per candidate: labels at clip resolution, borders refined, rendered, judged, written

No configuration object reaches this far: everything is a component or a dataclass of options.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.checks import Checked, Count, Natural
from cinekit.clip import ClipOptions, StabiliseOptions, read_clip, stabilise
from cinekit.energy import EnergyOptions, LoopCosts, WorkingOptions, make_working
from cinekit.errors import ConfigError
from cinekit.judge import LimitJudge
from cinekit.loop import RenderOptions, check_names, check_still, to_clip_resolution
from cinekit.mend import HeldAttempt, MixedAttempt, WholeAttempt, finish, frames_of
from cinekit.model import (
    Candidate,
    Cinemagraph,
    Clip,
    Regions,
    Result,
    SemanticResponse,
    Stabilisation,
    StageCost,
)
from cinekit.protocols import (
    Attempt,
    Judge,
    Progress,
    Reporter,
    Segmenter,
    SilentReporter,
    Solver,
    Writer,
)
from cinekit.see import (
    CandidateOptions,
    RegionOptions,
    everything_of,
    make_candidates,
    select_regions,
)
from cinekit.see.motion import MotionSegmenter
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts, border_costs
from cinekit.solve.multiscale import MultiscaleSolver
from cinekit.solve.resolve import Resolver
from cinekit.store.cache import Cache, Recall
from cinekit.store.fingerprint import identity
from cinekit.store.memory import give_back, peak_memory
from cinekit.write import Mp4Writer
from cinekit.write.output import OutputFolder

Sink = Callable[[Result, Cinemagraph, NDArray[np.uint8]], None]
"""Receives each cinemagraph with its rendered frames, uint8 (n, H, W, 3), as soon as it is done."""

NOTHING_MOVES = "nothing moves by itself here: no candidate"


@dataclass(frozen=True, kw_only=True)
class Settings(Checked):
    """Everything that a job needs: components and options. The defaults need no weights.

    attempts : to mend a candidate that is not good, in the order in which they are tried.
    stabilise, clip, regions, candidates, working, energy, render : options of those stages.
    writers : by name; each writes every candidate once.
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
    repeat: Count = 1
    write_refused: bool = False
    report: bool = True
    threads: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        attempts = enumerate(self.attempts)
        components: Iterable[tuple[str, object, type[Any], type[Any]]] = (
            ("segmenter", self.segmenter, Segmenter, MotionSegmenter),
            ("solver", self.solver, Solver, MultiscaleSolver),
            ("judge", self.judge, Judge, LimitJudge),
            *((f"attempts[{i}]", one, Attempt, WholeAttempt) for i, one in attempts),
        )
        for name, received, kind, example in components:
            if isinstance(received, type) or not isinstance(received, kind):
                raise ConfigError(
                    f"{name}: expected a component such as {example.__name__}(), "
                    f"received {received!r}"
                )


def make_cinemagraphs(
    clip: Clip,
    *,
    reporter: Reporter | None = None,
    sink: Sink | None = None,
    cache: Cache | None = None,
    **settings: Any,
) -> Result:
    """Turn a clip into cinemagraphs; nothing is written.

    Parameters
    ----------
    clip : from :func:`cinekit.read_clip`, or made from frames.
    reporter : where progress and warnings go; nowhere by default.
    sink : called with every cinemagraph and its frames; without it, render the ones you want with
        :func:`render_frames`.
    cache : where what was found is kept for the next run of the same clip; nothing is kept by
        default. The result does not depend on it.
    **settings : fields of :class:`Settings`.

    Returns
    -------
    Result, whose ``cinemagraphs`` are sorted best first; empty when nothing moves.
    """
    return _Job(Settings(**settings), reporter or SilentReporter(), cache).run(clip, sink)


def render_frames(
    result: Result, cinemagraph: Cinemagraph, options: RenderOptions | None = None
) -> NDArray[np.uint8]:
    """The frames of one cinemagraph of a result: uint8 (n, H, W, 3); the loop once."""
    return frames_of(result.clip, cinemagraph, options or RenderOptions())


def make(
    source: Path | str | Clip,
    settings: Settings,
    output: Path,
    reporter: Reporter | None = None,
    sink: Sink | None = None,
    cache: Cache | None = None,
) -> Result:
    """The main job: read, solve, render and write everything into the folder ``output``.

    sink : also called with every cinemagraph and its frames.
    cache : where what was found is kept for the next run of the same clip.

    Raises
    ------
    CinekitError
        One line; what was written before stays, nothing is half-written.
    """
    reporter = reporter or SilentReporter()
    outputs = OutputFolder(Path(output), settings.writers, settings.repeat, settings.write_refused)
    job = _Job(settings, reporter, cache)

    def add(result: Result, cinemagraph: Cinemagraph, frames: NDArray[np.uint8]) -> None:
        outputs.add(result, cinemagraph, frames)
        if sink is not None:
            sink(result, cinemagraph, frames)

    result = job.run(source if isinstance(source, Clip) else Path(source), add)
    with job.stage("report"):
        outputs.finish(result, report=settings.report)
    return result


@dataclass(frozen=True, eq=False)
class _Opened:
    """A clip that stands still as far as it can be made to."""

    clip: Clip
    stabilisation: Stabilisation


class _Job:
    """One run: the stages, what they cost, what they have to say."""

    def __init__(self, settings: Settings, reporter: Reporter, cache: Cache | None) -> None:
        self.settings = settings
        self.reporter = reporter
        self.recall = Recall(cache, reporter.warn)
        self.costs: list[StageCost] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time a stage and tell the reporter."""
        began = time.perf_counter()
        with self.reporter.stage(name) as progress:
            yield progress
        self.costs.append(StageCost(name, time.perf_counter() - began, peak_memory()))

    def open(self, source: Clip | Path, key: str | None) -> _Opened:
        """Read and stabilise. A clip that came from a file is kept; one in memory is there."""
        settings, opened = self.settings, None
        if isinstance(source, Clip):
            clip = source
        else:
            with self.stage("read") as progress:
                opened = self.recall.load("clip", key, _Opened)
                clip = opened.clip if opened else read_clip(source, settings.clip, progress)
        self._say(clip)
        if opened is not None:
            return opened
        with self.stage("stabilise") as progress:
            opened = _Opened(*stabilise(clip, settings.stabilise, progress))
            if not isinstance(source, Clip):
                self.recall.save("clip", key, opened)
        self._say(opened.clip, clip)
        return opened

    def run(self, source: Clip | Path, sink: Sink | None) -> Result:
        """From a file or a clip in memory to the result."""
        settings, recall = self.settings, self.recall
        name = source.name if isinstance(source, Clip) else source.stem
        clip_key = recall.key("clip", source, name, settings.clip, settings.stabilise)
        opened = self.open(source, clip_key)
        clip = opened.clip
        check_still(settings.render.still, clip)
        with self.stage("segment") as progress:
            key = recall.key("response", clip_key, component=settings.segmenter)
            response = recall.load("response", key, SemanticResponse)
            if response is None:
                response = contract.respond(settings.segmenter, clip, progress)
                recall.save("response", key, response)
        for note in response.notes:
            self.reporter.note(note)
        with self.stage("regions"):
            regions = select_regions(clip, response, settings.regions)
            if settings.energy.use_regions:
                candidates = make_candidates(regions, settings.candidates)
            else:  # every pixel is target: all candidates would be the same
                candidates = (everything_of(regions),) if regions.moving.any() else ()
        self._tell(regions)
        result = Result(
            clip=clip,
            stabilisation=opened.stabilisation,
            response=response,
            regions=regions,
            working=(0, 0, 0),
            every=1,
            cinemagraphs=(),
            stages=(),
            settings=plain(settings),
        )
        if candidates:
            result = self._animate(result, clip_key, candidates, sink)
        else:
            self.reporter.note(NOTHING_MOVES)
            result = dataclasses.replace(result, notes=(NOTHING_MOVES,))
        if summary := recall.summary():
            self.reporter.note(summary)
        return dataclasses.replace(result, stages=tuple(self.costs))

    def _say(self, clip: Clip, before: Clip | None = None) -> None:
        """A clip's notes and warnings, without those that were said of it before."""
        for note in clip.notes[len(before.notes) if before else 0 :]:
            self.reporter.note(note)
        for warning in clip.warnings[len(before.warnings) if before else 0 :]:
            self.reporter.warn(warning)

    def _tell(self, regions: Regions) -> None:
        for region in regions.regions:
            self.reporter.note(
                f"{region.name}: {region.motion.replace('_', '-')}, {region.area:.1%} of the frame"
            )
        for dropped in regions.dropped:
            self.reporter.note(f"{dropped.name}: {dropped.reason}")

    def _animate(
        self,
        result: Result,
        clip_key: str | None,
        candidates: tuple[Candidate, ...],
        sink: Sink | None,
    ) -> Result:
        """Solve all candidates together, then finish them one by one, in their order."""
        settings, recall, clip = self.settings, self.recall, result.clip
        check_names(settings.render, candidates, result.regions)
        clip.view.give_back()  # nobody looks at the clip while it is solved
        with self.stage("costs"):
            working = make_working(clip, result.response, result.regions, settings.working)
            resolver = Resolver(working, settings.energy, settings.solver, recall)
            components = map(identity, (settings.judge, *settings.attempts))
            inputs = (clip_key, result.regions, settings.render, *components)
            keys = [recall.key("loop", resolver.key(one), *inputs) for one in candidates]
            loops = [recall.load("loop", key, Cinemagraph) for key in keys]
            missing = [one for one, loop in zip(candidates, loops, strict=True) if loop is None]
            costs = LoopCosts(working, settings.energy) if missing else None
        result = dataclasses.replace(
            result, working=(working.n_frames, *working.size), every=working.every
        )
        todo: Iterator[tuple[SolvedCandidate, BorderCosts]] = iter(())
        if costs is not None:
            with self.stage("solve") as progress:
                threads = settings.threads or os.cpu_count() or 1
                solved = resolver.solve(costs, missing, threads, progress)
                borders = [border_costs(costs, one.candidate, clip.size) for one in solved]
            todo = zip(solved, borders, strict=True)
        del costs, resolver, working  # as large as the clip, and not read any more
        give_back()
        done = []
        with self.stage("render") as progress:
            for i, (key, loop) in enumerate(zip(keys, loops, strict=True)):
                if loop is None:
                    solution, weights = next(todo)
                    loop, frames = finish(
                        clip,
                        result.regions,
                        solution,
                        to_clip_resolution(solution.labels, clip, result.every),
                        weights,
                        render=settings.render,
                        judge=settings.judge,
                        attempts=settings.attempts,
                    )
                    recall.save("loop", key, loop)
                else:
                    frames = frames_of(clip, loop, settings.render)
                done.append(loop)
                if sink is not None:
                    sink(result, loop, frames)
                del frames
                progress((i + 1) / len(keys))
        clip.view.give_back()
        return dataclasses.replace(
            result, cinemagraphs=tuple(sorted(done, key=lambda one: one.order))
        )


def plain(value: Any) -> Any:
    """Settings as plain values for reports: dataclasses become dicts, enums their value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"class": type(value).__name__, **fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
