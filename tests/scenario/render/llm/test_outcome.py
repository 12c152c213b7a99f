"""How calls of openrouter/router and its OpenAI-compatible endpoints end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.compiled.prices import build_price_list
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.templates.templates import TemplateError
from tests.scenario.speeches import CHAT, RESPONSES, ROUTER, llm_input, outcome_of

WORDED = [ROUTER, CHAT, RESPONSES]


def said(body: dict[str, Any]) -> str:
    """The text of an answer in any of the forms."""
    if "choices" in body:
        return str(body["choices"][0]["message"]["content"])
    if body.get("object") == "response":
        parts = [it for it in body["output"] if it["type"] == "message"]
        return str(parts[0]["content"][0]["text"])
    return str(body["output"])


def body_of(reply: dict[str, Any], endpoint: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = outcome_of(reply, llm_input(endpoint, **more), endpoint).outcome.body
    return found


@pytest.mark.parametrize("endpoint", WORDED)
def test_a_text_is_told_in_every_form(endpoint: str) -> None:
    assert said(body_of({"text": "Ship it."}, endpoint)) == "Ship it."


@pytest.mark.parametrize("endpoint", WORDED)
def test_a_template_reads_the_prompt_in_every_form(endpoint: str) -> None:
    reply = {"text": "You said {{ input.prompt }} to {{ input.model }}"}
    assert said(body_of(reply, endpoint)) == "You said hi to openai/gpt-4o"


@pytest.mark.parametrize("endpoint", WORDED)
def test_nothing_scripted_is_generated_the_same_in_every_form(endpoint: str) -> None:
    text = said(body_of({}, endpoint))
    assert text == said(body_of({}, ROUTER))
    assert text != said(body_of({}, endpoint, prompt="else"))


@pytest.mark.parametrize("endpoint", WORDED)
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
def test_an_output_in_one_form_is_told_in_the_others(endpoint: str, output: Any) -> None:
    body = body_of({"output": output}, endpoint)
    assert said(body) == "Kept."
    own = {ROUTER: "partial", CHAT: "choices", RESPONSES: "object"}[endpoint]
    if own in output and (endpoint != RESPONSES or output["object"] == "response"):
        assert body == output


@pytest.mark.parametrize("endpoint", [CHAT, RESPONSES])
@pytest.mark.parametrize("output", [{"city": "Paris"}, [1, 2], 5, None])
def test_other_json_is_what_the_model_says(endpoint: str, output: Any) -> None:
    assert json.loads(said(body_of({"output": output}, endpoint))) == output


def test_the_routers_output_is_its_whole_answer() -> None:
    assert body_of({"output": {"city": "Paris"}}, ROUTER) == {"city": "Paris"}


def test_reasoning_is_shown_to_who_asks_the_router() -> None:
    reply = {"text": "x", "reasoning": "so"}
    assert body_of(reply, ROUTER)["reasoning"] is None
    assert body_of(reply, ROUTER, reasoning=True)["reasoning"] == "so"
    assert body_of({"text": "x"}, ROUTER, reasoning=True)["reasoning"].endswith(".")


def test_reasoning_is_shown_to_all_of_openais_callers_who_do_not_refuse() -> None:
    reply = {"text": "x", "reasoning": "so"}
    message = body_of(reply, CHAT)["choices"][0]["message"]
    assert message["reasoning"] == "so"
    refused = body_of(reply, CHAT, reasoning={"exclude": True})["choices"][0]["message"]
    assert "reasoning" not in refused
    assert "reasoning" not in body_of({"text": "x"}, CHAT)["choices"][0]["message"]
    made = body_of({"text": "x"}, RESPONSES, reasoning={"effort": "low"})
    assert [it["type"] for it in made["output"]] == ["reasoning", "message"]


def test_tool_calls_are_told_by_openais_endpoints_alone() -> None:
    reply = {"tool_calls": [{"name": "now", "arguments": {"a": "{{ input.prompt }}"}}]}
    message = body_of(reply, CHAT)["choices"][0]
    assert message["message"]["tool_calls"][0]["function"]["arguments"] == '{"a":"hi"}'
    assert message["finish_reason"] == "tool_calls"
    assert body_of(reply, RESPONSES)["output"][0]["call_id"] == "call_019b770"
    assert body_of(reply, ROUTER)["output"] == ""


def test_arguments_that_are_text_are_sent_as_they_are() -> None:
    reply = {"tool_calls": {"name": "now", "arguments": '{"broken', "id": "call_x"}}
    call = body_of(reply, CHAT)["choices"][0]["message"]["tool_calls"][0]
    assert (call["id"], call["function"]["arguments"]) == ("call_x", '{"broken')


def test_a_demanded_tool_is_called_if_nothing_is_scripted() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "find", "parameters": parameters}}]
    body = body_of({}, CHAT, tools=tools, tool_choice="required")
    call = body["choices"][0]["message"]["tool_calls"][0]["function"]
    assert call["name"] == "find"
    assert isinstance(json.loads(call["arguments"])["city"], str)
    scripted = body_of({"text": "no"}, CHAT, tools=tools, tool_choice="required")
    assert said(scripted) == "no"


def test_json_is_generated_where_it_is_asked_for() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wish = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert isinstance(json.loads(said(body_of({}, CHAT, response_format=wish)))["n"], int)
    wish = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    assert isinstance(json.loads(said(body_of({}, RESPONSES, text=wish)))["n"], int)


def test_choices_are_as_many_as_asked_for() -> None:
    body = body_of({}, CHAT, n=3)
    assert len({it["message"]["content"] for it in body["choices"]}) == 3
    assert body["usage"]["completion_tokens"] > 3


@pytest.mark.parametrize("endpoint", WORDED)
def test_a_soft_error_is_a_200(endpoint: str) -> None:
    ending = outcome_of({"error": "no"}, llm_input(endpoint), endpoint)
    assert ending.outcome.status == 200
    assert "no" in json.dumps(ending.outcome.body["error"])


def test_a_finish_reason_is_told_as_scripted() -> None:
    reply = {"text": "x", "finish_reason": "length"}
    assert body_of(reply, CHAT)["choices"][0]["finish_reason"] == "length"
    assert body_of(reply, RESPONSES)["status"] == "incomplete"


@pytest.mark.parametrize("endpoint", WORDED)
def test_the_cost_follows_from_the_texts_and_the_prices(endpoint: str) -> None:
    terms = EffectiveSettings(prices=build_price_list({"openai/*": {"input": 1e6, "output": 2e6}}))
    ending = outcome_of({"text": "Ship it."}, llm_input(endpoint), endpoint, terms)
    assert ending.cost == 1 + 2 * 3
    assert ending.outcome.body["usage"]["cost"] == 7


@pytest.mark.parametrize("endpoint", WORDED)
def test_fields_and_headers_are_scripted_in_every_form(endpoint: str) -> None:
    reply = {"text": "x", "omit": ["usage"], "headers": {"x-model": "{{ input.model }}"}}
    outcome = outcome_of(reply, llm_input(endpoint), endpoint).outcome
    assert "usage" not in outcome.body
    assert outcome.headers == (("x-model", "openai/gpt-4o"),)


@pytest.mark.parametrize("endpoint", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    ("fail", "told"),
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
def test_a_failure_has_the_shape_of_whose_it_is(endpoint: str, fail: Any, told: str) -> None:
    assert told in outcome_of({"fail": fail}, llm_input(endpoint), endpoint).outcome.body


def test_all_failures_can_be_in_fals_shape() -> None:
    terms = EffectiveSettings(flags=replace(CompatFlags(), openai_errors="detail"))
    outcome = outcome_of({"fail": "internal_server_error"}, llm_input(CHAT), CHAT, terms).outcome
    assert "detail" in outcome.body


def test_the_routers_failures_are_in_fals_shape() -> None:
    outcome = outcome_of({"fail": "internal_server_error"}, llm_input(ROUTER), ROUTER).outcome
    assert "detail" in outcome.body


def test_a_template_that_fails_is_told() -> None:
    with pytest.raises(TemplateError):
        outcome_of({"text": "{{ input.none }}"}, llm_input(CHAT), CHAT)


@pytest.mark.parametrize("body", [None, [], {}, {"messages": 5}, {"input": [5, {"role": 1}]}])
@pytest.mark.parametrize("endpoint", WORDED)
def test_an_odd_input_that_is_let_through_is_answered(endpoint: str, body: Any) -> None:
    assert outcome_of({"text": "x"}, body, endpoint).outcome.status == 200
