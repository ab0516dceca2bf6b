from __future__ import annotations

import importlib.metadata

import pytest

import cinekit
from cinekit.plug.build import build_option
from cinekit.plug.kinds import KINDS
from cinekit.plug.providers import Provider, how_to_install
from cinekit.plug.registry import Plugins, load_plugins


def test_a_plugin_adds_its_components_and_says_where_they_are_from(install):
    install("good")
    plugins = load_plugins()
    assert "tone" in plugins.names("segmenter")
    assert plugins.get("writer", "npy").suffix == ".npy"
    assert str(plugins.provider("segmenter", "tone")) == "fake-good 1.0"
    assert not plugins.failures


def test_every_component_of_the_core_is_real():
    plugins = load_plugins([])
    provided = {kind: plugins.names(kind) for kind in KINDS}
    assert provided == {
        "segmenter": ["combine", "ensemble", "masks", "motion", "refine", "scene"],
        "solver": ["brute_force", "expansion", "multiscale"],
        "attempt": ["held", "mixed", "whole"],
        "judge": ["limits"],
        "ranker": [
            "completion",
            "constant",
            "global_forest",
            "individual_forest",
            "joint",
            "prior",
            "random",
            "srf",
        ],
        "features": ["faces", "standard"],
        "writer": ["gif", "mp4", "webm", "webp"],
    }
    for kind, names in provided.items():
        for name in names:
            assert plugins.get(kind, name).__module__.startswith("cinekit.")


def test_nothing_is_loaded_at_import_or_on_construction():
    assert all(not Plugins().names(kind) for kind in KINDS)


@pytest.mark.parametrize("name", ["motoin", "Motion", "emotion"])
def test_an_unknown_name_lists_the_choices_and_suggests_one(name):
    with pytest.raises(cinekit.UnknownComponentError) as caught:
        load_plugins([]).get("segmenter", name)
    message = str(caught.value)
    assert f"unknown segmenter '{name}' (did you mean 'motion'?)" in message
    assert "installed: combine, ensemble, masks, motion, refine, scene" in message


def test_an_unknown_name_says_that_there_are_plugins():
    with pytest.raises(cinekit.UnknownComponentError, match="pip install cinekit-NAME"):
        load_plugins([]).get("solver", "maxflow")


def test_a_name_of_the_core_stays_the_cores_and_the_other_has_a_longer_one(install, caplog):
    install("duplicate")
    plugins = load_plugins()
    assert plugins.get("segmenter", "motion").__module__ == "cinekit.see.motion"
    (record,) = caplog.records
    assert record.getMessage() == (
        "segmenter 'motion' is cinekit's own; that of fake-duplicate 2.3 is "
        "segmenter=fake-duplicate:motion"
    )
    assert plugins.get("segmenter", "fake-duplicate:motion").__module__ == "fake_duplicate"
    assert plugins.get("segmenter", "still_unique").__name__ == "Motion"
    assert "fake-duplicate:motion" in plugins.names("segmenter")
    version = importlib.metadata.version("cinekit")
    assert plugins.clashes == [
        f"segmenter=motion is that of cinekit {version}; another is segmenter=fake-duplicate:motion"
    ]


def test_two_plugins_with_one_name_are_both_named_and_both_can_be_had(install):
    install("good")
    import fake_good

    class Twin:
        @cinekit.hookimpl
        def cinekit_segmenters(self):
            return {"tone": fake_good.ToneSegmenter}

    plugins = Plugins()
    for name in ("one", "two"):
        plugins.register(Twin(), Provider(name, "1.0", name))
    with pytest.raises(cinekit.DuplicateComponentError) as caught:
        plugins.get("segmenter", "tone")
    assert str(caught.value) == (
        "segmenter 'tone' is provided by one 1.0 and two 1.0: "
        "say segmenter=one:tone or segmenter=two:tone"
    )
    assert plugins.get("segmenter", "two:tone").__name__ == "ToneSegmenter"
    assert plugins.names("segmenter") == ["one:tone", "two:tone"]
    assert plugins.clashes == [
        "segmenter=tone is provided twice: say segmenter=one:tone or segmenter=two:tone"
    ]


