"""Validation of ``tool_calls``, ``finish_reason``, ``usage`` and ``prices``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.scenario import Scenario
from tests.scenario.error_types import error_types


def test_a_single_tool_call_needs_no_list() -> None:
    one = Reply.model_validate({"tool_calls": {"name": "now"}})
    assert one == Reply.model_validate({"tool_calls": [{"name": "now"}]})


@pytest.mark.parametrize(
    ("reply", "errors"),
    [
        ({"tool_calls": []}, ["too_short"]),
        ({"tool_calls": [{"name": ""}]}, ["string_too_short"]),
        ({"tool_calls": [{}]}, ["missing"]),
        ({"tool_calls": [{"name": "a"}], "output": 1}, ["conflict"]),
        ({"tool_calls": [{"name": "a"}], "fail": "gpu_error"}, ["conflict"]),
        ({"finish_reason": "tired"}, ["literal_error"]),
        ({"usage": {"prompt_tokens": -1}}, ["greater_than_equal"]),
        ({"usage": {"tokens": 1}}, ["extra_forbidden"]),
    ],
)
def test_invalid_fields_are_rejected(reply: dict[str, Any], errors: list[str]) -> None:
    assert error_types(Reply, reply) == errors


def test_prices_are_for_a_million_tokens() -> None:
    scenario = Scenario.model_validate({"fakefal": 1, "prices": {"acme/*": {"input": 1}}})
    assert scenario.prices is not None
    assert (scenario.prices["acme/*"].input, scenario.prices["acme/*"].output) == (1, 0)
    assert error_types(Scenario, {"fakefal": 1, "prices": {"a": {"input": -1}}}) == [
        "greater_than_equal"
    ]
