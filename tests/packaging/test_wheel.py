"""What a user gets from the index: the built wheel, looked into and not only the source tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def source_files() -> set[str]:
    """What must be inside: every module, and every data file that a module reads."""
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "cinekit").rglob("*.py")}
    for pattern in ("py.typed", "**/*.pyi", "see/tables/*", "write/templates/*"):
        wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "cinekit").glob(pattern)}
    wanted |= {
        f"cinekit/{path.relative_to(ROOT)}"
        for path in (ROOT / "conf").rglob("*")
        if path.suffix in (".yaml", ".py")
    }
    return {name for name in wanted if "__pycache__" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names inside a wheel that is built from a copy, so that no build/ folder is left behind."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("cinekit", "conf"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(tree)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = folder.glob("cinekit-*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_holds_every_module_option_table_and_template(wheel):
    assert source_files() <= wheel
    assert "cinekit/conf/config.yaml" in wheel
    assert "cinekit/py.typed" in wheel
    assert any(name.startswith("cinekit/see/tables/") for name in wheel)
    assert any(name.startswith("cinekit/write/templates/") for name in wheel)


def test_the_wheel_holds_nothing_else(wheel):
    others = {name for name in wheel - source_files() if ".dist-info/" not in name}
    assert others == set()


def test_the_wheel_brings_the_licence_and_the_command(wheel):
    info = {name.partition(".dist-info/")[2] for name in wheel if ".dist-info/" in name}
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= info
