"""The Tab key: as a shell asks, and in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cinekit.app.completion import SCRIPTS, complete


@pytest.fixture
def ask(run, monkeypatch):
    """What ``cinekit --shell-completion query=SHELL`` prints for a line."""

    def query(line: str, shell: str = "fish") -> list[str]:
        monkeypatch.setenv("COMP_LINE", line)
        done = run("--shell-completion", f"query={shell}")
        assert done.status == 0
        assert done.err == ""
        return done.out.split()

    return query


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cinekit ma", ["make"]),
        ("cinekit models ", ["list", "get", "path", "verify"]),
        ("cinekit cache cl", ["clear"]),
        ("cinekit rate out ", ["user=", "open=", "ratings="]),
        ("cinekit rate out us", ["user="]),
        ("cinekit rate out open=", ["open=true", "open=false"]),
        ("cinekit rate ", []),
        ("cinekit make cl", []),
        ("cinekit make clip.mp4 segmenter=mot", ["segmenter=motion"]),
        ("cinekit make clip.mp4 'segmenter=mot", ["segmenter=motion"]),
        ("cinekit make clip.mp4 -m segmenter=auto,mot", ["segmenter=auto,motion"]),
        ("cinekit make clip.mp4 writer=[mp4,gi", ["writer=[mp4,gif"]),
        ("cinekit make clip.mp4 render.fa", ["render.fade="]),
        ("cinekit make clip.mp4 ren", ["render."]),
        ("cinekit make clip.mp4 segmenter=motion segmenter.k", ["segmenter.k="]),
        ("cinekit make clip.mp4 writer=gif writer.gif.col", ["writer.gif.colours="]),
        ("cinekit make clip.mp4 report=", ["report=true", "report=false"]),
        ("cinekit make clip.mp4 segmenter.path=", []),
        ("cinekit make clip.mp4 --cfg ", ["job", "hydra", "all"]),
        ("cinekit make clip.mp4 --hyd", ["--hydra-help"]),
        ("cinekit train ranker=jo", ["ranker=joint"]),
        ("cinekit models get vo", ["voc"]),
        ("cinekit nothing of the kind ", []),
        ("cinekit make 'it is open", []),
        ("cinekit make clip.mp4 =", []),
        ("", ["make"]),
    ],
)
def test_the_last_word_is_completed(ask, line, words):
    if "voc" in words:
        pytest.importorskip("cinekit_litert")
    found = ask(line)
    assert found[: len(words)] == words
    assert words or not found


def test_bash_replaces_what_comes_after_the_equals_sign(ask):
    assert ask("cinekit make clip.mp4 segmenter=mot", "bash") == ["motion"]
    assert ask("cinekit make clip.mp4 writer=[mp4,gi", "bash") == ["[mp4,gif"]


def test_every_group_offers_its_options():
    assert {"stabilise=auto", "stabilise=on", "stabilise=off"} == set(
        complete(["make", "clip.mp4", "stabilise="])
    )


def test_whatever_goes_wrong_nothing_is_printed(ask, monkeypatch):
    monkeypatch.setattr("cinekit.app.completion.complete", lambda _words: 1 / 0)
    assert ask("cinekit make ") == []


def test_it_needs_no_hydra_and_no_kernel():
    code = (
        "import os, sys; os.environ['COMP_LINE'] = 'cinekit make clip.mp4 segmenter='; "
        "from cinekit.app import main; main(['--shell-completion', 'query=bash']); "
        "bad = [m for m in ('hydra', 'omegaconf', 'numba', 'numpy', 'cv2', 'scipy') "
        "if m in sys.modules]; print(bad, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "motion" in done.stdout.split()


def in_bash(line: str, folder: Path) -> list[str]:
    """COMPREPLY, with the words as bash itself would split them."""
    program = folder / "cinekit"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cinekit "$@"\n')
    program.chmod(0o755)
    script = f"""
eval "$({program} --shell-completion install=bash)"
compopt() {{ true; }}
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({program}); COMP_CWORD=0
_cinekit cinekit
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_is_answered(tmp_path):
    assert in_bash("cinekit make clip.mp4 segmenter=mo", tmp_path) == ["motion"]
    assert in_bash("cinekit do", tmp_path) == ["doctor"]
    assert in_bash("cinekit make cl", tmp_path) == []


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts_are_read_by_their_shells(shell, run, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = tmp_path / "script"
    script.write_text(run("--shell-completion", f"install={shell}").out)
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
