"""The plugins of this repository and the example are what a third party could have written."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from cinekit.testing import private_imports

ROOT = Path(__file__).parents[2]
PACKAGES = [*sorted((ROOT / "plugins").iterdir()), ROOT / "examples" / "third_party_plugin"]
SOURCES = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_imports_public_names_only(path):
    assert private_imports(path) == []


def test_private_imports_are_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "import cinekit\nimport cinekit.solve\nfrom cinekit import Clip, fold\n"
        "from cinekit.testing import SolverSuite\ndef f():\n    from cinekit.see import answers\n"
    )
    assert private_imports(path) == ["cinekit.solve", "cinekit.fold", "cinekit.see.answers"]


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_a_plugin_is_made_for_this_version_and_not_for_the_next(folder):
    (bound,) = [
        one.specifier
        for one in map(Requirement, project(folder)["dependencies"])
        if one.name == "cinekit"
    ]
    version = project(ROOT)["version"]
    major, minor, *_ = map(int, version.split("."))
    assert bound.contains(version)
    assert not bound.contains(f"{major}.{minor + 1}.0")
    assert project(folder)["requires-python"] == project(ROOT)["requires-python"]
