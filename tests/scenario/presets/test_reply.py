"""Every preset of a reply can be used as it stands."""

from __future__ import annotations

import pytest

from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.files.loader import dump_data, load_data
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.presets.preset import Preset
from fakefal.scenario.presets.reply import REPLY_PRESETS

each = pytest.mark.parametrize("preset", REPLY_PRESETS, ids=lambda preset: preset.name)


@each
def test_it_is_a_reply_like_any_other(preset: Preset) -> None:
    assert preset.part == "reply"
    written = Reply.model_validate(preset.data)
    assert Reply.model_validate({"preset": preset.name}).with_presets() == written
    assert compile_reply(written) != CompiledReply()


@each
def test_a_scenario_with_it_loads_and_keeps_its_name(preset: Preset) -> None:
    data = {"fakefal": 1, "exchanges": [{"reply": {"preset": [preset.name]}}]}
    assert dump_data(load_data(data).scenario) == data


@each
def test_it_says_what_it_does_and_how_sure_that_is(preset: Preset) -> None:
    assert preset.description
    assert preset.source.startswith("docs/reference/")
    assert preset.grade in ("documented", "client", "recorded", "inferred", "unreal")
