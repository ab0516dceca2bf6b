"""Options say what they expect, and the yaml presets are the classes' defaults."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files

import pytest
from omegaconf import OmegaConf

from cinekit.energy import PRESETS, EnergyOptions, GammaSpatial, WorkingOptions
from cinekit.errors import ConfigError


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_yaml_preset_names_every_field_with_its_value(name: str) -> None:
    text = files("cinekit.conf").joinpath("energy", f"{name}.yaml").read_text("utf-8")
    values = OmegaConf.to_container(OmegaConf.create(text))
    assert isinstance(values, dict)
    assert values.pop("name") == name
    assert values == asdict(PRESETS[name])


def test_every_yaml_of_the_group_is_a_preset() -> None:
    folder = files("cinekit.conf").joinpath("energy")
    assert {f.name for f in folder.iterdir() if f.name.endswith(".yaml")} == {
        f"{name}.yaml" for name in PRESETS
    }


def test_oh2017_is_the_default() -> None:
    assert PRESETS["oh2017"] == EnergyOptions()


def test_liao2013_uses_no_semantics() -> None:
    preset = PRESETS["liao2013"]
    assert preset.semantic_weight == 0
    assert preset.gamma_spatial is GammaSpatial.TEMPORAL
    assert preset.lambda_temporal == preset.lambda_temporal_other == 400
    assert not preset.use_regions


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"semantic_weight": 1.5}, r"semantic_weight: expected a value in \[0, 1\], received 1.5"),
        ({"semantic_weight": float("nan")}, "semantic_weight"),
        ({"spatial_weight": -1.0}, "spatial_weight: expected a value >= 0"),
        ({"min_period": 1}, "min_period: expected a value >= 2"),
        ({"period_step": 0}, "period_step: expected a value >= 1"),
        ({"still_frames": 0}, "still_frames: expected a value >= 1"),
        ({"static_sigma_time": 0.0}, "static_sigma_time: expected a value > 0"),
        ({"rigid_weight": 0.5}, "rigid_weight: expected a value >= 1"),
    ],
)
def test_a_wrong_energy_option_is_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EnergyOptions(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scale": 0.0}, r"scale: expected a value in \(0, 1\]"),
        ({"scale": 1.1}, r"scale: expected a value in \(0, 1\]"),
        ({"every": 0}, "every: expected a value >= 1"),
        ({"response_median": 4}, "response_median: expected an odd number >= 1, received 4"),
        ({"dead_band": 2.0}, r"dead_band: expected a value in \[0, 1\]"),
    ],
)
def test_a_wrong_working_option_is_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        WorkingOptions(**wrong)  # type: ignore[arg-type]
