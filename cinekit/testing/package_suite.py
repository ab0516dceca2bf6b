"""What a package of components must keep as a whole, as tests to subclass.

from cinekit.testing import PackageSuite

class TestPackage(PackageSuite):
    distribution = "cinekit-example"
"""

# ruff: noqa: D102 - the names of the tests are their sentences
from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import typing
from pathlib import Path
from typing import Any

import cinekit
from cinekit import testing
from cinekit.plug.build import build_component, component_kind
from cinekit.plug.kinds import KINDS
from cinekit.plug.options import MANDATORY, option_values, plain_defaults
from cinekit.plug.providers import CORE, OptionFile, Requirement, option_files
from cinekit.plug.registry import Plugins, load_plugins


def assert_mirrors(values: dict[str, Any], cls: type[Any]) -> None:
    """Fail unless a yaml's values are the fields of a class, each with its default.

    A mandatory field is ``???``. A field that holds components may name any: a yaml can give what a
    class cannot have as a default.
    """
    hints = typing.get_type_hints(cls)
    defaults = plain_defaults(cls)
    assert set(values) == set(defaults)
    for name, value in values.items():
        assert (component_kind(hints[name]) and value is not None) or value == defaults[name], name


def private_imports(path: Path) -> list[str]:
    """What a source file imports of cinekit that is no public name, as dotted names."""
    public = {"cinekit": dir(cinekit), "cinekit.testing": dir(testing)}
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [n for n in names if n.startswith("cinekit.") and n not in public]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cinekit":
            module = str(node.module)
            names = [alias.name for alias in node.names if alias.name != "testing"]
            found += [f"{module}.{n}" for n in names if n not in public.get(module, ())]
    return found


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

    def components(self, plugins: Plugins) -> list[tuple[str, str]]:
        """Kind and name of everything that the distribution provides."""
        return [
            (kind, name)
            for kind in KINDS
            for name in plugins.names(kind)
            if plugins.provider(kind, name).distribution == self.distribution
        ]

    def test_it_provides_something(self) -> None:
        plugins = self.plugins()
        for failure in plugins.failures:
            assert failure.provider.distribution != self.distribution, failure.reason
        assert self.components(plugins) or self.options(plugins), f"{self.distribution} is absent"

    def test_an_option_shows_every_field_with_its_default(self) -> None:
        plugins = self.plugins()
        for option in self.options(plugins):
            values = option_values(plugins, option.group, option.name)
            if values["name"] == option.name:
                assert_mirrors(values, plugins.get(option.group, values.pop("name")))

    def test_every_component_and_option_can_be_built(self) -> None:
        plugins = self.plugins()
        named = self.components(plugins)
        named += [(option.group, option.name) for option in self.options(plugins)]
        for kind, name in sorted(set(named)):
            values = option_values(plugins, kind, name)
            cls = plugins.get(kind, values["name"])
            for key, value in {**plain_defaults(cls), **values}.items():
                if value == MANDATORY:
                    values[key] = self.given.get(key, "given")
            assert type(build_component(plugins, kind, values, f"{kind}={name}")) is cls

    def test_every_option_says_in_its_first_comment_what_it_is(self) -> None:
        for option in self.options(self.plugins()):
            assert len(option.summary) > 10, option.path


class PackageSuite(OptionSuite):
    """The same for a plugin, and what a plugin alone must keep."""

    def test_it_says_which_versions_of_cinekit_it_is_made_for(self) -> None:
        texts = importlib.metadata.requires(self.distribution) or []
        bounds = [str(one.specifier) for one in map(Requirement, texts) if one.name == CORE]
        assert any("<" in bound for bound in bounds), f"depend on cinekit>=0.1,<0.2, not {bounds}"

    def test_it_imports_public_names_only(self) -> None:
        for provider in self.plugins().providers:
            if provider.distribution == self.distribution:
                spec = importlib.util.find_spec(provider.module)
                assert spec is not None
                folders = [Path(place) for place in spec.submodule_search_locations or ()]
                files = [path for folder in folders for path in folder.rglob("*.py")]
                for path in files or [Path(str(spec.origin))]:
                    assert not private_imports(path), path

    def test_the_weights_that_it_knows_are_told_in_full(self) -> None:
        plugins = self.plugins()
        for entry in importlib.metadata.distribution(self.distribution).entry_points:
            hook = getattr(importlib.import_module(entry.module), "cinekit_weights", None)
            for model in hook() if hook and entry.group == CORE else ():
                assert plugins.weights[model.name] is model, f"another plugin has {model.name!r}"
                assert Path(model.file_name).name == model.file_name
                assert (model.sha256 is None) == (model.bytes is None)
                assert model.sha256 is None or len(model.sha256) == 64
                assert model.bytes is None or model.bytes > 0
                assert model.licence
                assert model.classes
                assert model.good_at
