from __future__ import annotations

import importlib.metadata

import pytest

import cinekit
from cinekit.plug.providers import Provider, how_to_install
from cinekit.plug.registry import KINDS, Plugins, load_plugins


def test_a_plugin_adds_its_components_and_says_where_they_are_from(install):
    install("good")
    plugins = load_plugins()
    assert "tone" in plugins.names("segmenter")
    assert plugins.get("writer", "npy").suffix == ".npy"
    (provider,) = plugins.providers_of("segmenter", "tone")
    assert str(provider) == "fake-good 1.0"
    assert not plugins.failures


def test_every_component_of_the_core_is_real():
    plugins = load_plugins([])
    provided = {kind: plugins.names(kind) for kind in KINDS}
    assert provided == {
        "segmenter": ["combine", "ensemble", "masks", "motion", "refine", "scene"],
        "solver": ["brute_force", "expansion", "multiscale"],
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


def test_a_name_of_the_projects_own_plugins_says_what_to_install():
    with pytest.raises(cinekit.UnknownComponentError, match="pip install cinekit-maxflow"):
        load_plugins([]).get("solver", "maxflow")


def test_two_plugins_with_one_name_are_both_named_and_nothing_else_suffers(install):
    install("duplicate")
    plugins = load_plugins()
    with pytest.raises(cinekit.DuplicateComponentError) as caught:
        plugins.get("segmenter", "motion")
    message = str(caught.value)
    assert "cinekit " in message
    assert "fake-duplicate 2.3" in message
    assert plugins.get("segmenter", "still_unique").__name__ == "Motion"


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
        ("segmenter", "empty", r"expected a class with the method respond\(\), received Empty"),
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
