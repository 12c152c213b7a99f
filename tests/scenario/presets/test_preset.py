"""What a preset consists of."""

from __future__ import annotations

from fakefal.scenario.presets.preset import (
    Preset,
    faults_preset,
    reply_preset,
    scenario_preset,
    situation,
)


def test_a_preset_has_a_part() -> None:
    assert reply_preset("a", "b", "inferred", "c", text="x") == Preset(
        "a", "reply", "b", {"text": "x"}, "inferred", "c"
    )
    assert scenario_preset("a", "b", "unreal", "c", account="bad-key").part == "scenario"


def test_faults_by_operation_are_a_preset_of_a_reply() -> None:
    preset = faults_preset("a", "b", "client", "c", submit=["reset"], run=["500"])
    assert (preset.part, preset.data) == (
        "reply",
        {"faults": {"submit": ["reset"], "run": ["500"]}},
    )


def test_a_situation_is_a_heading_of_a_document() -> None:
    assert situation("late-webhook") == "docs/reference/situations.md#late-webhook"
