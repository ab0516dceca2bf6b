"""The whole job, once through: each step is one call, each value complete when it is made.

    source -> Clip -> SemanticResponse -> Regions, Candidates        what is seen: a Scene
           -> working clip, its costs, Algorithm 1                   labels of every candidate
           -> Loop (clip resolution, borders, rendered, judged), features, files
           -> Ranking -> Result -> report and result.json

No configuration object reaches this far: everything is a component or a dataclass of options.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.clip import read_clip, stabilise
from cinekit.energy import LoopCosts, make_working
from cinekit.energy.working import frame_step, working_shape
from cinekit.features import extract_all
from cinekit.loop import check_names, check_still, to_clip_resolution
from cinekit.mend import finish, frames_of
from cinekit.model import (
    Candidate,
    Clip,
    Loop,
    Ranking,
    Regions,
    Scene,
    SemanticResponse,
    Stabilisation,
    StageCost,
)
from cinekit.plug.registry import load_plugins
from cinekit.protocols import Progress, Reporter
from cinekit.rank.personal import rank, store_path
from cinekit.result import Cinemagraph, Result, order_of
from cinekit.see import everything_of, make_candidates, select_regions
from cinekit.settings import Settings
from cinekit.solve import SolvedCandidate
from cinekit.solve.border_costs import BorderCosts, border_costs
from cinekit.solve.resolve import Resolver
from cinekit.store.archive import plain
from cinekit.store.cache import Cache, Recall
from cinekit.store.fingerprint import identity
from cinekit.store.memory import give_back, peak_memory

Sink = Callable[[Scene, Loop, NDArray[np.uint8]], None]
"""Receives each loop with its rendered frames, uint8 (n, H, W, 3), as soon as it is done."""

NOTHING_MOVES = "nothing moves by itself here: no candidate"


@dataclass(frozen=True, eq=False)
class _Opened:
    """A clip that stands still as far as it can be made to."""

    clip: Clip
    stabilisation: Stabilisation


@dataclass(frozen=True, eq=False)
class _Solved:
    """A candidate on its way: made by an earlier run, or solved and still to be made."""

    key: str | None
    loop: Loop | None
    solved: tuple[SolvedCandidate, BorderCosts] | None


@dataclass(frozen=True, eq=False)
class _Made:
    """A loop, and what the extractors say of it."""

    loop: Loop
    features: Mapping[str, float]


class Job:
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

    def run(self, source: Clip | Path, sinks: list[Sink]) -> Result:
        """From a file or a clip in memory to the result."""
        settings = self.settings
        name = source.name if isinstance(source, Clip) else source.stem
        key = self.recall.key("clip", source, name, settings.clip, settings.stabilise)
        opened = self.open(source, key)
        clip = opened.clip
        check_still(settings.render.still, clip)
        response = self.see(clip, key)
        regions, candidates = self.choose(clip, response)
        scene = Scene(
            clip=clip,
            stabilisation=opened.stabilisation,
            response=response,
            regions=regions,
            working=working_shape(clip, settings.working),
            every=frame_step(clip.n_frames, settings.working),
        )
        notes = () if candidates else (NOTHING_MOVES,)
        made = self.finish(scene, self.solve(scene, candidates, key), sinks) if candidates else []
        ranking = self.rank(clip, made)
        for note in (*notes, *self.recall.summary()):
            self.reporter.note(note)
        return Result(
            **vars(scene),
            cinemagraphs=self.in_order(clip, made, ranking),
            ranking=ranking,
            stages=tuple(self.costs),
            settings=plain(settings),
            notes=notes,
        )

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

    def see(self, clip: Clip, clip_key: str | None) -> SemanticResponse:
        """What the segmenter sees in every frame."""
        segmenter = self.settings.segmenter
        with self.stage("segment") as progress:
            key = self.recall.key("response", clip_key, component=segmenter)
            response = self.recall.load("response", key, SemanticResponse)
            if response is None:
                response = contract.respond(segmenter, clip, progress)
                self.recall.save("response", key, response)
        for note in response.notes:
            self.reporter.note(note)
        return response

    def choose(
        self, clip: Clip, response: SemanticResponse
    ) -> tuple[Regions, tuple[Candidate, ...]]:
        """Which regions may move, and which sets of them are solved."""
        settings = self.settings
        with self.stage("regions"):
            regions = select_regions(clip, response, settings.regions)
            if settings.energy.use_regions:
                candidates = make_candidates(regions, settings.candidates)
            else:  # every pixel is target: all candidates would be the same
                candidates = (everything_of(regions),) if regions.moving.any() else ()
        for region in regions.regions:
            self.reporter.note(
                f"{region.name}: {region.motion.replace('_', '-')}, {region.area:.1%} of the frame"
            )
        for dropped in regions.dropped:
            self.reporter.note(f"{dropped.name}: {dropped.reason}")
        check_names(settings.render, candidates, regions)
        return regions, candidates

    def solve(
        self, scene: Scene, candidates: tuple[Candidate, ...], clip_key: str | None
    ) -> list[_Solved]:
        """Algorithm 1 for all candidates together, except those that an earlier run made.

        The working clip and its costs, as large as the clip, are gone with the return.
        """
        settings, recall = self.settings, self.recall
        scene.clip.view.give_back()  # nobody looks at the clip while it is solved
        with self.stage("costs"):
            working = make_working(scene.clip, scene.response, scene.regions, settings.working)
            resolver = Resolver(working, settings.energy, settings.solver, recall)
            components = map(identity, (settings.judge, *settings.attempts))
            inputs = (clip_key, scene.regions, settings.render, *components)
            keys = [recall.key("loop", resolver.key(one), *inputs) for one in candidates]
            loops = [recall.load("loop", key, Loop) for key in keys]
            missing = [one for one, loop in zip(candidates, loops, strict=True) if loop is None]
            costs = LoopCosts(working, settings.energy) if missing else None
        found: Iterator[tuple[SolvedCandidate, BorderCosts]] = iter(())
        if costs is not None:
            with self.stage("solve") as progress:
                threads = settings.threads or os.cpu_count() or 1
                solved = resolver.solve(costs, missing, threads, progress)
                borders = [border_costs(costs, one.candidate, scene.clip.size) for one in solved]
            found = zip(solved, borders, strict=True)
        return [
            _Solved(key, loop, next(found) if loop is None else None)
            for key, loop in zip(keys, loops, strict=True)
        ]

    def finish(self, scene: Scene, todo: list[_Solved], sinks: list[Sink]) -> list[_Made]:
        """Each candidate at clip resolution, rendered, judged, described, and handed on."""
        give_back()
        settings, made = self.settings, []
        with self.stage("render") as progress:
            for i, one in enumerate(todo):
                if one.solved is not None:
                    loop, frames = self.mend(scene, *one.solved)
                    self.recall.save("loop", one.key, loop)
                else:
                    assert one.loop is not None
                    loop, frames = one.loop, frames_of(scene.clip, one.loop, settings.render)
                made.append(_Made(loop, extract_all(settings.features, scene, loop, frames)))
                for sink in sinks:
                    sink(scene, loop, frames)
                del frames
                progress((i + 1) / len(todo))
        scene.clip.view.give_back()
        return made

    def mend(
        self, scene: Scene, solved: SolvedCandidate, weights: BorderCosts
    ) -> tuple[Loop, NDArray[np.uint8]]:
        """The best that solver and attempts made of a candidate, and its frames."""
        settings, clip = self.settings, scene.clip
        labels = to_clip_resolution(solved.labels, clip, scene.every)
        return finish(
            clip,
            scene.regions,
            solved,
            labels,
            weights,
            render=settings.render,
            judge=settings.judge,
            attempts=settings.attempts,
        )

    def rank(self, clip: Clip, made: list[_Made]) -> Ranking | None:
        """What the ranker, or the model of the user's taste, says of the loops."""
        settings = self.settings
        table = {one.loop.candidate.id: one.features for one in made if one.features}
        if not table:
            return None
        store = store_path(settings.ratings)
        ranking, notes = rank(
            clip.name,
            table,
            settings.ranker,
            settings.user,
            store,
            lambda kind: load_plugins().get("ranker", kind),
        )
        for note in notes:
            self.reporter.warn(note)
        return ranking

    def in_order(
        self, clip: Clip, made: list[_Made], ranking: Ranking | None
    ) -> tuple[Cinemagraph, ...]:
        """The loops as cinemagraphs, best first."""
        scores = ranking.scores if ranking else {}
        cinemagraphs = [
            Cinemagraph(
                **{name: getattr(one.loop, name) for name in Loop.__dataclass_fields__},
                clip=clip,
                render=self.settings.render,
                features=one.features,
                score=scores.get(one.loop.candidate.id),
            )
            for one in made
        ]
        return tuple(sorted(cinemagraphs, key=order_of))

    def _say(self, clip: Clip, before: Clip | None = None) -> None:
        """A clip's notes and warnings, without those that were said of it before."""
        for note in clip.notes[len(before.notes) if before else 0 :]:
            self.reporter.note(note)
        for warning in clip.warnings[len(before.warnings) if before else 0 :]:
            self.reporter.warn(warning)
