"""A second run does again what depends on what has changed, and nothing else."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import cinekit.contract
import cinekit.job
from cinekit.api import make
from cinekit.clip import ClipOptions, StabiliseMode, StabiliseOptions
from cinekit.energy import EnergyOptions, WorkingOptions
from cinekit.loop import RenderOptions
from cinekit.model import Clip, Loop, Scene, SemanticResponse
from cinekit.protocols import LabelProblem, Progress, Segmenter, Solution, Solver, Writer, silent
from cinekit.result import Result
from cinekit.see import CandidateOptions, MaskSegmenter, RegionOptions
from cinekit.see.motion import MotionSegmenter
from cinekit.settings import Settings
from cinekit.solve import MultiscaleSolver
from cinekit.store.cache import Cache
from cinekit.testing import planted_loop
from cinekit.write import GifWriter, Mp4Writer

CALLS: Counter[str] = Counter()
"""What was called, by name."""

EVERYTHING = {"read", "stabilise", "segment", "stage 1", "candidates", "judge", "write"}


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A segmenter that counts. option : changes nothing, like many."""

    inner: Segmenter
    option: int = 0

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        CALLS["segment"] += 1
        return self.inner.respond(clip, progress)


@dataclass(frozen=True, kw_only=True)
class Service(Watched):
    """One whose answers may change at any time."""

    def cache_key(self) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class WatchedSolver:
    """Stage 1 comes without a start, stages 2 and 3 with one."""

    inner: Solver = field(default_factory=MultiscaleSolver)

    def solve(
        self, problem: LabelProblem, start: np.ndarray | None = None, progress: Progress = silent
    ) -> Solution:
        CALLS["stage 1" if start is None else "candidates"] += 1
        return self.inner.solve(problem, start, progress)


@dataclass(frozen=True, kw_only=True)
class WatchedWriter:
    inner: Writer
    suffix: str = ".mp4"
    media_type: str = "video/mp4"

    def write(self, frames: Any, fps: float, path: Path, repeat: int = 1) -> None:
        CALLS["write"] += 1
        self.inner.write(frames, fps, path, repeat)


@pytest.fixture(scope="module", autouse=True)
def _watch() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, function, name in (
            (cinekit.job, "read_clip", "read"),
            (cinekit.job, "stabilise", "stabilise"),
            (cinekit.contract, "judge", "judge"),
        ):
            patch.setattr(module, function, watched(getattr(module, function), name))
        yield


