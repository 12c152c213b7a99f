"""Outcomes of openrouter/router and its OpenAI-compatible endpoints."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.compiled.prices import build_price_list
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.templates.templates import TemplateError
from tests.scenario.llm_calls import CHAT, RESPONSES, ROUTER, llm_input, outcome_of

ENDPOINTS = [ROUTER, CHAT, RESPONSES]


def text_of(body: dict[str, Any]) -> str:
    """The text of an output in any of the formats."""
    if "choices" in body:
        return str(body["choices"][0]["message"]["content"])
    if body.get("object") == "response":
        parts = [item for item in body["output"] if item["type"] == "message"]
        return str(parts[0]["content"][0]["text"])
    return str(body["output"])


def body_of(reply: dict[str, Any], endpoint: str, **fields: Any) -> dict[str, Any]:
    rendered = outcome_of(reply, llm_input(endpoint, **fields), endpoint)
    body: dict[str, Any] = rendered.outcome.body
    return body


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_text_is_returned_in_every_format(endpoint: str) -> None:
    assert text_of(body_of({"text": "Ship it."}, endpoint)) == "Ship it."


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_template_reads_the_prompt_in_every_format(endpoint: str) -> None:
    reply = {"text": "You said {{ input.prompt }} to {{ input.model }}"}
    assert text_of(body_of(reply, endpoint)) == "You said hi to openai/gpt-4o"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_generated_text_is_the_same_in_every_format(endpoint: str) -> None:
    text = text_of(body_of({}, endpoint))
    assert text == text_of(body_of({}, ROUTER))
    assert text != text_of(body_of({}, endpoint, prompt="else"))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "output",
    [
        {"choices": [{"message": {"role": "assistant", "content": "Kept."}}]},
        {
            "object": "response",
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "Kept."}]}],
        },
        {"output": "Kept.", "partial": False},
    ],
    ids=["chat", "responses", "any-llm"],
)
def test_an_output_in_one_format_is_converted_to_the_others(endpoint: str, output: Any) -> None:
    body = body_of({"output": output}, endpoint)
    assert text_of(body) == "Kept."
    own = {ROUTER: "partial", CHAT: "choices", RESPONSES: "object"}[endpoint]
    if own in output and (endpoint != RESPONSES or output["object"] == "response"):
        assert body == output


@pytest.mark.parametrize("endpoint", [CHAT, RESPONSES])
@pytest.mark.parametrize("output", [{"city": "Paris"}, [1, 2], 5, None])
def test_other_json_is_the_text_of_the_model(endpoint: str, output: Any) -> None:
    assert json.loads(text_of(body_of({"output": output}, endpoint))) == output


def test_the_routers_output_is_its_complete_body() -> None:
    assert body_of({"output": {"city": "Paris"}}, ROUTER) == {"city": "Paris"}


def test_the_router_returns_reasoning_on_request() -> None:
    reply = {"text": "x", "reasoning": "so"}
    assert body_of(reply, ROUTER)["reasoning"] is None
    assert body_of(reply, ROUTER, reasoning=True)["reasoning"] == "so"
    assert body_of({"text": "x"}, ROUTER, reasoning=True)["reasoning"].endswith(".")


def test_openais_endpoints_return_reasoning_unless_it_is_excluded() -> None:
    reply = {"text": "x", "reasoning": "so"}
    message = body_of(reply, CHAT)["choices"][0]["message"]
    assert message["reasoning"] == "so"
    excluded = body_of(reply, CHAT, reasoning={"exclude": True})["choices"][0]["message"]
    assert "reasoning" not in excluded
    assert "reasoning" not in body_of({"text": "x"}, CHAT)["choices"][0]["message"]
    generated = body_of({"text": "x"}, RESPONSES, reasoning={"effort": "low"})
    assert [item["type"] for item in generated["output"]] == ["reasoning", "message"]


def test_only_openais_endpoints_return_tool_calls() -> None:
    reply = {"tool_calls": [{"name": "now", "arguments": {"a": "{{ input.prompt }}"}}]}
    message = body_of(reply, CHAT)["choices"][0]
    assert message["message"]["tool_calls"][0]["function"]["arguments"] == '{"a":"hi"}'
    assert message["finish_reason"] == "tool_calls"
    assert body_of(reply, RESPONSES)["output"][0]["call_id"] == "call_019b770"
    assert body_of(reply, ROUTER)["output"] == ""


def test_arguments_that_are_text_are_sent_unchanged() -> None:
    reply = {"tool_calls": {"name": "now", "arguments": '{"broken', "id": "call_x"}}
    call = body_of(reply, CHAT)["choices"][0]["message"]["tool_calls"][0]
    assert (call["id"], call["function"]["arguments"]) == ("call_x", '{"broken')


def test_a_required_tool_is_called_if_nothing_is_scripted() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "find", "parameters": parameters}}]
    body = body_of({}, CHAT, tools=tools, tool_choice="required")
    call = body["choices"][0]["message"]["tool_calls"][0]["function"]
    assert call["name"] == "find"
    assert isinstance(json.loads(call["arguments"])["city"], str)
    scripted = body_of({"text": "no"}, CHAT, tools=tools, tool_choice="required")
    assert text_of(scripted) == "no"


def test_json_is_generated_on_request() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    chat_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert isinstance(json.loads(text_of(body_of({}, CHAT, response_format=chat_format)))["n"], int)
    text_format = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    assert isinstance(json.loads(text_of(body_of({}, RESPONSES, text=text_format)))["n"], int)


def test_there_are_as_many_choices_as_requested() -> None:
    body = body_of({}, CHAT, n=3)
    assert len({choice["message"]["content"] for choice in body["choices"]}) == 3
    assert body["usage"]["completion_tokens"] > 3


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_soft_error_is_a_200(endpoint: str) -> None:
    rendered = outcome_of({"error": "no"}, llm_input(endpoint), endpoint)
    assert rendered.outcome.status == 200
    assert "no" in json.dumps(rendered.outcome.body["error"])


def test_a_finish_reason_can_be_scripted() -> None:
    reply = {"text": "x", "finish_reason": "length"}
    assert body_of(reply, CHAT)["choices"][0]["finish_reason"] == "length"
    assert body_of(reply, RESPONSES)["status"] == "incomplete"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_cost_follows_from_the_texts_and_the_prices(endpoint: str) -> None:
    settings = EffectiveSettings(
        prices=build_price_list({"openai/*": {"input": 1e6, "output": 2e6}})
    )
    rendered = outcome_of({"text": "Ship it."}, llm_input(endpoint), endpoint, settings)
    assert rendered.cost == 1 + 2 * 3
    assert rendered.outcome.body["usage"]["cost"] == 7


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_fields_and_headers_are_scripted_in_every_format(endpoint: str) -> None:
    reply = {"text": "x", "omit_fields": ["usage"], "headers": {"x-model": "{{ input.model }}"}}
    outcome = outcome_of(reply, llm_input(endpoint), endpoint).outcome
    assert "usage" not in outcome.body
    assert outcome.headers == (("x-model", "openai/gpt-4o"),)


@pytest.mark.parametrize("endpoint", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    ("fail", "field"),
    [
        ("internal_server_error", "error"),
        ({"type": "content_policy_violation"}, "error"),
        ({"status": 429}, "error"),
        ({"status": 429, "body": {"detail": "as written"}}, "detail"),
        ("runner_disconnected", "detail"),
        ("exhausted_balance", "detail"),
        ({"error_type": "runner_server_error"}, "detail"),
    ],
    ids=str,
)
def test_a_failure_has_the_format_of_its_origin(endpoint: str, fail: Any, field: str) -> None:
    assert field in outcome_of({"fail": fail}, llm_input(endpoint), endpoint).outcome.body


def test_all_failures_can_be_in_fals_format() -> None:
    settings = EffectiveSettings(flags=replace(CompatFlags(), openai_errors="detail"))
    outcome = outcome_of({"fail": "internal_server_error"}, llm_input(CHAT), CHAT, settings).outcome
    assert "detail" in outcome.body


def test_the_routers_failures_are_in_fals_format() -> None:
    outcome = outcome_of({"fail": "internal_server_error"}, llm_input(ROUTER), ROUTER).outcome
    assert "detail" in outcome.body


def test_a_template_error_is_raised() -> None:
    with pytest.raises(TemplateError):
        outcome_of({"text": "{{ input.none }}"}, llm_input(CHAT), CHAT)


@pytest.mark.parametrize("body", [None, [], {}, {"messages": 5}, {"input": [5, {"role": 1}]}])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_invalid_input_that_is_not_validated_has_an_outcome(endpoint: str, body: Any) -> None:
    assert outcome_of({"text": "x"}, body, endpoint).outcome.status == 200
