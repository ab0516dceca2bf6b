from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import pytest
from omegaconf import OmegaConf

import cinekit
from cinekit.plug.build import build_component, build_options, check_complete, component_kind
from cinekit.plug.providers import Provider
from cinekit.plug.registry import Plugins
from cinekit.protocols import Segmenter, Writer


class Mode(StrEnum):
    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Leaf:
    path: str
    gain: float = 1.0

    def respond(self, clip, progress=cinekit.silent):
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Options:
    count: int = 3
    share: float = 0.5
    name_of_it: str = "x"
    flag: bool = False
    mode: Mode = Mode.AUTO
    modes: tuple[Mode, ...] = ()
    length: float | int | str = "auto"
    maybe: int | None = None
    names: tuple[str, ...] = ()
    numbers: list[float] = field(default_factory=lambda: [1.0])
    box: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise cinekit.ConfigError(f"count: expected >= 0, received {self.count}")
        if self.share > 1:
            raise cinekit.ConfigError(f"expected share <= 1, received {self.share}")


@dataclass(frozen=True, kw_only=True)
class Tree:
    leaf: Segmenter
    spare: Segmenter | None = None
    parts: tuple[Segmenter, ...] = ()
    options: Options = Options()

    def respond(self, clip, progress=cinekit.silent):
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Sink:
    suffix: ClassVar[str] = ".txt"
    media_type: ClassVar[str] = "text/plain"
    depth: int = 1

    def write(self, frames, fps, path, repeat=1):
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Everything:
    segmenter: Segmenter
    writers: Mapping[str, Writer] = field(default_factory=dict)


class Module:
    @cinekit.hookimpl
    def cinekit_segmenters(self) -> Mapping[str, type[Any]]:
        return {"leaf": Leaf, "tree": Tree}

    @cinekit.hookimpl
    def cinekit_writers(self) -> Mapping[str, type[Any]]:
        return {"sink": Sink}


@pytest.fixture
def plugins() -> Plugins:
    plugins = Plugins()
    plugins.register(Module(), Provider("test", "1", "test"))
    return plugins


def failing(node: dict[str, Any]) -> str:
    with pytest.raises(cinekit.ConfigError) as caught:
        build_options(Options, node, "part")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_empty_node_gives_the_defaults():
    assert build_options(Options, {}, "part") == Options()
    assert build_options(Options, OmegaConf.create({}), "part") == Options()


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"count": "7"}, Options(count=7)),
        ({"share": 1}, Options(share=1.0)),
        ({"flag": "true"}, Options(flag=True)),
        ({"mode": "off"}, Options(mode=Mode.OFF)),
        ({"mode": False}, Options(mode=Mode.OFF)),
        ({"mode": True}, Options(mode=Mode.ON)),
        ({"modes": ["on", "auto"]}, Options(modes=(Mode.ON, Mode.AUTO))),
        ({"length": 4}, Options(length=4)),
        ({"length": 2.5}, Options(length=2.5)),
        ({"length": "auto"}, Options()),
        ({"maybe": None}, Options()),
        ({"maybe": 4}, Options(maybe=4)),
        ({"names": ["a", "b"]}, Options(names=("a", "b"))),
        ({"numbers": [1, 2]}, Options(numbers=[1.0, 2.0])),
        ({"box": [3, 4]}, Options(box=(3, 4))),
    ],
)
def test_values_are_converted_to_the_type_of_the_field(node, expected):
    built = build_options(Options, OmegaConf.create(node), "part")
    assert built == expected
    for one in dataclasses.fields(Options):
        assert type(getattr(built, one.name)) is type(getattr(expected, one.name))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"count": "many"}, "part.count: expected int, received 'many'"),
        ({"count": 1.5}, "part.count: expected int, received 1.5"),
        ({"count": None}, "part.count: expected int, received None"),
        ({"flag": "perhaps"}, "part.flag: expected bool, received 'perhaps'"),
        ({"mode": "of"}, "part.mode: expected one of auto, on, off (did you mean 'off'?)"),
        ({"modes": ["on", "x"]}, "part.modes: expected one of auto, on, off, received 'x'"),
        ({"names": "a"}, "part.names: expected a list such as [a,b], received 'a'"),
        ({"box": [1, 2, 3]}, "part.box: expected 2 values, received [1, 2, 3]"),
        ({"numbers": ["a"]}, "part.numbers: expected list[float], received ['a']"),
        ({"cuont": 1}, "part.cuont: unknown option (did you mean 'count'?); options: count, share"),
        ({"count": -1}, "part.count: expected >= 0, received -1"),
        ({"share": 2.0}, "part: expected share <= 1, received 2.0"),
    ],
)
def test_what_does_not_fit_is_one_line_that_says_where_and_what(node, message):
    assert message in failing(node)


