"""Bodies and events of the Responses API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall
from fakefal.protocol.llm.responses import ResponsesFormat, completion_fields, is_response
from fakefal.protocol.llm.tokens import Usage

HEAD = ResponseHead("019b-7768", 1_700_000_000, "openai/gpt-4o")
FORMAT = ResponsesFormat(HEAD, {"instructions": "Be short.", "text": {"verbosity": "low"}})
USAGE = Usage(2, 3, 1, 0.001)
CALLS = (ToolCall("call_1", "now", '{"zone":"UTC"}'),)
CHUNKERS = Chunkers(list, list, lambda text: [text[:3], text[3:]])
TEXT = st.text(max_size=8)
TEXT_DELTA = "response.output_text.delta"
ARGUMENTS_DELTA = "response.function_call_arguments.delta"


def events(completion: Completion) -> list[Any]:
    return list(
        FORMAT.number_events(
            [*FORMAT.content_events(completion, CHUNKERS), *FORMAT.final_events(completion)]
        )
    )


def test_a_body_has_the_fields_of_openai() -> None:
    body = FORMAT.body(Completion(("Ship it.",), USAGE))
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


def test_fields_of_the_request_are_copied() -> None:
    body = FORMAT.body(Completion(("x",), USAGE))
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
def test_an_incomplete_response_has_a_reason(finish: str, status: str, reason: Any) -> None:
    completion = Completion(("x",), USAGE, finish_reason=finish)
    body = FORMAT.body(completion)
    assert (body["status"], body["incomplete_details"]) == (status, reason)
    assert events(completion)[-1]["type"] == f"response.{status}"


def test_a_failure_inside_a_200_is_a_failed_response() -> None:
    completion = Completion(("",), USAGE, error="no", finish_reason="error")
    assert FORMAT.body(completion)["error"] == {"code": "server_error", "message": "no"}
    assert [event["type"] for event in events(completion)] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]


@given(TEXT, st.none() | TEXT, st.booleans())
def test_the_events_joined_are_the_response(text: str, reasoning: str | None, calls: bool) -> None:
    completion = Completion((text,), USAGE, reasoning, None, CALLS if calls else ())
    sent = events(completion)
    body = FORMAT.body(completion)
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    assert sent[-1]["response"] == body
    done = [event["item"] for event in sent if event["type"] == "response.output_item.done"]
    added = [event["item"] for event in sent if event["type"] == "response.output_item.added"]
    assert done == body["output"]
    assert [event["id"] for event in added] == [event["id"] for event in done]
    text_deltas = "".join(
        event["delta"] for event in sent if event["type"] == "response.output_text.delta"
    )
    assert text_deltas == text
    kind = "response.function_call_arguments"
    arguments = "".join(event["delta"] for event in sent if event["type"] == f"{kind}.delta")
    assert arguments == "".join(call.arguments for call in completion.tool_calls)


def test_a_text_is_sent_as_added_delta_and_done_events() -> None:
    assert [event["type"] for event in events(Completion(("ab",), USAGE))] == [
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
    numbered = list(
        FORMAT.number_events([{"type": "response.created"}, FORMAT.error_event("no", None)])
    )
    assert numbered[1] == {
        "type": "error",
        "code": "server_error",
        "message": "no",
        "param": None,
        "sequence_number": 1,
    }


@given(TEXT.filter(bool), st.none() | TEXT, st.booleans())
def test_a_body_parses_to_the_completion_it_was_made_from(
    text: str, reasoning: str, calls: bool
) -> None:
    finish = "tool_calls" if calls else "stop"
    completion = Completion((text,), USAGE, reasoning, None, CALLS if calls else (), finish)
    body = FORMAT.body(completion)
    assert is_response(body)
    assert Completion(usage=USAGE, **completion_fields(body)) == completion


@pytest.mark.parametrize("body", [None, {}, {"object": "response"}, {"output": "x"}])
def test_other_json_is_not_a_response(body: Any) -> None:
    assert not is_response(body)
