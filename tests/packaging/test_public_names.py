from __future__ import annotations

import pytest

import cinekit
import cinekit.testing

NAMES = {
    "read_clip",
    "make_cinemagraphs",
    "render_frames",
    "Clip",
    "Result",
    "Cinemagraph",
    "Category",
    "Motion",
    "SemanticResponse",
    "Verdict",
    "Segmenter",
    "Solver",
    "Writer",
    "LabelProblem",
    "Solution",
    "Progress",
    "Reporter",
    "silent",
    "hookimpl",
    "LazyComponents",
    "load_plugins",
    "require",
    "__version__",
}
"""What a user or a plugin author may rely on, besides the errors."""


def test_the_public_names_are_these_and_the_errors():
    errors = {
        name
        for name, value in vars(cinekit.errors).items()
        if isinstance(value, type) and issubclass(value, cinekit.CinekitError)
    }
    assert set(cinekit.__all__) == NAMES | errors


@pytest.mark.parametrize("name", cinekit.__all__)
def test_every_public_name_exists(name):
    assert getattr(cinekit, name) is not None
    assert name in dir(cinekit)


@pytest.mark.parametrize("name", cinekit.testing.__all__)
def test_every_name_for_plugin_authors_exists(name):
    assert getattr(cinekit.testing, name) is not None


@pytest.mark.parametrize("module", [cinekit, cinekit.testing])
def test_other_names_are_attribute_errors(module):
    with pytest.raises(AttributeError, match="no attribute 'made_up'"):
        _ = module.made_up


@pytest.mark.parametrize("module", ["clip", "energy", "judge", "loop", "see", "solve", "write"])
def test_a_subpackages_public_names_exist(module):
    package = __import__(f"cinekit.{module}", fromlist=["__all__"])
    assert package.__all__
    for name in package.__all__:
        assert hasattr(package, name), name
