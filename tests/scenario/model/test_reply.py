"""Validation of ``reply``, alone and with presets."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.model.reply import Reply
from tests.scenario.error_types import error_types


@pytest.mark.parametrize(
    "data",
    [
        {"text": "a", "output": 1},
        {"text": "a", "output": None},
        {"text": "a", "fail": "bad_key"},
        {"reasoning": "a", "output": 1},
        {"error": "a", "fail": "bad_key"},
        {"output": 1, "fail": "bad_key"},
    ],
)
def test_outcomes_cannot_be_combined(data: Any) -> None:
    assert error_types(Reply, data) == ["conflict"]


@pytest.mark.parametrize(
    "data",
    [
        {"text": "a", "reasoning": "b", "error": "c"},
        {"reasoning": "b"},
        {"output": None},
        {},
    ],
)
def test_valid_outcomes(data: Any) -> None:
    assert Reply.model_validate(data).model_dump(exclude_unset=True) == data


def test_a_number_is_not_a_text() -> None:
    assert len(error_types(Reply, {"text": 5})) == 1


def expanded(**data: Any) -> dict[str, Any]:
    """A reply with its presets replaced by their fields, as plain data."""
    reply = Reply.model_validate(data).with_presets()
    return reply.model_dump(by_alias=True, exclude_unset=True)


def test_a_later_preset_overrides_an_earlier_one() -> None:
    assert expanded(preset=["stuck-in-queue", "no-waiting"]) == {"timeline": []}


def test_the_fields_of_a_reply_override_its_presets() -> None:
    data = expanded(preset="back-to-queue", retries=3, text="x")
    assert data["retries"]["times"] == 3
    assert data["text"] == "x"


@pytest.mark.parametrize(
    "own", [{"text": "x"}, {"output": {"a": 1}}, {"fail": "bad_key"}, {"error": "no"}]
)
def test_the_outcome_of_a_reply_replaces_that_of_its_presets(own: dict[str, Any]) -> None:
    assert expanded(preset=["billed-refusal", "soft-error"], **own) == {"billable_units": 1, **own}


def test_reasoning_is_added_to_the_outcome_of_a_preset() -> None:
    assert expanded(preset="soft-error", reasoning="so") == {
        "error": "upstream said no",
        "reasoning": "so",
    }


def test_the_outcome_of_a_later_preset_replaces_an_earlier_one() -> None:
    assert expanded(preset=["billed-refusal", "soft-error"]) == {
        "billable_units": 1,
        "error": "upstream said no",
    }
    assert expanded(preset=["soft-error", "unknown-key"]) == {"fail": "unknown-key"}


def test_a_preset_may_be_written_with_underscores() -> None:
    assert expanded(preset="stuck_in_queue") == expanded(preset="stuck-in-queue")


def test_fields_must_be_valid_together_with_the_presets() -> None:
    assert error_types(Reply, {"preset": "files-expired", "text": "x"}) == ["media_alone"]