def watched(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        CALLS[name] += 1
        return original(*arguments)

    return call


Made = tuple[Result, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Bench:
    """A clip, two masks and a cache in a folder that may be changed."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            segmenter=Watched(inner=MaskSegmenter(path=str(self.folder / "masks"))),
            solver=WatchedSolver(),
            stabilise=StabiliseOptions(mode=StabiliseMode.OFF),
            clip=ClipOptions(start=0.0, cuts=False),
            working=WorkingOptions(min_side=1),
            candidates=CandidateOptions(combine=1, everything=False),
            writers={"mp4": WatchedWriter(inner=Mp4Writer(preset="ultrafast"))},
            report=False,
            threads=1,
        )

    def run(self, settings: Settings, cache: bool = True) -> tuple[Made, Counter[str]]:
        """What was made, and what was called for it."""
        CALLS.clear()
        frames: dict[str, np.ndarray] = {}

        def keep(_scene: Scene, loop: Loop, rendered: np.ndarray) -> None:
            frames[loop.candidate.id] = rendered.copy()

        kept = Cache(self.folder / "cache") if cache else None
        out = self.folder / "out"
        result = make(
            self.folder / "clip.mp4", settings=settings, output=out, sink=keep, cache=kept
        )
        return (result, frames), Counter(CALLS)


def paint(folder: Path, name: str, rows: slice, columns: slice) -> None:
    mask = np.zeros((72, 96), np.uint8)
    mask[rows, columns] = 255
    cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """After the first run."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "masks").mkdir()
    clip, _, _ = planted_loop(24, size=(72, 96), frames=60)
    Mp4Writer(crf=1).write(clip.frames, clip.fps, folder / "clip.mp4")
    paint(folder, "left", slice(18, 54), slice(20, 46))
    paint(folder, "right", slice(18, 54), slice(50, 76))
    bench = Bench(folder)
    (result, _), calls = bench.run(bench.settings)
    assert {one.candidate.id for one in result.cinemagraphs} == {"left", "right"}
    assert set(calls) == EVERYTHING
    return bench


@pytest.fixture
def bench(first: Bench, tmp_path: Path) -> Iterator[Bench]:
    """After the first run, whatever another test has done since."""
    shutil.copytree(first.folder, tmp_path / "before")
    yield first
    shutil.rmtree(first.folder)
    shutil.copytree(tmp_path / "before", first.folder)


def assert_same(a: Made, b: Made) -> None:
    """Bit-equal, but for what took how long."""
    for one, two in zip(a[0].cinemagraphs, b[0].cinemagraphs, strict=True):
        assert one.candidate.id == two.candidate.id
        for name in ("period", "start", "unrolled"):
            np.testing.assert_array_equal(getattr(one.labels, name), getattr(two.labels, name))
        np.testing.assert_array_equal(a[1][one.candidate.id], b[1][one.candidate.id])
        assert (one.n_frames, one.judgement, one.energies) == (
            two.n_frames,
            two.judgement,
            two.energies,
        )
        assert {k: v for k, v in one.statistics.items() if "seconds" not in k} == {
            k: v for k, v in two.statistics.items() if "seconds" not in k
        }
    for name in ("clip", "response", "regions"):
        one, two = getattr(a[0], name), getattr(b[0], name)
        for key, value in vars(one).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, getattr(two, key))
    assert (a[0].stabilisation, a[0].clip.notes) == (b[0].stabilisation, b[0].clip.notes)


def test_the_same_again_only_writes_and_is_bit_equal(bench: Bench) -> None:
    again, calls = bench.run(bench.settings)
    assert calls == {"write": 2}
    without, calls = bench.run(bench.settings, cache=False)
    assert set(calls) == EVERYTHING
    assert_same(again, without)


CHANGES: dict[str, tuple[Callable[[Settings], Settings], set[str]]] = {
    "writer": (lambda s: replace(s, writers={"gif": GifWriter()}), set()),
    "repeat": (lambda s: replace(s, repeat=2), {"write"}),
    "report": (lambda s: replace(s, report=True), {"write"}),
    "threads": (lambda s: replace(s, threads=2), {"write"}),
    "render": (lambda s: replace(s, render=RenderOptions(max_seconds=3)), {"judge", "write"}),
    "energy": (
        lambda s: replace(s, energy=EnergyOptions(spatial_weight=8)),
        {"stage 1", "candidates", "judge", "write"},
    ),
    "solver": (
        lambda s: replace(s, solver=WatchedSolver(inner=MultiscaleSolver(sweeps=1))),
        {"stage 1", "candidates", "judge", "write"},
    ),
    "working, to the same clip": (
        lambda s: replace(s, working=replace(s.working, every=2)),  # too few frames for it
        {"write"},
    ),
    "working": (
        lambda s: replace(s, working=replace(s.working, scale=0.4)),
        {"stage 1", "candidates", "judge", "write"},
    ),
    "segmenter, to the same answer": (
        lambda s: replace(s, segmenter=replace(s.segmenter, option=1)),
        {"segment", "write"},
    ),
    "another segmenter": (
        lambda s: replace(s, segmenter=Watched(inner=MotionSegmenter())),
        EVERYTHING - {"read", "stabilise"},
    ),
    "regions, to the same ones": (
        lambda s: replace(s, regions=RegionOptions(min_part=0.0009)),
        {"write"},
    ),
    "stabilise, to the same frames": (
        lambda s: replace(s, stabilise=replace(s.stabilise, max_residual=0.4)),
        EVERYTHING - {"stage 1", "candidates"},
    ),
    "clip": (lambda s: replace(s, clip=ClipOptions(start=0.1, cuts=False)), EVERYTHING),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_depends_on_a_change_is_done_again(bench: Bench, change: str) -> None:
    changed, expected = CHANGES[change]
    made, calls = bench.run(changed(bench.settings))
    assert set(calls) == expected
    if change in ("another segmenter", "render", "threads"):
        assert_same(made, bench.run(changed(bench.settings), cache=False)[0])


def test_another_id_solves_that_candidate_alone(bench: Bench) -> None:
    settings = replace(bench.settings, candidates=CandidateOptions(combine=2, everything=False))
    made, calls = bench.run(settings)
    assert len(made[0].cinemagraphs) == 3
    # Stages 2 and 3 twice, which of the two every pixel takes, and stage 3 from there.
    assert calls == {"candidates": 6, "judge": calls["judge"], "write": 3}
    assert_same(made, bench.run(settings, cache=False)[0])


def test_a_painted_mask_leaves_the_clip_alone(bench: Bench) -> None:
    paint(bench.folder, "left", slice(20, 54), slice(22, 46))
    made, calls = bench.run(bench.settings)
    assert set(calls) == EVERYTHING - {"read", "stabilise"}
    assert_same(made, bench.run(bench.settings, cache=False)[0])


def test_what_is_painted_on_the_regions_keeps_stage_1(bench: Bench) -> None:
    """pi of [O] is what a user paints on: the response, and so stage 1, is what it was."""
    (bench.folder / "drawn").mkdir()
    paint(bench.folder, "../drawn/brush", slice(20, 50), slice(24, 44))
    painted = CandidateOptions(painted=str(bench.folder / "drawn" / "brush.png"))
    settings = replace(bench.settings, candidates=painted)
    made, calls = bench.run(settings)
    assert calls == {"candidates": 6, "judge": calls["judge"], "write": 1}
    assert_same(made, bench.run(settings, cache=False)[0])


def test_another_file_under_the_same_name_is_another_clip(bench: Bench) -> None:
    clip, _, _ = planted_loop(24, size=(72, 96), frames=60, seed=1)
    Mp4Writer(crf=1).write(clip.frames, clip.fps, bench.folder / "clip.mp4")
    made, calls = bench.run(bench.settings)
    assert set(calls) == EVERYTHING
    assert_same(made, bench.run(bench.settings, cache=False)[0])


def test_a_segmenter_that_may_change_its_mind_is_always_asked(bench: Bench) -> None:
    settings = replace(bench.settings, segmenter=Service(inner=bench.settings.segmenter))
    for _ in range(2):
        _, calls = bench.run(settings)
        assert calls["segment"] == 2  # itself and the one inside
        assert not calls["stage 1"], "what it answered is what was solved before"


def test_a_job_that_failed_has_kept_what_it_found(bench: Bench) -> None:
    Cache(bench.folder / "cache").clear()
    # One way to make a candidate, so that each is judged once; and all are written.
    settings = replace(bench.settings, attempts=(), write_refused=True)

    def fail(*_: Any) -> None:
        raise RuntimeError

    kept = Cache(bench.folder / "cache")
    with pytest.raises(RuntimeError):
        make(bench.folder / "clip.mp4", settings=settings, sink=fail, cache=kept)
    made, calls = bench.run(settings)
    assert calls == {"judge": 1, "write": 2}
    assert_same(made, bench.run(settings, cache=False)[0])


def test_damaged_entries_are_made_again(bench: Bench) -> None:
    entries = Cache(bench.folder / "cache").entries()
    assert {one.kind for one in entries} == {"clip", "response", "starts", "solution", "loop"}
    for entry in entries:
        content = bytearray(entry.path.read_bytes())
        content[len(content) // 3] ^= 255
        entry.path.write_bytes(content)
    made, calls = bench.run(bench.settings)
    assert set(calls) == EVERYTHING
    assert_same(made, bench.run(bench.settings)[0])
    assert bench.run(bench.settings)[1] == {"write": 2}


def test_a_clip_in_memory_is_known_by_its_frames(bench: Bench, tmp_path: Path) -> None:
    clip, _, _ = planted_loop(24, size=(72, 96), frames=60)
    kept = Cache(tmp_path / "cache")
    make(clip, settings=bench.settings, output=tmp_path / "out", cache=kept)
    CALLS.clear()
    again = replace(clip, frames=clip.frames.copy())
    make(again, settings=bench.settings, output=tmp_path / "out", cache=kept)
    assert CALLS == {"stabilise": 1, "write": 2}
    assert "clip" not in {one.kind for one in kept.entries()}, "it is in memory already"
