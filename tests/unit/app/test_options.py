"""The yaml files and the classes behind them say the same."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest
from omegaconf import OmegaConf

from cinekit.app.settings import COMMAND_LINE_ONLY, FIELD_OF
from cinekit.plug.build import build_options
from cinekit.plug.options import option_values
from cinekit.plug.providers import (
    CORE_CONF,
    conf_folder,
    installed_entry_points,
    option_files,
    provider_of,
)
from cinekit.plug.registry import load_plugins
from cinekit.settings import Settings
from cinekit.testing import OptionSuite
from cinekit.testing.package_suite import assert_mirrors

PROVIDERS = [provider_of(entry) for entry in installed_entry_points()]
OPTIONS = option_files(PROVIDERS)
SECTIONS = {
    field.name: typing.get_type_hints(Settings)[field.name]
    for field in dataclasses.fields(Settings)
    if dataclasses.is_dataclass(typing.get_type_hints(Settings)[field.name])
}


def main_config() -> dict[str, Any]:
    folder = conf_folder(CORE_CONF)
    assert folder is not None
    config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    assert isinstance(config, dict)
    return {str(key): value for key, value in config.items()}


@pytest.mark.parametrize(
    "distribution",
    ["cinekit", *sorted({provider.distribution for provider in PROVIDERS if provider.conf})],
)
class TestOptions(OptionSuite):
    """The core's, and those of every plugin that is installed."""

    @pytest.fixture(autouse=True)
    def _of(self, distribution: str) -> None:
        self.distribution = distribution


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.group}={option.name}")
def test_every_option_says_what_it_is(option):
    assert len(option.summary) > 10


def test_the_main_configuration_has_a_place_for_every_setting():
    config = main_config()
    chosen = {key for entry in config.pop("defaults") if isinstance(entry, dict) for key in entry}
    config.pop("hydra")
    keys = {FIELD_OF.get(key, key) for key in {*config, *chosen} - set(COMMAND_LINE_ONLY)}
    assert keys == {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("section", [name for name in SECTIONS if name in main_config()])
def test_the_main_configuration_shows_every_value_with_its_default(section):
    assert_mirrors(main_config()[section], SECTIONS[section])


def test_the_plain_values_of_the_main_configuration_are_the_defaults():
    config = main_config()
    for field in dataclasses.fields(Settings):
        if field.default is not dataclasses.MISSING:
            assert config[field.name] == field.default, field.name


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.group in SECTIONS],
    ids=lambda option: f"{option.group}={option.name}",
)
def test_options_of_a_stage_fit_its_dataclass(option):
    values = {
        key: value
        for key, value in option_values(load_plugins([]), option.group, option.name).items()
        if key != "name"
    }
    build_options(SECTIONS[option.group], values, option.group)


@pytest.mark.parametrize(("group", "name"), [("energy", "oh2017"), ("stabilise", "auto")])
def test_the_default_option_of_a_stage_is_its_dataclass(group, name):
    (option,) = [one for one in OPTIONS if (one.group, one.name) == (group, name)]
    values = {
        key: value
        for key, value in option_values(load_plugins([]), option.group, option.name).items()
        if key != "name"
    }
    assert_mirrors(values, SECTIONS[group])


def test_the_energy_preset_in_yaml_is_the_one_in_python():
    from cinekit.energy import PRESETS, EnergyOptions

    files = {
        one.name: option_values(load_plugins([]), "energy", one.name)
        for one in OPTIONS
        if one.group == "energy"
    }
    assert set(files) == set(PRESETS)
    for name, values in files.items():
        values.pop("name")
        assert build_options(EnergyOptions, values, "energy") == PRESETS[name]
