"""Chat completions, whole and in chunks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.chat import ChatFormat, completion_fields, is_completion
from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall
from fakefal.protocol.llm.tokens import Usage

HEAD = ResponseHead("019b-7768", 1_700_000_000, "openai/gpt-4o")
FORM = ChatFormat(HEAD)
USAGE = Usage(2, 3, 0, 0.001)
CALLS = (ToolCall("call_1", "now", '{"zone":"UTC"}'), ToolCall("call_2", "then", "{}"))
CUTS = Chunkers(list, list, lambda text: [text[:3], text[3:]])


def chunks(speech: Completion, form: ChatFormat = FORM) -> list[Any]:
    events = [*form.content_events(speech, CUTS), *form.final_events(speech)]
    return list(form.number_events(events))


def joined(found: list[Any], index: int = 0) -> dict[str, Any]:
    """What a client makes of the deltas of a choice: texts joined, tool calls by their index."""
    whole: dict[str, Any] = {"content": "", "reasoning": "", "role": "", "calls": {}}
    for chunk in found:
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            delta = choice["delta"]
            for name in ("content", "reasoning", "role"):
                whole[name] += delta.get(name, "")
            for call in delta.get("tool_calls", ()):
                kept = whole["calls"].setdefault(call["index"], {"name": "", "arguments": ""})
                for name, text in call["function"].items():
                    kept[name] += text
    return whole


def test_a_completion_is_as_openai_gives_it() -> None:
    assert FORM.body(Completion(("Ship it.",), USAGE)) == {
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


def test_tool_calls_stand_beside_content_or_in_its_place() -> None:
    alone = FORM.body(Completion(("",), USAGE, tool_calls=CALLS, finish_reason="tool_calls"))
    beside = FORM.body(Completion(("Let me see.",), USAGE, tool_calls=CALLS))
    message = alone["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "now", "arguments": '{"zone":"UTC"}'},
    }
    assert beside["choices"][0]["message"]["content"] == "Let me see."


def test_a_failure_inside_a_200_is_told_where_callers_look() -> None:
    body = FORM.body(Completion(("",), USAGE, error="no", finish_reason="error"))
    assert body["error"] == body["choices"][0]["error"] == {"code": 502, "message": "no"}


TEXT = st.text(max_size=8)


@given(st.lists(TEXT, min_size=1, max_size=3), st.none() | TEXT, st.booleans(), st.booleans())
def test_the_chunks_joined_are_the_completion(
    texts: list[str], reasoning: str | None, calls: bool, asks: bool
) -> None:
    speech = Completion(tuple(texts), USAGE, reasoning, None, CALLS if calls else ())
    form = ChatFormat(HEAD, asks)
    found = chunks(speech, form)
    for index, choice in enumerate(form.body(speech)["choices"]):
        whole = joined(found, index)
        message = choice["message"]
        assert whole["content"] == (message["content"] or "")
        assert whole["reasoning"] == (message.get("reasoning") or "")
        functions = [it["function"] for it in message.get("tool_calls", ())]
        assert list(whole["calls"].values()) == functions
        assert whole["role"] in ("", "assistant")
        ends = [
            choice["finish_reason"]
            for chunk in found
            for choice in chunk["choices"]
            if choice["index"] == index and choice["finish_reason"]
        ]
        assert ends == ["stop"]
    assert found[-1]["usage"] == USAGE.to_chat()
    assert not any(it.get("usage") for it in found[:-1])
    assert (found[-1]["choices"] == []) is asks


def test_a_tool_call_is_named_once() -> None:
    found = chunks(Completion(("",), USAGE, tool_calls=CALLS, finish_reason="tool_calls"))
    begun = [
        call
        for chunk in found
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
        if "id" in call
    ]
    assert [it["id"] for it in begun] == ["call_1", "call_2"]


def test_a_failure_ends_the_chunks() -> None:
    found = chunks(Completion(("ab",), USAGE, error="no", finish_reason="error"))
    assert found[-1]["error"] == {"code": 502, "message": "no"}
    assert found[-1]["choices"][0]["finish_reason"] == "error"
    assert joined(found)["content"] == "ab"


@given(TEXT, st.none() | TEXT, st.booleans())
def test_a_completion_says_what_it_was_made_of(text: str, reasoning: str, calls: bool) -> None:
    speech = Completion((text,), USAGE, reasoning, None, CALLS if calls else ())
    body = FORM.body(speech)
    assert is_completion(body)
    said = completion_fields(body)
    assert Completion(usage=USAGE, **said) == speech


@pytest.mark.parametrize("body", [None, [], {}, {"choices": 5}, {"output": "x"}])
def test_other_json_is_no_completion(body: Any) -> None:
    assert not is_completion(body)


@pytest.mark.parametrize("choices", [[], [5], [{"message": None}], [{"message": {"content": 5}}]])
def test_an_odd_completion_says_nothing(choices: Any) -> None:
    assert completion_fields({"choices": choices})["texts"] == ("",)
