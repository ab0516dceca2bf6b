"""``features=[...]``: which extractors run, and how faces find their parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from omegaconf import OmegaConf

import cinekit
from cinekit.errors import ConfigError, PluginError
from cinekit.features import FaceFeatures, StandardFeatures
from cinekit.plug.providers import Provider, find_option
from cinekit.plug.registry import load_plugins
from cinekit.settings import settings_of


@dataclass(frozen=True, kw_only=True)
class RednessFeatures:
    def extract(self, scene, loop, frames):
        return {"redness": float(frames[..., 0].mean()) / 255}


class Extra:
    @cinekit.hookimpl
    def cinekit_features(self) -> Mapping[str, type[Any]]:
        return {"redness": RednessFeatures}


def build_features(features: Any, plugins: Any, user: str | None = None) -> Any:
    return settings_of({"features": features, "user": user}, plugins)[0].features


def option(name: str) -> Any:
    found = find_option("features", name, load_plugins([]).conf_providers)
    assert found is not None
    return OmegaConf.to_container(OmegaConf.load(found.path))


def test_extractors_of_the_core_and_of_plugins_run_side_by_side():
    plugins = load_plugins([])
    plugins.register(Extra(), Provider("test", "1", __name__))
    nodes = {"standard": {"name": "standard", "pairs": 3}, "redness": {"name": "redness"}}
    extractors = build_features(nodes, plugins)
    assert extractors == {"standard": StandardFeatures(pairs=3), "redness": RednessFeatures()}


def test_without_a_face_parser_nobody_looks_for_faces():
    extractors = build_features({"faces": option("faces")}, load_plugins([]))
    assert extractors == {"faces": FaceFeatures()}


@pytest.mark.parametrize("node", [{"name": "faces", "parser": "motion"},
                                  {"name": "faces", "choices": ["nowhere", "motion"]}])  # fmt: skip
def test_faces_take_the_parser_they_are_given_or_the_first_that_can_run(node):
    node = {**option("faces"), **node}
    extractors = build_features({"faces": node}, load_plugins([]))
    assert type(extractors["faces"].parser).__name__ == "MotionSegmenter"


def test_a_parser_that_cannot_run_is_said_before_anything_runs():
    node = {"name": "faces", "parser": {"name": "masks", "path": "nowhere"}}
    with pytest.raises(PluginError, match=r"features\.faces: .*nowhere.* found nothing"):
        build_features({"faces": node}, load_plugins([]))


def test_an_option_without_its_package_line_is_one_line():
    with pytest.raises(ConfigError, match=r"features.pairs: expected the options of a features"):
        build_features({"name": "standard", "pairs": 3}, load_plugins([]))


def test_a_user_without_features_is_one_line():
    with pytest.raises(ConfigError, match="user=ann: ranking needs features"):
        build_features(None, load_plugins([]), "ann")
    assert build_features(None, load_plugins([])) == {}


def test_the_command_line_chooses_several(run, jobs):
    assert run("make", "clip.mp4", "segmenter=motion", "features=[standard]").status == 0
    assert run("make", "clip.mp4", "segmenter=motion", "features=standard").status == 0
    done = run("make", "clip.mp4", "segmenter=motion", "features=[standard,nothing]")
    assert done.status == 1
    assert "nothing" in done.err
