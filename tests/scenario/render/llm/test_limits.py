"""Where generated text ends."""

from __future__ import annotations

from typing import Any

import fal_client

from fakefal import FakeFal
from fakefal.protocol.llm.tokens import estimate_tokens
from fakefal.scenario.render.llm.limits import limit_text, token_limit
from tests.cases import failures

TEXT = "One two. Three four."


def test_stops_and_limits() -> None:
    def check(body: dict[str, Any], text: str, finish: str) -> None:
        assert limit_text(TEXT, body) == (text, finish)

    cases: list[tuple[dict[str, Any], str, str]] = [
        ({}, TEXT, "stop"),
        ({"stop": "Three"}, "One two. ", "stop"),
        ({"stop": ["four", " two"]}, "One", "stop"),
        ({"stop": ["none", "", 5]}, TEXT, "stop"),
        ({"max_tokens": 2}, "One two", "length"),
        ({"max_tokens": 100}, TEXT, "stop"),
        ({"max_tokens": 2, "max_completion_tokens": 3}, "One two.", "length"),
        ({"max_output_tokens": 1, "stop": "two"}, "One ", "stop"),
        ({"max_tokens": 6, "stop": "."}, "One two", "stop"),
    ]
    assert failures(check, cases) == []


def test_what_is_no_limit() -> None:
    assert [token_limit({"max_tokens": value}) for value in (None, 0, True, "5")] == [None] * 4


def test_generated_answers_heed_the_limit(fakefal: FakeFal) -> None:
    fakefal.options(unmatched="generate")
    messages = [{"role": "user", "content": "hi"}]
    chat = "openrouter/router/openai/v1/chat/completions"

    def answer(**options: Any) -> Any:
        body = {"model": "openai/gpt-4o", "messages": messages, **options}
        return fal_client.run(chat, body)["choices"][0]

    short = answer(max_tokens=3)
    assert short["finish_reason"] == "length"
    assert estimate_tokens(short["message"]["content"]) == 3
    assert answer()["finish_reason"] == "stop"
    assert "." not in answer(stop=".")["message"]["content"]
    responses = "openrouter/router/openai/v1/responses"
    body = {"model": "openai/gpt-4o", "input": "hi", "max_output_tokens": 2}
    response: Any = fal_client.run(responses, {**body, "previous_response_id": "resp_1"})
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["previous_response_id"] == "resp_1"
    output: Any = fal_client.run("fal-ai/any-llm", {"prompt": "hi", "max_tokens": 4})
    assert estimate_tokens(output["output"]) == 4


def test_scripted_text_is_not_shortened(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text(TEXT)
    output: Any = fal_client.run("fal-ai/any-llm", {"prompt": "hi", "max_tokens": 1})
    assert output["output"] == TEXT
