"""Messages read from the inputs of every API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.llm.endpoints import OPENAI_APIS
from fakefal.protocol.llm.messages import (
    ChatMessage,
    add_prompt_fields,
    messages_of,
    texts_to_embed,
)

SYSTEM, USER = ChatMessage("system", "Be short."), ChatMessage("user", "hi")
IMAGE = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}


@pytest.mark.parametrize(
    ("llm_api", "body"),
    [
        ("text", {"system_prompt": "Be short.", "prompt": "hi"}),
        ("router", {"system_prompt": "Be short.", "prompt": "hi"}),
        (
            "chat",
            {
                "messages": [
                    {"role": "system", "content": "Be short."},
                    {"role": "user", "content": [{"type": "text", "text": "hi"}]},
                ]
            },
        ),
        ("responses", {"instructions": "Be short.", "input": "hi"}),
        (
            "responses",
            {
                "input": [
                    {"role": "developer", "content": "Be short."},
                    {
                        "type": "message",
                        "role": "user",
                        "content": [{"type": "input_text", "text": "hi"}],
                    },
                ]
            },
        ),
    ],
)
def test_messages_are_read_from_the_input_of_every_api(llm_api: LlmApi, body: Any) -> None:
    assert messages_of(llm_api, body) == [SYSTEM, USER]


def test_files_are_counted() -> None:
    body = {"prompt": "hi", "image_urls": ["a", "b"], "pdf_urls": ["c"], "audio_url": "d"}
    assert messages_of("router-vision", body) == [ChatMessage("user", "hi", 4)]
    messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}, IMAGE]}]
    assert messages_of("chat", {"messages": messages}) == [ChatMessage("user", "hi", 1)]


def test_tool_calls_and_their_results_are_messages() -> None:
    call = {"id": "1", "function": {"name": "now", "arguments": "{}"}}
    messages = messages_of(
        "chat",
        {
            "messages": [
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "noon", "tool_call_id": "1"},
            ]
        },
    )
    assert messages == [ChatMessage("assistant", " now {}"), ChatMessage("tool", "noon")]
    messages = messages_of(
        "responses",
        {
            "input": [
                {"type": "function_call", "name": "now", "arguments": "{}", "call_id": "1"},
                {"type": "function_call_output", "output": "noon", "call_id": "1"},
            ]
        },
    )
    assert messages == [ChatMessage("assistant", "now {}"), ChatMessage("tool", "noon")]


def test_the_prompt_is_the_last_message_of_the_user() -> None:
    messages = [
        {"role": "system", "content": "one"},
        {"role": "developer", "content": "two"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "so?"},
        {"role": "user", "content": "last"},
        {"role": "assistant", "content": "yes?"},
    ]
    body = {"model": "m", "messages": messages}
    assert add_prompt_fields("chat", body) == {
        **body,
        "prompt": "last",
        "system_prompt": "one\ntwo",
    }


def test_a_prompt_of_the_input_is_kept() -> None:
    body = {"prompt": "own", "messages": [{"role": "user", "content": "said"}]}
    assert add_prompt_fields("chat", body)["prompt"] == "own"


def test_without_messages_there_is_no_prompt() -> None:
    assert add_prompt_fields("chat", {"messages": []}) == {"messages": []}


@pytest.mark.parametrize(
    ("input_", "texts"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], ["1 2"]),
        ([[1, 2], [3]], ["1 2", "3"]),
        ([{"type": "text", "text": "a"}, None], ["a", ""]),
        ([], []),
        (None, []),
    ],
)
def test_embeddings_accept_texts_and_tokens(input_: Any, texts: list[str]) -> None:
    assert texts_to_embed(input_) == texts
    assert add_prompt_fields("embeddings", {"input": input_})["prompt"] == "\n".join(texts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "input", "role", "content", "type", "text", "tool_calls"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(sorted(map(str, OPENAI_APIS))), JSON)
def test_no_input_makes_reading_raise(llm_api: Any, body: Any) -> None:
    extended = add_prompt_fields(llm_api, body)
    assert extended == body or {**extended, **body} == extended
