"""Every preset of a reply can be used as it is."""

from __future__ import annotations

from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.files.loader import dump_data, load_data
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.presets.reply import REPLY_PRESETS

GRADES = ("documented", "client", "recorded", "inferred", "unreal")


def test_every_preset_equals_its_fields_and_changes_the_reply() -> None:
    for preset in REPLY_PRESETS:
        reply = Reply.model_validate(preset.data)
        named = Reply.model_validate({"preset": preset.name})
        assert named.with_presets() == reply, preset.name
        assert compile_reply(reply) != CompiledReply(), preset.name


def test_a_scenario_keeps_the_names_of_its_presets() -> None:
    for preset in REPLY_PRESETS:
        data = {"fakefal": 1, "exchanges": [{"reply": {"preset": [preset.name]}}]}
        assert dump_data(load_data(data).scenario) == data


def test_every_preset_has_a_description_a_grade_and_a_source() -> None:
    incomplete = [
        preset.name
        for preset in REPLY_PRESETS
        if not preset.description
        or preset.part != "reply"
        or preset.grade not in GRADES
        or not preset.source.startswith("docs/reference/")
    ]
    assert incomplete == []
