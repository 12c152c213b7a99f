"""Answers of the Responses API, whole and as events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall
from fakefal.protocol.llm.responses import ResponsesFormat, completion_fields, is_response
from fakefal.protocol.llm.tokens import Usage

HEAD = ResponseHead("019b-7768", 1_700_000_000, "openai/gpt-4o")
FORM = ResponsesFormat(HEAD, {"instructions": "Be short.", "text": {"verbosity": "low"}})
USAGE = Usage(2, 3, 1, 0.001)
CALLS = (ToolCall("call_1", "now", '{"zone":"UTC"}'),)
CUTS = Chunkers(list, list, lambda text: [text[:3], text[3:]])
TEXT = st.text(max_size=8)


def events(speech: Completion) -> list[Any]:
    return list(
        FORM.number_events([*FORM.content_events(speech, CUTS), *FORM.final_events(speech)])
    )


def test_a_response_is_as_openai_gives_it() -> None:
    body = FORM.body(Completion(("Ship it.",), USAGE))
    assert body["output"] == [
        {
            "id": "msg_019b7768",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Ship it.", "annotations": [], "logprobs": []}
            ],
        }
    ]
    assert (body["id"], body["object"], body["status"]) == (
        "resp_019b7768",
        "response",
        "completed",
    )
    assert (body["error"], body["incomplete_details"]) == (None, None)
    assert body["usage"] == USAGE.to_responses()


def test_the_request_is_echoed() -> None:
    body = FORM.body(Completion(("x",), USAGE))
    assert body["instructions"] == "Be short."
    assert body["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert (body["tools"], body["tool_choice"]) == ([], "auto")


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_an_answer_that_ended_too_early_says_why(finish: str, status: str, reason: Any) -> None:
    speech = Completion(("x",), USAGE, finish_reason=finish)
    body = FORM.body(speech)
    assert (body["status"], body["incomplete_details"]) == (status, reason)
    assert events(speech)[-1]["type"] == f"response.{status}"


def test_a_failure_inside_a_200_is_a_failed_response() -> None:
    speech = Completion(("",), USAGE, error="no", finish_reason="error")
    assert FORM.body(speech)["error"] == {"code": "server_error", "message": "no"}
    assert [it["type"] for it in events(speech)] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]


@given(TEXT, st.none() | TEXT, st.booleans())
def test_the_events_joined_are_the_response(text: str, reasoning: str | None, calls: bool) -> None:
    speech = Completion((text,), USAGE, reasoning, None, CALLS if calls else ())
    found = events(speech)
    whole = FORM.body(speech)
    assert [it["sequence_number"] for it in found] == list(range(len(found)))
    assert found[-1]["response"] == whole
    done = [it["item"] for it in found if it["type"] == "response.output_item.done"]
    added = [it["item"] for it in found if it["type"] == "response.output_item.added"]
    assert done == whole["output"]
    assert [it["id"] for it in added] == [it["id"] for it in done]
    told = "".join(it["delta"] for it in found if it["type"] == "response.output_text.delta")
    assert told == text
    kind = "response.function_call_arguments"
    arguments = "".join(it["delta"] for it in found if it["type"] == f"{kind}.delta")
    assert arguments == "".join(call.arguments for call in speech.tool_calls)


def test_the_text_of_a_reply_is_begun_added_to_and_done() -> None:
    assert [it["type"] for it in events(Completion(("ab",), USAGE))] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


def test_an_error_in_the_middle_has_the_next_number() -> None:
    found = list(FORM.number_events([{"type": "response.created"}, FORM.error_event("no", None)]))
    assert found[1] == {
        "type": "error",
        "code": "server_error",
        "message": "no",
        "param": None,
        "sequence_number": 1,
    }


@given(TEXT.filter(bool), st.none() | TEXT, st.booleans())
def test_a_response_says_what_it_was_made_of(text: str, reasoning: str, calls: bool) -> None:
    finish = "tool_calls" if calls else "stop"
    speech = Completion((text,), USAGE, reasoning, None, CALLS if calls else (), finish)
    body = FORM.body(speech)
    assert is_response(body)
    assert Completion(usage=USAGE, **completion_fields(body)) == speech


@pytest.mark.parametrize("body", [None, {}, {"object": "response"}, {"output": "x"}])
def test_other_json_is_no_response(body: Any) -> None:
    assert not is_response(body)
