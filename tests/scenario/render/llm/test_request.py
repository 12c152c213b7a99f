"""Options of an LLM input."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.render.llm.request import (
    ANY_JSON,
    RequiredTool,
    is_reasoning_requested,
    requested_choices,
    requested_schema,
    required_tool,
)

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
NESTED = {"type": "function", "function": {"name": "now", "parameters": SCHEMA}}
FLAT = {"type": "function", "name": "now", "parameters": SCHEMA}


@pytest.mark.parametrize(
    ("n", "count"), [(None, 1), (3, 3), (10**9, 128), (0, 1), (True, 1), ("x", 1)]
)
def test_a_chat_may_request_several_choices(n: Any, count: int) -> None:
    assert requested_choices("chat", {"n": n}) == count
    assert requested_choices("responses", {"n": n}) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, None),
        ({"reasoning": {"effort": "low"}}, True),
        ({"reasoning": {"effort": "none"}}, None),
        ({"reasoning": {"exclude": True}}, False),
        ({"reasoning": {"enabled": False}}, False),
        ({"reasoning": {}}, None),
        ({"include_reasoning": True}, True),
        ({"include_reasoning": False, "reasoning": {"effort": "low"}}, False),
        ({"reasoning_effort": "high"}, True),
        ({"reasoning_effort": "none"}, None),
    ],
)
def test_reasoning_is_requested_in_several_ways(body: Any, expected: bool | None) -> None:
    assert is_reasoning_requested("chat", body) is expected


@pytest.mark.parametrize(
    ("llm_api", "body", "schema"),
    [
        ("chat", {}, None),
        ("chat", {"response_format": {"type": "text"}}, None),
        ("chat", {"response_format": {"type": "json_object"}}, ANY_JSON),
        (
            "chat",
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
            SCHEMA,
        ),
        ("chat", {"response_format": {"type": "json_schema"}}, ANY_JSON),
        ("responses", {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}}, SCHEMA),
        ("responses", {"text": {"format": {"type": "json_object"}}}, ANY_JSON),
        ("responses", {"response_format": {"type": "json_object"}}, None),
        ("responses", {"text": "x"}, None),
    ],
)
def test_json_is_requested_by_a_format(llm_api: Any, body: Any, schema: Any) -> None:
    assert requested_schema(llm_api, body) == schema


@pytest.mark.parametrize("tool", [NESTED, FLAT])
def test_a_tool_is_required_by_name_or_in_general(tool: Any) -> None:
    expected = RequiredTool("now", SCHEMA)
    by_name = {"type": "function", "function": {"name": "now"}}
    assert required_tool({"tools": [tool], "tool_choice": "required"}) == expected
    assert required_tool({"tools": [tool], "tool_choice": by_name}) == expected
    assert required_tool({"tools": [tool], "tool_choice": {"name": "now"}}) == expected


@pytest.mark.parametrize("choice", [None, "auto", "none", {}, {"type": "allowed_tools"}, 5])
def test_other_choices_require_no_tool(choice: Any) -> None:
    assert required_tool({"tools": [NESTED, 5, {}], "tool_choice": choice}) is None


def test_a_tool_that_is_not_offered_can_be_required() -> None:
    assert required_tool({"tool_choice": {"name": "then"}}) == RequiredTool("then", {})
    assert required_tool({"tool_choice": "required"}) is None
