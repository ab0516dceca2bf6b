"""What the documents tell a reader to type is there and is accepted."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest

from cinekit.app.words import find, parse

ROOT = Path(__file__).parents[2]
OURS = "https://github.com/cinekit/cinekit"
RAW = "https://raw.githubusercontent.com/cinekit/cinekit"
"""The package index shows the README too, where relative addresses lead nowhere."""

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted(ROOT.glob("plugins/*/README.md")) + sorted(ROOT.glob("examples/*/README.md"))


def fenced() -> list[str]:
    """The Python blocks of the README."""
    return re.findall(r"```python\n(.*?)```", README, re.S)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(text: str) -> list[str]:
    """What follows the word "cinekit" in blocks and in backticks, without comments."""
    blocks = re.findall(r"(?m)^ {4}(cinekit .*)$", re.sub(r"\\\n *", "", text))
    inline = re.findall(r"`(cinekit [^`]*)`", text.replace("\n", " "))
    return [line.partition("#")[0].strip() for line in [*blocks, *inline]]


def jobs_in(page: Path) -> list[str]:
    """Whole commands that Hydra composes: with a clip, and not cut short by dots."""
    lines = [line for line in typed(page.read_text("utf-8")) if "..." not in line]
    return [line for line in lines if line.split()[1] == "make" and len(line.split()) > 2]


JOBS = [(page, line) for page in PAGES for line in jobs_in(page)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_exists(page):
    text = page.read_text("utf-8").replace("\\\n", "")
    for line in typed(text):
        find(shlex.split(line)[1:])
    fences = "\n".join(re.findall(r"(?ms)^```$\n(.*?)^```$", text))
    shown = re.findall(r"(?m)^ {4}cinekit .*$", text) + fences.splitlines()
    for line in (one.strip() for one in shown if one.strip().startswith("cinekit ")):
        if "..." not in line:  # whole commands: their arguments and options too
            parse(*find(shlex.split(line, comments=True)[1:]))


@pytest.mark.parametrize(("page", "line"), JOBS, ids=lambda value: str(value)[-40:])
def test_every_make_line_is_accepted(run, jobs, page, line):
    _, command, clip, *words = shlex.split(line)
    Path(clip).touch()
    for choice in choices(words):
        done = run(command, clip, *choice, "--cfg", "job")
        assert done.status == 0 or "pip install cinekit-" in done.error, f"{line}: {done.err}"


def choices(words: list[str]) -> list[list[str]]:
    """The jobs of a sweep, each as a line of its own; other lines as they are."""
    if "-m" not in words:
        return [words]
    parts = [word.partition("=") for word in words if word != "-m"]
    values = [[f"{key}={value}" for value in listed.split(",")] for key, _, listed in parts]
    return [list(job) for job in itertools.product(*values)]


def test_the_readme_shows_at_least_the_three_lines(run, jobs):
    assert len(jobs_in(ROOT / "README.md")) >= 3


def test_every_override_of_the_table_is_accepted(run, jobs):
    cells = re.findall(r"(?m)^\| (`[^|]*) \|", README)
    overrides = [part for cell in cells for part in re.findall(r"`([^`]+=[^`]+)`", cell)]
    assert len(overrides) >= 8
    for words in overrides:
        done = run("make", "clip.mp4", *words.split(), "--cfg", "job")
        assert done.status == 0, f"{words}: {done.err}"


def test_every_target_exists():
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
    asked = {word for page in PAGES for word in re.findall(r"\bmake ([a-z-]+) ", _code(page))}
    assert {"demo", "test"} <= asked
    assert asked <= set(targets)


def _code(page: Path) -> str:
    """Indented lines alone: "make" is a word of prose as well."""
    lines = page.read_text("utf-8").splitlines()
    return "\n".join(f"{line.strip()} " for line in lines if line.startswith("    make "))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_inside_the_project_lead_somewhere(page):
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)#]+)", text) + re.findall(r"(?m)^\[[^\]]+\]: (\S+)$", text)
    for target in targets:
        target = re.sub(rf"^{OURS}/(blob|tree)/main|^{RAW}/main", str(ROOT), target)
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_python_example_has_five_lines():
    """That it runs is a test of the job."""
    (code,) = [part for part in fenced() if "cinekit.make(" in part]
    assert len([line for line in code.splitlines() if line.strip()]) == 5
