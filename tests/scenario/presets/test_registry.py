"""Names of presets, and how several are merged."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS
from fakefal.scenario.presets.registry import (
    PRESETS,
    merge,
    merged_presets,
    preset_names,
    reply_preset_names,
)
from fakefal.scenario.presets.reply import REPLY_PRESETS
from fakefal.scenario.presets.scenario import SCENARIO_PRESETS


def test_names_are_unique_and_not_those_of_errors() -> None:
    assert len(PRESETS) == len(REPLY_PRESETS) + len(SCENARIO_PRESETS)
    assert not {name.replace("-", "_") for name in PRESETS} & set(CATALOG)


def test_a_preset_with_the_name_of_a_fault_is_that_fault() -> None:
    names = sorted(set(PRESETS) & set(FAULT_DESCRIPTIONS))
    assert names
    for name in names:
        faults = PRESETS[name].data["faults"]
        assert set(map(str, *faults.values())) == {name}


def test_each_part_has_its_own_presets() -> None:
    assert {*preset_names("reply"), *preset_names("scenario")} == set(PRESETS)
    assert "stuck-in-queue" in preset_names("reply")
    assert "account-locked" in preset_names("scenario")


def test_every_error_of_the_catalogue_is_a_preset_of_a_reply() -> None:
    assert {name.replace("_", "-") for name in CATALOG} <= set(reply_preset_names())
    assert merged_presets(["runner-disconnected"]) == {"fail": "runner-disconnected"}


@pytest.mark.parametrize(
    ("data", "updates", "merged"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a": [3]}, {"a": [3]}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
    ],
)
def test_mappings_are_merged_and_other_values_replaced(
    data: dict[str, Any], updates: dict[str, Any], merged: dict[str, Any]
) -> None:
    merge(data, updates)
    assert data == merged


def test_merging_does_not_change_the_presets() -> None:
    before = str(PRESETS["submit-502-twice"].data)
    data = merged_presets(["submit-502-twice", "status-500-twice"])
    merge(data, {"faults": {"submit": ["reset"]}})
    assert data["faults"] == {
        "submit": ["reset"],
        "run": ["nginx-502 x2"],
        "status": ["500 x2"],
    }
    assert str(PRESETS["submit-502-twice"].data) == before
