"""Every preset of a scenario can be used as it is."""

from __future__ import annotations

from dataclasses import replace

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.settings import effective_settings
from fakefal.scenario.files.loader import load_data
from fakefal.scenario.presets.scenario import SCENARIO_PRESETS


def settings(**data: object) -> EffectiveSettings:
    """Effective settings without the raw data, which names the presets."""
    scenario = load_data({"fakefal": 1, **data})
    return replace(effective_settings([scenario], 0, None, CompatFlags()), raw={})


def test_every_preset_equals_its_fields_and_changes_the_settings() -> None:
    for preset in SCENARIO_PRESETS:
        assert settings(preset=preset.name) == settings(**preset.data), preset.name
        assert settings(preset=preset.name) != settings(), preset.name


def test_every_preset_has_a_description_and_a_source() -> None:
    incomplete = [
        preset.name
        for preset in SCENARIO_PRESETS
        if not preset.description
        or preset.part != "scenario"
        or not preset.source.startswith("docs/reference/")
    ]
    assert incomplete == []
