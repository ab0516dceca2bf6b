"""Plugins that are checked in as installed packages: a module and its dist-info, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


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