@pytest.mark.parametrize("name", ["wobble", "jelly"])
def test_a_broken_plugin_is_an_error_only_when_asked_for(install, name):
    """By its entry point's name, or by a yaml option that it ships."""
    install("broken", "good")
    plugins = load_plugins()
    assert plugins.get("segmenter", "tone")
    (failure,) = plugins.failures
    assert str(failure.provider) == "fake-broken 0.9"
    assert failure.reason == "RuntimeError: the wheels came off in the second line"
    with pytest.raises(cinekit.BrokenPluginError) as caught:
        plugins.get("segmenter", name)
    assert "fake-broken 0.9" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_mentions_the_plugins_that_failed(install):
    install("broken")
    with pytest.raises(cinekit.UnknownComponentError, match=r"fake-broken 0\.9 failed to load"):
        load_plugins().get("segmenter", "nonsense")


def test_a_missing_library_of_one_component_leaves_the_others_alone(install):
    install("missing")
    plugins = load_plugins()
    assert plugins.get("solver", "light")
    with pytest.raises(cinekit.MissingDependencyError) as caught:
        plugins.get("solver", "deep")
    message = str(caught.value)
    assert "some_absent_library" in message
    assert "pip install 'fake-missing[gpu]'" in message


def test_a_missing_library_of_a_whole_plugin_says_what_to_install(install):
    install("absent")
    plugins = load_plugins()
    assert len(plugins.failures) == 1
    with pytest.raises(
        cinekit.MissingDependencyError, match="pip install 'some-absent-library>=2'"
    ):
        plugins.get("segmenter", "absent")


def test_a_library_that_is_required_at_call_time_says_what_to_install(install):
    install("missing")
    component = load_plugins().get("solver", "late")()
    with pytest.raises(cinekit.MissingDependencyError, match=r"solver 'late'.*some-absent-library"):
        component.solve(None)


def test_require_hands_on_a_failure_inside_the_library(tmp_path, monkeypatch):
    (tmp_path / "fake_half.py").write_text("import some_absent_library\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError) as caught:
        cinekit.require("fake_half", "half", "solver 'half'")
    assert not isinstance(caught.value, cinekit.MissingDependencyError)
    assert cinekit.require("json", "python", "a test").__name__ == "json"


def test_a_package_of_presets_needs_no_python(install):
    install("presets")
    plugins = load_plugins()
    assert not plugins.failures
    assert "fake_presets.conf" in {provider.conf for provider in plugins.conf_providers}


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("fake_unmarked", "cinekit_solvers lacks the decorator @cinekit.hookimpl"),
        ("fake_typo", "unknown hook 'cinekit_segmenter' (did you mean 'cinekit_segmenters'?)"),
        ("fake_list", "expected a mapping from cinekit_solvers, received list"),
    ],
)
def test_a_careless_plugin_is_told_what_is_wrong_with_it(install, module, reason):
    install("careless")
    plugins = load_plugins()
    (failure,) = [failure for failure in plugins.failures if failure.provider.module == module]
    assert reason in failure.reason
    assert failure.provider not in plugins.providers


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("segmenter", "function", "expected a dataclass"),
        (
            "segmenter",
            "empty",
            r"expected a class with the method respond\(clip, progress\), received Empty",
        ),
        ("writer", "suffixless", "expected a class with a suffix such as '.mp4'"),
    ],
)
def test_what_is_no_component_is_refused_when_asked_for(install, kind, name, expected):
    install("careless")
    with pytest.raises(cinekit.BrokenPluginError, match=expected):
        load_plugins().get(kind, name)


def test_a_failed_registration_leaves_nothing_behind(install):
    install("careless")
    import fake_list

    plugins = Plugins()
    for _ in range(2):
        with pytest.raises(cinekit.BrokenPluginError):
            plugins.register(fake_list, Provider("fake-list", "1.0", "fake_list"))
    assert plugins.names("solver") == []
    assert plugins.providers == []


def test_how_to_install_falls_back_to_the_modules_name():
    assert how_to_install("unheard_of.part", "no-such-distribution").startswith(
        "pip install 'unheard-of'"
    )


