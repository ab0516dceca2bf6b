"""What the yaml options of a package must keep, as tests to subclass.

from cinekit.testing import OptionSuite

class TestOptions(OptionSuite):
    distribution = "cinekit-example"
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import dataclasses
import typing
from enum import Enum
from typing import Any

from cinekit.plug.build import build_component, component_kind, read_option
from cinekit.plug.option_files import OptionFile, option_files
from cinekit.plug.registry import KINDS, Plugins, load_plugins

MANDATORY = "???"


def assert_mirrors(values: dict[str, Any], cls: type[Any]) -> None:
    """Fail unless a yaml's values are the fields of a class, each with its default.

    A mandatory field is ``???``. A field that holds components may name any: a yaml can give what a
    class cannot have as a default.
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    assert set(values) == set(fields)
    for name, field in fields.items():
        if component_kind(hints[name]) and values[name] is not None:
            continue
        assert values[name] == _default(field), name


class OptionSuite:
    """Subclass with the name of the distribution, and pytest holds its yaml and classes together.

    given : what to use for mandatory options when components are built, by name; the text "given"
        for those that are not in it.
    """

    distribution = ""
    given: typing.ClassVar[dict[str, Any]] = {}

    def plugins(self) -> Plugins:
        return load_plugins()

    def options(self, plugins: Plugins) -> list[OptionFile]:
        """The distribution's options of components; ``auto`` is none."""
        return [
            option
            for option in option_files(plugins.conf_providers)
            if option.distribution == self.distribution
            and option.group in KINDS
            and option.name != "auto"
        ]

    def test_every_component_has_an_option(self) -> None:
        plugins = self.plugins()
        named = {(option.group, option.name) for option in self.options(plugins)}
        provided = {
            (kind, name)
            for kind in KINDS
            for name in plugins.names(kind)
            for provider in plugins.providers_of(kind, name)
            if provider.distribution == self.distribution
        }
        assert named, f"no option of {self.distribution!r} is installed"
        assert provided <= named

    def test_an_option_shows_every_field_with_its_default(self) -> None:
        plugins = self.plugins()
        for option in self.options(plugins):
            values = read_option(option, plugins.conf_providers)
            if values["name"] == option.name:
                assert_mirrors(values, plugins.get(option.group, values.pop("name")))

    def test_every_option_builds_its_component(self) -> None:
        plugins = self.plugins()
        for option in self.options(plugins):
            values = read_option(option, plugins.conf_providers)
            for name, value in values.items():
                if value == MANDATORY:
                    values[name] = self.given.get(name, "given")
            component = build_component(plugins, option.group, values, str(option.path))
            assert type(component) is plugins.get(option.group, values["name"])

    def test_every_option_says_in_its_first_comment_what_it_is(self) -> None:
        for option in self.options(self.plugins()):
            assert len(option.summary) > 10, option.path

    def test_every_writer_has_a_place_of_its_own(self) -> None:
        for option in self.options(self.plugins()):
            if option.group == "writer":
                first = option.path.read_text("utf-8").splitlines()[0]
                assert first == f"# @package writer.{option.name}", option.path


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return _plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _plain(field.default_factory())
    return MANDATORY


def _plain(value: Any) -> Any:
    """A default as it stands in yaml."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
