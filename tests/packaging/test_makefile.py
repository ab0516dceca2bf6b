"""What the two commands install, read from what make would run in a fresh clone."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def packages(*patterns: str) -> set[str]:
    """Folders, relative to the root, that hold a file of these patterns."""
    return {str(path.parent.relative_to(ROOT)) for one in patterns for path in ROOT.glob(one)}


EVERY = packages("plugins/*/pyproject.toml", "examples/*/pyproject.toml")
TESTS = packages("plugins/*/tests*/test_*.py", "examples/*/tests*/test_*.py")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the Makefile looks at, without any environment."""
    folder = tmp_path_factory.mktemp("clone")
    for path in [
        *(ROOT / name for name in ("Makefile", "pyproject.toml")),
        *ROOT.glob("constraints*.txt"),
        *ROOT.glob("plugins/*/pyproject.toml"),
        *ROOT.glob("examples/*/pyproject.toml"),
    ]:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for name in TESTS:
        (folder / name).mkdir()
    return folder


def would_run(clone: Path, target: str) -> str:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    command = ["make", "--dry-run", "--no-print-directory", target]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True)
    return done.stdout


def test_demo_makes_the_environment_and_installs_the_core_alone(clone):
    text = would_run(clone, "demo")
    assert "-m venv .venv" in text
    (install,) = [line for line in text.splitlines() if "pip install" in line]
    assert install.endswith("-e .")
    assert "cinekit demo" in text


def test_the_core_needs_nothing_heavy():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [entry.partition(">")[0] for entry in project["dependencies"]]
    assert len(needed) == len(set(needed))
    assert not {"torch", "scikit-learn", "onnxruntime", "ai-edge-litert", "PyMaxflow"} & set(needed)
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11"


def test_every_plugin_is_installed_and_tested_by_one_of_the_two_targets(clone):
    light, heavy = (would_run(clone, target) for target in ("test", "test-torch"))
    assert "-m venv .venv\n" in light
    assert "-m venv .venv-torch" in heavy
    for package in EVERY:
        assert f"-e './{package}" in light or f"-e './{package}" in heavy, package
    for folder in TESTS:
        assert any(folder in line.split() for line in (light + heavy).splitlines()), folder


def test_what_needs_torch_is_kept_from_the_light_environment(clone):
    light = would_run(clone, "test")
    for path in ROOT.glob("plugins/*/pyproject.toml"):
        needs = tomllib.loads(path.read_text("utf-8"))["project"].get("dependencies", [])
        if any(entry.startswith("torch") for entry in needs):
            assert path.parent.name not in light


def test_check_formats_lints_and_types(clone):
    text = would_run(clone, "check")
    assert "ruff format --check" in text
    assert "ruff check" in text
    assert "-m mypy" in text


def test_ci_calls_what_a_contributor_calls():
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    targets = {"demo", "check", "docs", "test", "test-torch", "test-wheel"}
    assert {f"make {target}" for target in targets} <= set(lines)
    assert lines[-1] == "make test", "the last line that CI prints is pytest's"
