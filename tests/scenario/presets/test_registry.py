"""Finding presets, and putting several together."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.presets.registry import (
    PRESETS,
    merge,
    merged_presets,
    preset_names,
    reply_preset_names,
)
from fakefal.scenario.presets.reply import REPLY_PRESETS
from fakefal.scenario.presets.scenario import SCENARIO_PRESETS


def test_every_name_stands_once_and_is_no_error_of_the_catalogue() -> None:
    assert len(PRESETS) == len(REPLY_PRESETS) + len(SCENARIO_PRESETS)
    assert not {name.replace("-", "_") for name in PRESETS} & set(CATALOG)


@pytest.mark.parametrize("name", sorted(set(PRESETS) & set(FAULT_DESCRIPTIONS)))
def test_a_name_that_is_a_fault_too_does_the_same(name: str) -> None:
    faults = PRESETS[name].data["faults"]
    assert set(map(str, *faults.values())) == {name}


def test_each_part_has_its_own() -> None:
    assert {*preset_names("reply"), *preset_names("scenario")} == set(PRESETS)
    assert "stuck-in-queue" in preset_names("reply")
    assert "account-locked" in preset_names("scenario")


def test_every_error_of_the_catalogue_is_a_preset_of_a_reply() -> None:
    assert {name.replace("_", "-") for name in CATALOG} <= set(reply_preset_names())
    assert merged_presets(["runner-disconnected"]) == {"fail": "runner-disconnected"}


@pytest.mark.parametrize(
    ("data", "more", "both"),
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
def test_mappings_are_merged_and_all_else_is_replaced(
    data: dict[str, Any], more: dict[str, Any], both: dict[str, Any]
) -> None:
    merge(data, more)
    assert data == both


def test_merging_leaves_the_presets_as_they_are() -> None:
    before = str(PRESETS["submit-502-twice"].data)
    data = merged_presets(["submit-502-twice", "status-500-twice"])
    merge(data, {"faults": {"submit": ["reset"]}})
    assert data["faults"] == {
        "submit": ["reset"],
        "run": ["nginx-502 x2"],
        "status": ["500 x2"],
    }
    assert str(PRESETS["submit-502-twice"].data) == before


def reply(**data: Any) -> dict[str, Any]:
    return Reply.model_validate(data).with_presets().model_dump(by_alias=True, exclude_unset=True)


def test_of_several_presets_the_later_goes_before_the_earlier() -> None:
    assert reply(preset=["stuck-in-queue", "no-waiting"]) == {"timeline": []}


def test_what_a_reply_says_itself_goes_before_its_presets() -> None:
    told = reply(preset="back-to-queue", retries=3, text="x")
    assert told["retries"]["times"] == 3
    assert told["text"] == "x"


@pytest.mark.parametrize(
    "own", [{"text": "x"}, {"output": {"a": 1}}, {"fail": "bad_key"}, {"error": "no"}]
)
def test_an_outcome_of_its_own_takes_the_place_of_the_presets(own: dict[str, Any]) -> None:
    assert reply(preset=["billed-refusal", "soft-error"], **own) == {"billable_units": 1, **own}


def test_of_presets_whose_outcomes_differ_the_last_is_taken() -> None:
    assert reply(preset=["billed-refusal", "soft-error"]) == {
        "billable_units": 1,
        "error": "upstream said no",
    }
    assert reply(preset=["soft-error", "unknown-key"]) == {"fail": "unknown-key"}


def test_a_name_may_be_written_with_either_line() -> None:
    assert reply(preset="stuck_in_queue") == reply(preset="stuck-in-queue")
