"""The public call: what it takes, what it says while it works, and where it may run."""

from __future__ import annotations

import asyncio
import doctest
import io
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, get_type_hints
from urllib.request import urlopen

import numpy as np
import pytest
from numpy.typing import NDArray

import cinekit
import cinekit.api
import cinekit.result
from cinekit.clip import ClipOptions
from cinekit.plug.registry import load_plugins
from cinekit.see.motion import MotionSegmenter
from cinekit.settings import Options, Settings, settings_of
from cinekit.testing import planted_loop
from cinekit.write import Mp4Writer, WebpWriter

QUICK: dict[str, Any] = {
    "candidates": {"combine": 1, "everything": False},
    "stabilise": {"mode": "off"},
    "clip": {"start": 0.0, "cuts": False},
    "working": {"min_side": 1, "scale": 0.5},
    "attempts": [],
    "features": {},
}


@pytest.fixture(scope="module")
def clip() -> cinekit.Clip:
    return planted_loop(16, size=(48, 64), frames=40)[0]


@pytest.fixture(scope="module")
def made(clip: cinekit.Clip) -> cinekit.Result:
    return cinekit.make(clip, **QUICK)


@pytest.fixture(scope="module")
def film(clip: cinekit.Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "pond.mp4"
    Mp4Writer(crf=1).write(clip.frames, clip.fps, path)
    return path


def labels_of(result: cinekit.Result) -> list[tuple[str, bytes, bytes]]:
    return [(one.id, one.labels.period.tobytes(), one.labels.start.tobytes()) for one in result]


# What it takes


def test_a_path_an_open_file_and_bytes_are_the_same_clip(film: Path) -> None:
    from_path = cinekit.make(film, **QUICK)
    assert from_path.clip.name == "pond"
    with film.open("rb") as file:
        from_file = cinekit.make(file, **QUICK)
    assert from_file.clip.name == "pond"
    for other in (from_file, cinekit.make(film.read_bytes(), **QUICK)):
        np.testing.assert_array_equal(other.clip.frames, from_path.clip.frames)
        assert labels_of(other) == labels_of(from_path)


def test_an_array_with_its_fps_is_a_clip(clip: cinekit.Clip, made: cinekit.Result) -> None:
    assert labels_of(cinekit.make(clip.frames, fps=clip.fps, **QUICK)) == labels_of(made)


@pytest.mark.parametrize(
    ("source", "fps", "message"),
    [
        (np.zeros((9, 4, 4, 3), np.uint8), None, "expected fps"),
        (np.zeros((9, 4, 4, 3), np.float32), 25.0, r"expected frames as uint8 \(T, H, W, 3\)"),
        ("clip.mp4", 25.0, "fps with an array of frames only"),
        (3, None, "expected a path, an open file, bytes.*received int"),
        (io.StringIO("text"), None, "opened for bytes"),
        (b"no video", None, "clip"),
        ("nowhere.mp4", None, "nowhere.mp4"),
    ],
)
def test_anything_else_is_one_line(source: Any, fps: float | None, message: str) -> None:
    with pytest.raises(cinekit.ClipError, match=message) as caught:
        cinekit.make(source, fps=fps)
    assert "\n" not in str(caught.value)


def test_options_are_the_fields_of_settings() -> None:
    assert list(get_type_hints(Options)) == list(Settings.__dataclass_fields__)


def test_names_values_and_objects_say_the_same() -> None:
    plugins = load_plugins()
    said, _ = settings_of(
        {
            "segmenter": "motion",
            "solver": {"name": "expansion", "sweeps": 1},
            "clip": {"seconds": 3},
            "writers": ["mp4", "webp"],
            "ratings": "ann.sqlite",
        },
        plugins,
    )
    meant = Settings(
        segmenter=MotionSegmenter(),
        solver=cinekit.ExpansionSolver(sweeps=1),
        clip=ClipOptions(seconds=3.0),
        writers={"mp4": Mp4Writer(), "webp": WebpWriter()},
        ratings=Path("ann.sqlite"),
    )
    assert said == meant
    assert settings_of(vars(meant), plugins)[0] == meant
    more, _ = settings_of({"repeat": 2}, plugins, meant)
    assert (more.repeat, more.solver) == (2, meant.solver)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"segmentr": "motion"}, TypeError, "unknown option .did you mean 'segmenter'"),
        ({"segmenter": "motoin"}, cinekit.PluginError, "did you mean 'motion'"),
        ({"regions": {"kk": 3}}, TypeError, "regions.kk: unknown option"),
        ({"threads": "many"}, cinekit.ConfigError, "threads: expected"),
        ({"solver": MotionSegmenter()}, cinekit.ConfigError, "solver: expected a component"),
        ({"segmenter": MotionSegmenter}, cinekit.ConfigError, "segmenter: expected a component"),
        ({"writers": {"mp4": 3}}, cinekit.ConfigError, "writers.mp4: expected"),
        ({"ranker": "joint"}, cinekit.ConfigError, "user=NAME"),
        ({"user": "ann", "features": {}}, cinekit.ConfigError, "ranking needs features"),
    ],
)
def test_a_wrong_option_is_one_line_before_anything_runs(
    clip: cinekit.Clip, options: Any, error: type[Exception], message: str
) -> None:
    def never(stage: str, share: float) -> None:
        raise AssertionError(stage)

    with pytest.raises(error, match=message) as caught:
        cinekit.make(clip, progress=never, **options)
    assert isinstance(caught.value, cinekit.CinekitError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", [cinekit.api, cinekit.result])
def test_the_examples_of_the_docstrings_are_true(module: Any) -> None:
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed


# What it gives


def test_a_result_is_a_sequence_and_a_mapping(made: cinekit.Result) -> None:
    best = made.best
    assert best is made[0] is made[best.id] is next(iter(made))
    assert len(made) == len(made.cinemagraphs)
    with pytest.raises(KeyError, match=r"no candidate 'textur_1'.*did you mean"):
        made["textur_1"]


def test_alpha_is_what_moves(made: cinekit.Result) -> None:
    (one, *_) = made
    frames, alpha, soft = one.frames(), one.alpha(), one.alpha(feather=3)
    assert frames.dtype == np.uint8
    assert alpha.dtype == soft.dtype == np.float32
    assert alpha.shape == frames.shape[1:3]
    np.testing.assert_array_equal(alpha == 1, one.labels.looping)
    assert (frames[:, alpha == 0] == frames[0, alpha == 0]).all()
    assert ((soft > 0) == (alpha > 0)).all()
    assert 0 < soft[soft > 0].min() < 1 == soft.max()
    with pytest.raises(cinekit.ConfigError, match="feather"):
        one.alpha(-1)


def test_a_suffix_names_the_writer(made: cinekit.Result, tmp_path: Path) -> None:
    (one, *_) = made
    for name, options in (("a.mp4", {"crf": 30}), ("a.webp", {"repeat": 2}), ("a.GIF", {})):
        assert one.save(tmp_path / name, **options).stat().st_size > 0
    one.save(tmp_path / "picture", writer="gif")
    assert (tmp_path / "picture").read_bytes() == (tmp_path / "a.GIF").read_bytes()
    with pytest.raises(cinekit.WriteError, match=r"received '\.doc'; writers: .*mp4"):
        one.save(tmp_path / "a.doc")
    with pytest.raises(cinekit.UnknownOptionError, match="crff: unknown option"):
        one.save(tmp_path / "b.mp4", crff=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.GIF",
        "a.mp4",
        "a.webp",
        "picture",
    ]


def test_values_say_in_a_line_what_they_are(made: cinekit.Result) -> None:
    for value in (
        *(made, made.best, made.clip, made.response, made.regions, made.regions.regions[0]),
        *(made.best.candidate, made.best.labels),
    ):
        assert len(repr(value)) < 400, type(value)
        assert "\n" not in repr(value)
        assert "array" not in repr(value)
    assert repr(made).startswith("Result('planted loop': texture_1 ")
    assert "frames=<uint8 40x48x64x3>" in repr(made.clip)


# What it says while it works


def test_progress_is_told_every_stage(clip: cinekit.Clip) -> None:
    told: list[tuple[str, float]] = []
    cinekit.make(clip, progress=lambda stage, share: told.append((stage, share)), **QUICK)
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["stabilise", "segment", "regions", "costs", "solve", "render"]
    for stage in stages:
        shares = [share for one, share in told if one == stage]
        assert shares[0] == 0
        assert shares[-1] == 1
        assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("at", ["segment", "solve", "render", "report"])
def test_a_cancelled_job_leaves_nothing(clip: cinekit.Clip, tmp_path: Path, at: str) -> None:
    cancel = threading.Event()

    def set_it(stage: str, share: float) -> None:
        if stage == at:
            cancel.set()

    with pytest.raises(cinekit.Cancelled, match="cancelled"):
        cinekit.make(clip, output=tmp_path / "out", progress=set_it, cancel=cancel, **QUICK)
    assert not list(tmp_path.iterdir())


def test_what_progress_raises_ends_the_job(clip: cinekit.Clip, tmp_path: Path) -> None:
    def stop(stage: str, share: float) -> None:
        if stage == "render" and share == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cinekit.make(clip, output=tmp_path / "out", progress=stop, **QUICK)
    assert not list(tmp_path.iterdir())


# Where it may run


def test_two_threads_at_once_make_what_one_makes(clip: cinekit.Clip, made: cinekit.Result) -> None:
    mirrored = np.ascontiguousarray(clip.frames[:, :, ::-1])
    alone = [labels_of(made), labels_of(cinekit.make(mirrored, fps=clip.fps, **QUICK))]

    def work(frames: NDArray[np.uint8]) -> list[Any]:
        return labels_of(cinekit.make(frames, fps=clip.fps, **QUICK))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, (clip.frames, mirrored))) == alone


