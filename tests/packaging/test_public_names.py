from __future__ import annotations

import pytest

import cinekit
import cinekit.testing


def test_every_error_is_a_public_name():
    errors = {
        name
        for name, value in vars(cinekit.errors).items()
        if isinstance(value, type) and issubclass(value, cinekit.CinekitError)
    }
    assert errors <= set(cinekit.__all__)


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
