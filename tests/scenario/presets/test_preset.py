"""What a preset is."""

from __future__ import annotations

from fakefal.scenario.presets.preset import Preset, for_faults, for_reply, for_scenario


def test_a_preset_says_where_it_may_stand() -> None:
    assert for_reply("a", "b", "inferred", "c", text="x") == Preset(
        "a", "reply", "b", {"text": "x"}, "inferred", "c"
    )
    assert for_scenario("a", "b", "unreal", "c", account="bad-key").part == "scenario"


def test_faults_by_operation_are_a_preset_of_a_reply() -> None:
    preset = for_faults("a", "b", "client", "c", submit=["reset"], run=["500"])
    assert (preset.part, preset.data) == (
        "reply",
        {"faults": {"submit": ["reset"], "run": ["500"]}},
    )
