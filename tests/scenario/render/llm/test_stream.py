"""Streams of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.llm_calls import CHAT, RESPONSES, ROUTER, events_of, llm_input, render


def deltas(events: list[Any]) -> list[str]:
    return [
        choice["delta"]["content"]
        for chunk in events
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    ]


def test_the_router_grows_and_ends_with_the_complete_output() -> None:
    rendered, events = render({"text": "Ship it."}, llm_input(ROUTER), ROUTER)
    assert [event["output"] for event in events] == ["Ship", "Ship it.", "Ship it."]
    assert [event["partial"] for event in events] == [True, True, False]
    assert events[-1] == rendered.outcome.body
    assert all("usage" not in event for event in events[:-1])


@pytest.mark.parametrize(
    ("stream", "pieces"),
    [
        ({}, ["Ship", " it."]),
        ({"by": "char"}, list("Ship it.")),
        ({"count": 4}, ["Sh", "ip", " i", "t."]),
        ({"chunks": ["Shi", "p it."]}, ["Shi", "p it."]),
    ],
)
def test_a_chat_is_split_like_any_stream(stream: dict[str, Any], pieces: list[str]) -> None:
    reply = {"text": "Ship it.", "reasoning": "So.", "stream": stream}
    assert deltas(events_of(reply, llm_input(CHAT), CHAT)) == pieces


def test_arguments_are_split_after_keys_and_values() -> None:
    reply = {"tool_calls": {"name": "f", "arguments": {"a": "b c", "d": [1, 2]}}}
    events = events_of(reply, llm_input(CHAT), CHAT)
    calls = [event["choices"][0]["delta"].get("tool_calls", [{}])[0] for event in events]
    pieces = [event["function"]["arguments"] for event in calls if event]
    assert "".join(pieces) == '{"a":"b c","d":[1,2]}'
    assert pieces[1:3] == ["{", '"a":']
    assert len(pieces) > 4


@pytest.mark.parametrize("endpoint", [ROUTER, CHAT, RESPONSES])
def test_a_stream_without_its_final_event(endpoint: str) -> None:
    complete = events_of({"text": "a b"}, llm_input(endpoint), endpoint)
    cut = events_of({"text": "a b", "stream": {"final": False}}, llm_input(endpoint), endpoint)
    assert cut == complete[:-1]


@pytest.mark.parametrize("endpoint", [ROUTER, CHAT, RESPONSES])
def test_a_stream_can_end_with_an_error(endpoint: str) -> None:
    stream = {"cut": {"after": 2, "how": "error", "error": "gone"}}
    events = events_of({"text": "a b c d", "stream": stream}, llm_input(endpoint), endpoint)
    assert len(events) == 3
    error = events[-1].get("error") or events[-1].get("message")
    assert error in ("gone", {"code": 502, "message": "gone"})


def test_listed_events_are_the_complete_stream_of_openais_endpoints() -> None:
    listed = [{"type": "response.created"}, {"type": "mine", "sequence_number": 9}]
    reply = {"text": "x", "stream": {"events": listed}}
    assert events_of(reply, llm_input(RESPONSES), RESPONSES) == [
        {"type": "response.created", "sequence_number": 0},
        {"type": "mine", "sequence_number": 9},
    ]


def test_the_routers_output_follows_listed_events() -> None:
    reply = {"text": "x", "stream": {"events": [{"n": 1}]}}
    rendered, events = render(reply, llm_input(ROUTER), ROUTER)
    assert events == [{"n": 1}, rendered.outcome.body]
    assert events_of({"stream": {"events": [{"n": 1}]}}, llm_input(ROUTER), ROUTER) == [{"n": 1}]


def test_omitted_fields_are_left_out_of_every_event() -> None:
    events = events_of({"text": "x", "omit_fields": ["usage"]}, llm_input(CHAT), CHAT)
    assert all("usage" not in event for event in events)


def test_a_literal_completion_is_streamed_by_its_content() -> None:
    output = {
        "choices": [{"message": {"content": "Kept it."}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 9},
    }
    events = events_of({"output": output}, llm_input(CHAT), CHAT)
    assert deltas(events) == ["Kept", " it."]
    assert events[-1]["choices"][0]["finish_reason"] == "length"
    assert events[-1]["usage"]["total_tokens"] == 17
