"""Every preset of a scenario can be used as it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.settings import effective_settings
from fakefal.scenario.files.loader import load_data
from fakefal.scenario.presets.preset import Preset
from fakefal.scenario.presets.scenario import SCENARIO_PRESETS


def terms(**data: object) -> EffectiveSettings:
    return effective_settings([load_data({"fakefal": 1, **data})], 0, None, CompatFlags())


@pytest.mark.parametrize("preset", SCENARIO_PRESETS, ids=lambda preset: preset.name)
def test_it_is_circumstances_like_any_other(preset: Preset) -> None:
    assert preset.part == "scenario"
    named, written = terms(preset=preset.name), terms(**preset.data)
    assert replace(named, raw={}) == replace(written, raw={})
    assert replace(named, raw={}) != replace(terms(), raw={})
    assert preset.description
    assert preset.source.startswith("docs/reference/")
