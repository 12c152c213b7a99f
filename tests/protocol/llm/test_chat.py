"""Chat completions, whole and in chunks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.chat import ChatForm, is_completion, said_in
from fakefal.protocol.llm.completion import Cuts, Head, Speech, ToolCall
from fakefal.protocol.llm.tokens import Usage

HEAD = Head("019b-7768", 1_700_000_000, "openai/gpt-4o")
FORM = ChatForm(HEAD)
USAGE = Usage(2, 3, 0, 0.001)
CALLS = (ToolCall("call_1", "now", '{"zone":"UTC"}'), ToolCall("call_2", "then", "{}"))
CUTS = Cuts(list, list, lambda text: [text[:3], text[3:]])


def chunks(speech: Speech, form: ChatForm = FORM) -> list[Any]:
    events = [*form.growing(speech, CUTS), *form.closing(speech)]
    return list(form.in_order(events))


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
    assert FORM.whole(Speech(("Ship it.",), USAGE)) == {
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
        "usage": USAGE.of_chat(),
    }


def test_tool_calls_stand_beside_content_or_in_its_place() -> None:
    alone = FORM.whole(Speech(("",), USAGE, tool_calls=CALLS, finish="tool_calls"))
    beside = FORM.whole(Speech(("Let me see.",), USAGE, tool_calls=CALLS))
    message = alone["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "now", "arguments": '{"zone":"UTC"}'},
    }
    assert beside["choices"][0]["message"]["content"] == "Let me see."


def test_a_failure_inside_a_200_is_told_where_callers_look() -> None:
    body = FORM.whole(Speech(("",), USAGE, error="no", finish="error"))
    assert body["error"] == body["choices"][0]["error"] == {"code": 502, "message": "no"}


TEXT = st.text(max_size=8)


@given(st.lists(TEXT, min_size=1, max_size=3), st.none() | TEXT, st.booleans(), st.booleans())
def test_the_chunks_joined_are_the_completion(
    texts: list[str], reasoning: str | None, calls: bool, asks: bool
) -> None:
    speech = Speech(tuple(texts), USAGE, reasoning, None, CALLS if calls else ())
    form = ChatForm(HEAD, asks)
    found = chunks(speech, form)
    for index, choice in enumerate(form.whole(speech)["choices"]):
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
    assert found[-1]["usage"] == USAGE.of_chat()
    assert not any(it.get("usage") for it in found[:-1])
    assert (found[-1]["choices"] == []) is asks


def test_a_tool_call_is_named_once() -> None:
    found = chunks(Speech(("",), USAGE, tool_calls=CALLS, finish="tool_calls"))
    begun = [
        call
        for chunk in found
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
        if "id" in call
    ]
    assert [it["id"] for it in begun] == ["call_1", "call_2"]


def test_a_failure_ends_the_chunks() -> None:
    found = chunks(Speech(("ab",), USAGE, error="no", finish="error"))
    assert found[-1]["error"] == {"code": 502, "message": "no"}
    assert found[-1]["choices"][0]["finish_reason"] == "error"
    assert joined(found)["content"] == "ab"


@given(TEXT, st.none() | TEXT, st.booleans())
def test_a_completion_says_what_it_was_made_of(text: str, reasoning: str, calls: bool) -> None:
    speech = Speech((text,), USAGE, reasoning, None, CALLS if calls else ())
    body = FORM.whole(speech)
    assert is_completion(body)
    said = said_in(body)
    assert Speech(usage=USAGE, **said) == speech


@pytest.mark.parametrize("body", [None, [], {}, {"choices": 5}, {"output": "x"}])
def test_other_json_is_no_completion(body: Any) -> None:
    assert not is_completion(body)


@pytest.mark.parametrize("choices", [[], [5], [{"message": None}], [{"message": {"content": 5}}]])
def test_an_odd_completion_says_nothing(choices: Any) -> None:
    assert said_in({"choices": choices})["texts"] == ("",)
