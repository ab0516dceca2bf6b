from __future__ import annotations

import re
import subprocess
import sys

import pytest

from cinekit.app import doctor
from cinekit.app.usage import overview


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("make", "--help"), ("help",)])
def test_help_shows_commands_groups_options_and_values(run, arguments):
    done = run(*arguments)
    assert done.status == 0
    for word in ("cinekit make CLIP", "segmenter", "* multiscale", "* mp4", "render:", "fade: 6"):
        assert word in done.out
    assert "hydra:" not in done.out


def test_help_needs_no_component_and_no_hydra():
    code = (
        "import sys; from cinekit.app import main; main(['--help']); "
        "bad = [m for m in ('hydra', 'numba', 'cv2', 'av', 'scipy', 'cinekit.job') "
        "if m in sys.modules]; print(bad, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_lines_fit_a_terminal():
    groups = overview().partition("Groups")[2].partition("Values")[0]
    assert max(len(line) for line in groups.splitlines()) <= 120


def test_version(run):
    assert re.fullmatch(r"cinekit \d+\.\d+\.\d+\n", run("--version").out)


def test_an_unknown_command_suggests_one(run):
    done = run("mkae")
    assert done.status == 1
    assert "unknown command 'mkae' (did you mean 'make'?)" in done.error


def test_doctor_reports_versions_encoders_weights_threads_and_folders(run):
    done = run("doctor")
    assert done.status == 0, done.out
    topics = {line[5:17].strip() for line in done.out.splitlines()[:-1]}
    assert topics >= {
        "python",
        "cinekit",
        "library",
        "encoder",
        "component",
        "weights",
        "threads",
        "cache",
        "output",
    }


def test_doctor_finds_weights_where_they_are_looked_for(run, tmp_path, monkeypatch):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
    assert "deeplabv3_mobilenetv2_ade20k.tflite not found" in run("doctor").out
    (tmp_path / "deeplabv3_mobilenetv2_ade20k.tflite").touch()
    assert "deeplabv3_mobilenetv2_ade20k.tflite not found" not in run("doctor").out


def test_doctor_fails_when_a_needed_library_is_broken(run, monkeypatch):
    monkeypatch.setitem(doctor.LIBRARIES, "no-such-library", "no_such_library")
    done = run("doctor")
    assert done.status == 1
    assert "FAIL library     no-such-library" in done.out


def test_doctor_fails_where_nothing_can_be_written(run, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked / "cache"))
    done = run("doctor")
    assert done.status == 1
    assert "FAIL cache" in done.out


def test_the_command_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "cinekit", "make"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cinekit: expected the clip first")
    assert len(done.stderr.splitlines()) == 1


def test_a_closed_pipe_is_no_traceback():
    program = f"{sys.executable} -m cinekit --help | true"
    done = subprocess.run(program, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