def in_another_process(frames: NDArray[np.uint8], fps: float) -> Any:
    return cinekit.make(frames, fps=fps, **QUICK)


def test_a_spawned_process_sends_its_result_home(clip: cinekit.Clip, made: cinekit.Result) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.apply(in_another_process, (clip.frames, clip.fps))
    assert labels_of(result) == labels_of(made)
    np.testing.assert_array_equal(result.best.frames(), made.best.frames())


def test_a_loop_of_events_goes_on_meanwhile(clip: cinekit.Clip, made: cinekit.Result) -> None:
    async def serve() -> tuple[cinekit.Result, int]:
        job, turns = asyncio.create_task(asyncio.to_thread(cinekit.make, clip, **QUICK)), 0
        while not job.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await job, turns

    result, turns = asyncio.run(serve())
    assert labels_of(result) == labels_of(made)
    assert turns > 1


def test_a_server_makes_loops(clip: cinekit.Clip, made: cinekit.Result) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = repr(cinekit.make(clip, **QUICK)).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=120) as answer:
            assert answer.read().decode() == repr(made)
        thread.join()


def test_an_option_of_a_segmenter_that_is_yet_to_be_chosen_is_not_lost() -> None:
    with pytest.raises(cinekit.ConfigError, match=r"segmenter.k: expected no option"):
        cinekit.make(np.zeros((16, 32, 32, 3), np.uint8), fps=8, segmenter={"name": "auto", "k": 3})
