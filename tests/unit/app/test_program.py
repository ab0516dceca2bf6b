"""The installed program on a small clip, in a process of its own: few tests, because it is slow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cinekit.testing import planted_loop
from cinekit.write import Mp4Writer

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "planted.mp4"
    loop, _, _ = planted_loop(32, (48, 64), 72, noise=0.01)
    Mp4Writer().write(loop.frames, loop.fps, path)
    return path


@pytest.fixture
def start(clip: Path, tmp_path: Path) -> Start:
    def begin(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cinekit", "make", str(clip), "hydra.run.dir=out"]
        command += ["segmenter=motion", "stabilise=off", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=pipe,
            stderr=pipe,
            text=True,
            # A shell starts background jobs with Ctrl-C ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return begin


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_make_writes_loops_labels_report_and_result(start, tmp_path):
    job = start("candidates.most=1", "writer=[mp4,gif]")
    out, err = job.communicate(timeout=600)
    assert job.returncode == 0, err
    assert "results: out/report.html" in out
    result = json.loads((tmp_path / "out/result.json").read_text())
    assert result["candidates"]
    names = written(tmp_path / "out")
    assert {"report.html", "result.json", ".hydra/config.yaml"} <= names
    for candidate in result["candidates"]:
        assert f"labels_{candidate['id']}.png" in names


def interrupted_after(job: subprocess.Popen[str], stage: str, ready: Callable[[], bool]) -> None:
    """Send Ctrl-C once a stage is over and ``ready()`` holds; check how the job ends."""
    assert job.stderr is not None
    for line in job.stderr:
        if line.startswith(f"{stage}:") and line.endswith(" s\n") and "left" not in line:
            break
    while job.poll() is None and not ready():
        time.sleep(0.005)
    job.send_signal(signal.SIGINT)
    _, err = job.communicate(timeout=600)
    assert job.returncode == 130
    assert err.splitlines()[-1] == "cinekit: interrupted"
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["segment", "costs"])
def test_ctrl_c_leaves_no_half_written_file(start, tmp_path, stage):
    interrupted_after(start("cache=false"), stage, lambda: True)
    assert not {name for name in written(tmp_path / "out") if not name.startswith(".hydra/")}


@pytest.mark.slow
def test_ctrl_c_while_a_loop_is_written_leaves_no_file(start, tmp_path):
    out = tmp_path / "out"
    # So many rounds take seconds to write: what is interrupted is a film on its way into its file.
    job = start("repeat=300", "candidates.most=1", "cache=false")
    writing = ".unfinished-*/.*.mp4.*.tmp"
    interrupted_after(job, "solve", lambda: bool(list(out.glob(writing))))
    assert {path.name for path in out.iterdir()} == {".hydra"}