def test_all_missing_mandatory_values_are_listed_at_once():
    config = OmegaConf.create({"input": "???", "segmenter": {"path": "???", "gain": 1.0}})
    with pytest.raises(cinekit.ConfigError) as caught:
        check_complete(config)
    assert "input, segmenter.path: add input=... segmenter.path=..." in str(caught.value)
    check_complete(OmegaConf.create({"input": "a.mp4"}))


@pytest.mark.parametrize("node", [{"name": "leaf"}, {"name": "leaf", "path": "???"}])
def test_a_missing_mandatory_field_of_a_component_is_named(plugins, node):
    with pytest.raises(cinekit.ConfigError, match=r"missing mandatory value of segmenter\.path"):
        build_component(plugins, "segmenter", node)


def test_a_component_is_built_by_name(plugins):
    built = build_component(plugins, "segmenter", {"name": "leaf", "path": "p", "gain": 2})
    assert built == Leaf(path="p", gain=2.0)


@pytest.mark.parametrize("node", [{}, {"path": "p"}, {"name": 3}])
def test_a_component_without_a_name_is_an_error(plugins, node):
    with pytest.raises(cinekit.ConfigError, match="segmenter: expected 'name'"):
        build_component(plugins, "segmenter", node)


def test_nested_components_are_built_from_nested_nodes(plugins):
    leaf = {"name": "leaf", "path": "a"}
    node = {
        "name": "tree",
        "leaf": leaf,
        "spare": None,
        "parts": [leaf, {"name": "tree", "leaf": {"name": "leaf", "path": "b"}}],
        "options": {"count": 5},
    }
    built = build_component(plugins, "segmenter", OmegaConf.create(node))
    assert built == Tree(
        leaf=Leaf(path="a"),
        parts=(Leaf(path="a"), Tree(leaf=Leaf(path="b"))),
        options=Options(count=5),
    )


def test_errors_of_nested_components_say_where_they_are(plugins):
    node = {"name": "tree", "leaf": {"name": "leaf", "path": "a"}, "parts": [{"name": "leaf"}]}
    with pytest.raises(cinekit.ConfigError, match=r"segmenter\.parts\[0\]\.path"):
        build_component(plugins, "segmenter", node)
    with pytest.raises(cinekit.UnknownComponentError, match="did you mean 'leaf'"):
        build_component(plugins, "segmenter", {"name": "tree", "leaf": {"name": "leef"}})
    with pytest.raises(cinekit.ConfigError, match=r"segmenter\.parts: expected a list"):
        build_component(
            plugins,
            "segmenter",
            {"name": "tree", "leaf": {"name": "leaf", "path": "a"}, "parts": 3},
        )


def test_a_mapping_of_components_is_built_by_key(plugins):
    node = {
        "segmenter": {"name": "leaf", "path": "p"},
        "writers": {"a": {"name": "sink"}, "b": {"name": "sink", "depth": 3}},
    }
    built = build_options(Everything, node, "", plugins)
    assert built.writers == {"a": Sink(), "b": Sink(depth=3)}
    with pytest.raises(cinekit.ConfigError, match=r"^writers\.a\.deth: unknown option"):
        build_options(
            Everything, {**node, "writers": {"a": {"name": "sink", "deth": 1}}}, "", plugins
        )


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (Segmenter, "segmenter"),
        (Segmenter | None, "segmenter"),
        (tuple[Segmenter, ...], "segmenter"),
        (Mapping[str, Writer], "writer"),
        (int, None),
        (tuple[int, ...], None),
        (Mapping[str, str], None),
    ],
)
def test_component_fields_are_recognised(hint, kind):
    assert component_kind(hint) == kind


def test_interpolations_are_resolved_and_bad_ones_are_one_line():
    config = OmegaConf.create({"a": {"count": "${b}"}, "b": 4})
    assert build_options(Options, config.a, "a").count == 4
    broken = OmegaConf.create({"a": {"count": "${nothing}"}})
    with pytest.raises(
        cinekit.ConfigError, match=r"^a\.count: Interpolation key 'nothing' not found"
    ):
        build_options(Options, broken.a, "a")
