"""Bodies and chunks of chat completions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.chat import ChatFormat, completion_fields, is_completion
from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall
from fakefal.protocol.llm.tokens import Usage

HEAD = ResponseHead("019b-7768", 1_700_000_000, "openai/gpt-4o")
FORMAT = ChatFormat(HEAD)
USAGE = Usage(2, 3, 0, 0.001)
CALLS = (ToolCall("call_1", "now", '{"zone":"UTC"}'), ToolCall("call_2", "then", "{}"))
CHUNKERS = Chunkers(list, list, lambda text: [text[:3], text[3:]])


def chunks(completion: Completion, format_: ChatFormat = FORMAT) -> list[Any]:
    events = [*format_.content_events(completion, CHUNKERS), *format_.final_events(completion)]
    return list(format_.number_events(events))


def joined(chunks_: list[Any], index: int = 0) -> dict[str, Any]:
    """The deltas of a choice, joined as a client joins them; tool calls by index."""
    message_: dict[str, Any] = {"content": "", "reasoning": "", "role": "", "calls": {}}
    for chunk in chunks_:
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            delta = choice["delta"]
            for name in ("content", "reasoning", "role"):
                message_[name] += delta.get(name, "")
            for call in delta.get("tool_calls", ()):
                function = message_["calls"].setdefault(
                    call["index"], {"name": "", "arguments": ""}
                )
                for name, text in call["function"].items():
                    function[name] += text
    return message_


def test_a_body_has_the_fields_of_openai() -> None:
    assert FORMAT.body(Completion(("Ship it.",), USAGE)) == {
        "id": "gen-019b7768",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "openai/gpt-4o",
        "system_fingerprint": None,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Ship it.", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE.to_chat(),
    }


def test_tool_calls_are_sent_with_or_without_content() -> None:
    alone = FORMAT.body(Completion(("",), USAGE, tool_calls=CALLS, finish_reason="tool_calls"))
    beside = FORMAT.body(Completion(("Let me see.",), USAGE, tool_calls=CALLS))
    message = alone["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "now", "arguments": '{"zone":"UTC"}'},
    }
    assert beside["choices"][0]["message"]["content"] == "Let me see."


def test_an_error_in_a_200_is_in_the_body_and_in_the_choice() -> None:
    body = FORMAT.body(Completion(("",), USAGE, error="no", finish_reason="error"))
    assert body["error"] == body["choices"][0]["error"] == {"code": 502, "message": "no"}


TEXT = st.text(max_size=8)


@given(st.lists(TEXT, min_size=1, max_size=3), st.none() | TEXT, st.booleans(), st.booleans())
def test_the_chunks_joined_are_the_completion(
    texts: list[str], reasoning: str | None, calls: bool, includes_usage: bool
) -> None:
    completion = Completion(tuple(texts), USAGE, reasoning, None, CALLS if calls else ())
    format_ = ChatFormat(HEAD, includes_usage)
    events = chunks(completion, format_)
    for index, choice in enumerate(format_.body(completion)["choices"]):
        message_ = joined(events, index)
        message = choice["message"]
        assert message_["content"] == (message["content"] or "")
        assert message_["reasoning"] == (message.get("reasoning") or "")
        functions = [call["function"] for call in message.get("tool_calls", ())]
        assert list(message_["calls"].values()) == functions
        assert message_["role"] in ("", "assistant")
        ends = [
            choice["finish_reason"]
            for chunk in events
            for choice in chunk["choices"]
            if choice["index"] == index and choice["finish_reason"]
        ]
        assert ends == ["stop"]
    assert events[-1]["usage"] == USAGE.to_chat()
    assert not any(event.get("usage") for event in events[:-1])
    assert (events[-1]["choices"] == []) is includes_usage


def test_a_tool_call_is_named_once() -> None:
    events = chunks(Completion(("",), USAGE, tool_calls=CALLS, finish_reason="tool_calls"))
    named_calls = [
        call
        for chunk in events
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
        if "id" in call
    ]
    assert [call["id"] for call in named_calls] == ["call_1", "call_2"]


def test_a_failure_ends_the_chunks() -> None:
    events = chunks(Completion(("ab",), USAGE, error="no", finish_reason="error"))
    assert events[-1]["error"] == {"code": 502, "message": "no"}
    assert events[-1]["choices"][0]["finish_reason"] == "error"
    assert joined(events)["content"] == "ab"


@given(TEXT, st.none() | TEXT, st.booleans())
def test_a_body_parses_to_the_completion_it_was_made_from(
    text: str, reasoning: str, calls: bool
) -> None:
    completion = Completion((text,), USAGE, reasoning, None, CALLS if calls else ())
    body = FORMAT.body(completion)
    assert is_completion(body)
    fields = completion_fields(body)
    assert Completion(usage=USAGE, **fields) == completion


@pytest.mark.parametrize("body", [None, [], {}, {"choices": 5}, {"output": "x"}])
def test_other_json_is_not_a_completion(body: Any) -> None:
    assert not is_completion(body)


@pytest.mark.parametrize("choices", [[], [5], [{"message": None}], [{"message": {"content": 5}}]])
def test_a_malformed_completion_has_an_empty_text(choices: Any) -> None:
    assert completion_fields({"choices": choices})["texts"] == ("",)
