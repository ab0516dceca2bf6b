from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from cinekit.app import doctor
from cinekit.app.catalogue import main_defaults, main_values
from cinekit.app.commands import COMMANDS, EVERYWHERE, FLAGS, VERBS
from cinekit.app.help import document
from cinekit.app.words import find, parse


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_the_first_help_names_every_command(run, monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "100")
    done = run(*arguments)
    assert done.status == 0
    for command in COMMANDS.values():
        assert f"  {command.name} " in done.out
        assert command.summary in done.out


@pytest.mark.parametrize("words", [("--help-all",), ("make", "clip.mp4", "--help-all")])
def test_all_help_shows_groups_options_and_values(run, words):
    done = run(*words)
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


HELPS = [(), *((name,) for name in VERBS), *(tuple(name.split()) for name in COMMANDS)]


@pytest.mark.parametrize("columns", [100, 200])
@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_every_help_fits_one_screen(run, monkeypatch, words, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run(*words, "--help").out.splitlines()
    assert 2 <= len(lines) <= 40
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_in_a_narrow_terminal_descriptions_are_wrapped(run, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "72")
    shown = [line for line in run(*words, "--help").out.splitlines() if "cinekit" not in line]
    assert max(map(len, shown), default=0) <= 72


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_the_table_names_what_the_functions_take(command):
    module, _, function = command.run.partition(":")
    takes = signature(getattr(import_module(f"cinekit.app.{module}"), function)).parameters
    told = [one.name.lower() for one in command.arguments] + [one.name for one in command.options]
    assert set(takes) == {*told, *["overrides"] * command.composed}
    assert all(part in {*main_defaults(), *main_values()} for part in command.parts)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_every_example_is_read(command):
    for example in command.examples:
        words = shlex.split(example, comments=True)[1:]
        found, rest = find(words)
        assert found is command
        assert parse(command, rest)


def test_the_page_of_the_docs_is_made_from_the_table():
    page = Path(__file__).parents[3] / "docs" / "commands.md"
    assert page.read_text("utf-8") == document(), "python -m cinekit.app.help > docs/commands.md"


def test_the_table_has_every_flag_of_hydra():
    from hydra._internal.utils import get_args_parser

    theirs = {
        tuple(action.option_strings): tuple(action.choices or ())
        for action in get_args_parser()._actions
        if action.option_strings
    }
    ours = {flag.names: flag.choices if not flag.free else () for flag in FLAGS}
    asked = {name for flag in EVERYWHERE for name in flag.names}
    assert ours == {names: one for names, one in theirs.items() if not asked & set(names)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rank out --user ann", "options have no dashes: write user=ann instead of --user"),
        ("rate out --no-open user=a", "write open=false instead of --no-open"),
        ("models get voc -y", "write yes=true instead of -y"),
        ("features out --output=a.csv", "write output=a.csv instead of --output"),
        ("make clip.mp4 --render.fade 4", "write render.fade=4 instead of --render.fade"),
        ("make clip.mp4 --segmenter=motion", "write segmenter=motion instead of --segmenter"),
        ("make clip.mp4 --cfg", "--cfg: expected one of job, hydra, all after it"),
        ("rank out usr=ann", "unknown option 'usr' (did you mean 'user'?) of cinekit rank"),
        ("train rankr.latent=2", "unknown option 'rankr.latent' (did you mean 'ranker'?)"),
        ("cache clear user=ann", "unknown option 'user' of cinekit cache clear; it has no"),
        ("rate out user=", "user: expected a value, received ''"),
        ("rate out user=ann open=perhaps", "open: expected true or false, received 'perhaps'"),
        ("evaluate seeds=many", "seeds: expected a whole number, received 'many'"),
        ("evaluate ranker=[joint", "ranker: cannot read '[joint'"),
        ("make clip.mp4 =3", "expected NAME=VALUE, received '=3'"),
        ("make clip.mp4 segmenter=3", "Config group override must be a string or a list"),
        (
            "make clip.mp4 --experimental-rerun nope",
            "--experimental-rerun: expected a file, received 'nope'",
        ),
        ("ratings", "expected a second word; commands: ratings export, ratings import"),
        ("rank out ann", "expected NAME=VALUE after RESULT, received 'ann'"),
        ("--shell-completion install=bsh", "(did you mean 'install=bash'?)"),
        (
            "make clip.mp4 -m hydra/launcher=ray",
            "hydra/launcher=ray: not installed; pip install hydra-ray-launcher",
        ),
        ("make clip.mp4 -m hydra/launcher=basi", "unknown hydra/launcher 'basi'"),
    ],
)
def test_what_is_typed_wrong_is_one_line_that_says_how_to_write_it(run, jobs, words, message):
    done = run(*words.split())
    assert done.status == 1
    assert message in done.error


@pytest.mark.parametrize(
    ("flags", "printed"),
    [
        ("--version", "cinekit "),
        ("--cfg job", "fade: 6"),
        ("--cfg job --package render", "fade: 6"),
        ("--info", "Config search path"),
        ("--info searchpath", "Config search path"),
        ("--hydra-help", "Hydra"),
        ("--shell-completion install=bash", "complete -o default"),
        ("--help", "Examples:"),
    ],
)
@pytest.mark.parametrize("clip", ["", "clip.mp4"])
def test_flags_work_with_and_without_a_clip_before_them(run, jobs, clip, flags, printed):
    done = run("make", *clip.split(), *flags.split())
    assert done.status == 0, done.err
    assert printed in done.out
    assert not jobs.calls


def test_flags_may_stand_anywhere(run, jobs):
    done = run("make", "--cfg", "job", "render.fade=3", "clip.mp4", "--package", "render")
    assert "fade: 3" in done.out


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
    assert done.stderr.startswith("cinekit: expected CLIP")
    assert len(done.stderr.splitlines()) == 1


def test_a_closed_pipe_is_no_traceback():
    program = f"{sys.executable} -m cinekit --help | true"
    done = subprocess.run(program, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
