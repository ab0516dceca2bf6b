"""What every component keeps, whatever its kind: the suites of all kinds are subclasses."""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import dataclasses
import pickle
from typing import Any, ClassVar

from cinekit.plug.kinds import check_component
from cinekit.plug.providers import Provider
from cinekit.plug.registry import unavailable


class ComponentSuite:
    """A subclass of the suite of a kind gives the method that is named like the kind."""

    kind: ClassVar[str]

    def component(self) -> Any:
        """The component under test, made anew."""
        try:
            make = getattr(self, self.kind)
        except AttributeError:
            name = f"{type(self).__name__}.{self.kind}"
            raise NotImplementedError(f"give {name}(), which returns the {self.kind}") from None
        return make()

    def test_it_is_what_its_kind_asks_for(self) -> None:
        component = self.component()
        here = Provider("this test", "", type(component).__module__)
        check_component(self.kind, type(component).__name__, type(component), here)

    def test_its_options_are_keywords_that_stay_as_they_are(self) -> None:
        component = self.component()
        assert type(component).__dataclass_params__.frozen
        assert all(field.kw_only for field in dataclasses.fields(component) if field.init)
        assert component == self.component(), "equal options must make equal components"

    def test_it_can_be_sent_to_another_process(self) -> None:
        component = self.component()
        assert pickle.loads(pickle.dumps(component)) == component

    def test_it_says_that_it_can_run_here(self) -> None:
        assert unavailable(self.component()) is None
