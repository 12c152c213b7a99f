"""Streams of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.speeches import CHAT, RESPONSES, ROUTER, events_of, llm_input, render


def deltas(found: list[Any]) -> list[str]:
    return [
        choice["delta"]["content"]
        for chunk in found
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    ]


def test_the_router_grows_and_ends_with_the_whole() -> None:
    ending, found = render({"text": "Ship it."}, llm_input(ROUTER), ROUTER)
    assert [it["output"] for it in found] == ["Ship", "Ship it.", "Ship it."]
    assert [it["partial"] for it in found] == [True, True, False]
    assert found[-1] == ending.outcome.body
    assert all("usage" not in it for it in found[:-1])


@pytest.mark.parametrize(
    ("stream", "pieces"),
    [
        ({}, ["Ship", " it."]),
        ({"by": "char"}, list("Ship it.")),
        ({"count": 4}, ["Sh", "ip", " i", "t."]),
        ({"chunks": ["Shi", "p it."]}, ["Shi", "p it."]),
    ],
)
def test_a_chat_is_cut_as_any_stream_is(stream: dict[str, Any], pieces: list[str]) -> None:
    reply = {"text": "Ship it.", "reasoning": "So.", "stream": stream}
    assert deltas(events_of(reply, llm_input(CHAT), CHAT)) == pieces


def test_arguments_are_cut_where_their_values_end() -> None:
    reply = {"tool_calls": {"name": "f", "arguments": {"a": "b c", "d": [1, 2]}}}
    found = events_of(reply, llm_input(CHAT), CHAT)
    calls = [it["choices"][0]["delta"].get("tool_calls", [{}])[0] for it in found]
    pieces = [it["function"]["arguments"] for it in calls if it]
    assert "".join(pieces) == '{"a":"b c","d":[1,2]}'
    assert pieces[1:3] == ["{", '"a":']
    assert len(pieces) > 4


@pytest.mark.parametrize("endpoint", [ROUTER, CHAT, RESPONSES])
def test_an_unfinished_stream_lacks_its_end(endpoint: str) -> None:
    whole = events_of({"text": "a b"}, llm_input(endpoint), endpoint)
    cut = events_of({"text": "a b", "stream": {"final": False}}, llm_input(endpoint), endpoint)
    assert cut == whole[:-1]


@pytest.mark.parametrize("endpoint", [ROUTER, CHAT, RESPONSES])
def test_a_broken_stream_ends_with_an_error(endpoint: str) -> None:
    stream = {"cut": {"after": 2, "how": "error", "error": "gone"}}
    found = events_of({"text": "a b c d", "stream": stream}, llm_input(endpoint), endpoint)
    assert len(found) == 3
    told = found[-1].get("error") or found[-1].get("message")
    assert told in ("gone", {"code": 502, "message": "gone"})


def test_listed_events_are_the_whole_stream_of_openais_endpoints() -> None:
    listed = [{"type": "response.created"}, {"type": "mine", "sequence_number": 9}]
    reply = {"text": "x", "stream": {"events": listed}}
    assert events_of(reply, llm_input(RESPONSES), RESPONSES) == [
        {"type": "response.created", "sequence_number": 0},
        {"type": "mine", "sequence_number": 9},
    ]


def test_the_routers_output_follows_listed_events() -> None:
    reply = {"text": "x", "stream": {"events": [{"n": 1}]}}
    ending, found = render(reply, llm_input(ROUTER), ROUTER)
    assert found == [{"n": 1}, ending.outcome.body]
    assert events_of({"stream": {"events": [{"n": 1}]}}, llm_input(ROUTER), ROUTER) == [{"n": 1}]


def test_omitted_fields_are_left_out_of_every_event() -> None:
    found = events_of({"text": "x", "omit": ["usage"]}, llm_input(CHAT), CHAT)
    assert all("usage" not in it for it in found)


def test_a_literal_completion_is_streamed_by_what_it_says() -> None:
    output = {
        "choices": [{"message": {"content": "Kept it."}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 9},
    }
    found = events_of({"output": output}, llm_input(CHAT), CHAT)
    assert deltas(found) == ["Kept", " it."]
    assert found[-1]["choices"][0]["finish_reason"] == "length"
    assert found[-1]["usage"]["total_tokens"] == 17