def test_the_fakes_are_real_dist_infos(install):
    install("good", "broken", "missing", "presets")
    for name in ("fake-good", "fake-broken", "fake-missing", "fake-presets"):
        (entry,) = importlib.metadata.distribution(name).entry_points.select(group="cinekit")
        assert entry.value.startswith("fake_")


SOLVER = """
from dataclasses import dataclass
import cinekit

@dataclass(frozen=True, kw_only=True)
class Solver:
    size: int = 3
    def solve(self, problem, start=None, progress=cinekit.silent):
        ...

@cinekit.hookimpl
def cinekit_solvers():
    return {"mine": Solver}
"""


def refused(name: str = "mine") -> str:
    """The one line that asking for the solver gives."""
    with pytest.raises(cinekit.BrokenPluginError) as caught:
        build_option(load_plugins(), "solver", name)
    assert "\n" not in str(caught.value)
    assert "fake-x" in str(caught.value)
    return str(caught.value)


EXIT = "raise SystemExit('no licence')"


@pytest.mark.parametrize("code", [EXIT, SOLVER.replace('return {"mine": Solver}', EXIT)])
def test_a_plugin_that_exits_is_one_line(written, code):
    written("fake_x", code, {"conf/solver/mine.yaml": "name: mine\n"})
    assert "(SystemExit: no licence)" in refused()


def test_a_method_that_cannot_be_called_as_it_will_be_is_one_line(written):
    written("fake_x", SOLVER.replace("problem, start=None, progress=cinekit.silent", "problem"))
    assert refused() == (
        "solver 'mine' of fake-x 1.0: expected the method solve(problem, start, progress), "
        "received solve(self, problem)"
    )


@pytest.mark.parametrize("text", ["name: [mine", "- a\n- b", "name: mine\nname: twice"])
def test_a_broken_yaml_is_one_line(written, text):
    written("fake_x", SOLVER, {"conf/solver/mine.yaml": text})
    assert refused().startswith("option solver=mine of fake-x is broken (")


def test_an_option_that_starts_from_nothing_is_one_line(written):
    written("fake_x", SOLVER, {"conf/solver/other.yaml": "defaults: [nothing]\nname: mine"})
    assert "starts from solver=nothing, which nobody has" in refused("other")


def test_a_component_needs_no_yaml(written):
    written("fake_x", SOLVER)
    assert build_option(load_plugins(), "solver", "mine", size=5).size == 5


def test_a_plugin_that_is_made_for_another_version_is_one_line(written):
    written("fake_x", SOLVER, {"conf/solver/mine.yaml": "name: mine\nsize: 3\n"}, "cinekit>=7,<8")
    version = importlib.metadata.version("cinekit")
    assert refused() == (
        "solver 'mine' of fake-x 1.0 cannot be used: it is made for cinekit<8,>=7, "
        f"this is {version}: update fake-x"
    )


def test_a_plugin_that_is_made_for_this_version_works(written):
    written("fake_x", SOLVER, requires="cinekit>=0.1,<9")
    assert build_option(load_plugins(), "solver", "mine").size == 3


def test_known_weights_come_from_plugins(written):
    hook = """
from cinekit import KnownModel, hookimpl

@hookimpl
def cinekit_weights():
    return [KnownModel(name="tiny", file_name="tiny.onnx", bytes=1, sha256="0" * 64,
                       url="https://example.org/tiny", licence="CC0", classes="a", good_at="b")]
"""
    assert not load_plugins([]).weights
    written("fake_x", hook)
    assert load_plugins().weights["tiny"].url == "https://example.org/tiny"
    with pytest.raises(cinekit.WeightsError, match="'cinekit models get tiny' fetches them"):
        cinekit.find_weights("tiny.onnx", load_plugins().weights.values())


def test_weights_that_are_none_are_told(written):
    written("fake_x", "import cinekit\n@cinekit.hookimpl\ndef cinekit_weights(): return ['x']\n")
    (failure,) = [one for one in load_plugins().failures if one.provider.module == "fake_x"]
    assert "expected a list of KnownModel from cinekit_weights" in failure.reason
