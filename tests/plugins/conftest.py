"""Plugins that are checked in as installed packages: a module and its dist-info, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def written(install, tmp_path, monkeypatch) -> Callable[..., None]:
    """``written("fake_x", code, {"conf/solver/x.yaml": text}, requires)`` installs that package."""

    def write(
        name: str, code: str, files: Mapping[str, str] | None = None, requires: str = ""
    ) -> None:
        info = tmp_path / f"{name}-1.0.dist-info"
        for path, text in {
            tmp_path / name / "__init__.py": code,
            **{tmp_path / name / path: text for path, text in (files or {}).items()},
            info / "METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\n"
            f"Version: 1.0\n{requires and f'Requires-Dist: {requires}'}\n",
            info / "entry_points.txt": f"[cinekit]\nentry = {name}\n",
        }.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))

    return write


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Call it with the names of folders beside this file to have their plugins installed."""

    def put_on_path(*cases: str) -> None:
        for case in cases:
            assert (HERE / case).is_dir()
            monkeypatch.syspath_prepend(str(HERE / case))

    yield put_on_path
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("fake_")]:
        del sys.modules[name]
