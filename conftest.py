"""What every test of the repository shares: core, plugins and the third-party example."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent

hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``: what is decided now becomes what tests/golden expects."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep what they find in a folder of their own, never in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Real clips, photographs and network weights that are no part of the project.

    Where continuous integration runs they must be there: nothing may pass for want of them.
    """
    folder = Path(os.environ.get("CINEKIT_TEST_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        reason = f"no test data at {folder}: set CINEKIT_TEST_DATA to run this test"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return folder
