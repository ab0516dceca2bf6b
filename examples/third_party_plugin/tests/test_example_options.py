from __future__ import annotations

from cinekit.testing import PackageSuite


class TestOptions(PackageSuite):
    distribution = "cinekit-example"
