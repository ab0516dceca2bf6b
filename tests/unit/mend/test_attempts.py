from __future__ import annotations

import pytest

from cinekit.mend.held import HeldAttempt
from cinekit.mend.whole import MixedAttempt, WholeAttempt
from cinekit.testing import AttemptSuite


class TestEveryAttempt(AttemptSuite):
    @pytest.fixture(autouse=True, params=[HeldAttempt, MixedAttempt, WholeAttempt])
    def _chosen(self, request):
        self.make = request.param

    def attempt(self):
        return self.make()
