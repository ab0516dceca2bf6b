from __future__ import annotations

from cinekit.testing import OptionSuite


class TestOptions(OptionSuite):
    distribution = "cinekit-example"
