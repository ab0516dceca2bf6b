"""What a component that reads a file of weights must keep besides, as tests to subclass.

from cinekit.testing import WeightsSuite

class TestWeights(WeightsSuite):
    file = "net.onnx"
    library = "onnxruntime"

    def write(self, path):
        write_a_tiny_network(path)

    def using(self, file):
        return MySegmenter(model=file)
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cinekit import contract
from cinekit.errors import MissingDependencyError, WeightsError
from cinekit.testing.feature_suite import loop_of, moving_box
from cinekit.testing.segmenter_suite import segmenter_clip

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "text": lambda whole: b"this is no network " * 99,
    "half": lambda whole: whole[: len(whole) // 2],
    "cut": lambda whole: whole[:-3],
    "scrambled": lambda whole: whole[:20] + b"\xff" * 200 + whole[220:],
}


class WeightsSuite:
    """Subclass, and give ``write`` and ``using``.

    file : a name with the suffix that the component knows.
    library : the module that reads it, and which may not be installed.
    damages : of the keys of ``DAMAGES``: what the format can tell from a whole file.
    """

    file = "net.pth"
    library = "torch"
    damages: tuple[str, ...] = ("empty", "text", "half", "cut")

    def write(self, path: Path) -> None:
        """Write a file that the component can read."""
        raise NotImplementedError("give write(path) in the subclass")

    def using(self, file: str) -> Any:
        """The component, with the file of that path or name."""
        raise NotImplementedError("give using(file) in the subclass")

    def use(self, component: Any) -> None:
        """Have the file read."""
        if hasattr(component, "respond"):
            contract.respond(component, segmenter_clip(1, 32, 48))
        else:
            contract.extract(component, *loop_of(frames := moving_box()), frames)

    def test_damaged_weights_are_one_clear_line(self, tmp_path: Path) -> None:
        path = tmp_path / self.file
        self.write(path)
        whole = path.read_bytes()
        for damage in self.damages:
            path.write_bytes(DAMAGES[damage](whole))
            with pytest.raises(WeightsError, match=f"'{re.escape(self.file)}' is no ") as caught:
                self.use(self.using(str(path)))
            assert "\n" not in str(caught.value), damage

    def test_missing_weights_say_where_to_put_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path))
        component = self.using(self.file)
        reason = component.unavailable()
        assert f"'{self.file}' are not installed" in reason
        assert str(tmp_path) in reason
        with pytest.raises(WeightsError) as caught:
            self.use(component)
        assert str(caught.value) == reason
        self.write(tmp_path / self.file)
        assert self.using(self.file).unavailable() is None
        self.use(self.using(self.file))

    def test_a_missing_library_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.write(tmp_path / self.file)
        monkeypatch.setitem(sys.modules, self.library, None)
        with pytest.raises(MissingDependencyError, match="pip install '") as caught:
            self.use(self.using(str(tmp_path / self.file)))
        assert "\n" not in str(caught.value)
