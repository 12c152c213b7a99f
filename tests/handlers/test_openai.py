"""OpenAI-compatible endpoints over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.building import exchange, scenario
from tests.callers import RUN, Caller, ClientResponse, running_caller

V1 = "/openrouter/router/openai/v1"
CHAT = f"{V1}/chat/completions"
BODY = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


async def post_chat(caller: Caller, path: str = CHAT, **options: Any) -> ClientResponse:
    body = options.pop("json", BODY)
    return await caller.request(options.pop("method", "POST"), path, host=RUN, json=body, **options)


async def post_stream(caller: Caller, path: str = CHAT, **options: Any) -> str:
    response = await post_chat(caller, path, json={**BODY, "stream": True, **options})
    assert response.status == 200, response.body
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    return response.body.decode()


async def test_a_chat_completion_has_fals_headers() -> None:
    async with running_caller(scenario(exchange())) as caller:
        response = await post_chat(caller)
    assert response.status == 200
    assert response.json["choices"][0]["message"]["content"] == "Ship it."
    assert response.headers["x-fal-request-id"].replace("-", "") in response.json["id"]
    assert float(response.headers["x-fal-billable-units"]) == response.json["usage"]["cost"]


async def test_a_stream_is_data_lines_that_end_with_done() -> None:
    async with running_caller(scenario(exchange())) as caller:
        text = await post_stream(caller)
    *events, end, remainder = text.split("\n\n")
    assert (end, remainder) == ("data: [DONE]", "")
    assert all(event.startswith('data: {"id":"gen-') for event in events)
    assert json.loads(events[-1].removeprefix("data: "))["usage"]["total_tokens"] == 4


async def test_events_of_responses_are_named() -> None:
    async with running_caller(scenario(exchange())) as caller:
        text = await post_stream(caller, f"{V1}/responses", input="hi")
    first, *_, end, _ = text.split("\n\n")
    assert first.startswith("event: response.created\ndata: {")
    assert end == "data: [DONE]"


@pytest.mark.parametrize(
    ("stream", "is_done"),
    [({}, True), ({"final": False}, False), ({"cut": {"after": 1, "how": "error"}}, False)],
)
async def test_only_a_successful_stream_ends_with_done(stream: Any, is_done: bool) -> None:
    async with running_caller(scenario(exchange({"text": "a b", "stream": stream}))) as caller:
        text = await post_stream(caller)
    assert text.endswith("data: [DONE]\n\n") is is_done


async def test_a_comment_precedes_a_delayed_first_event() -> None:
    reply = {"text": "a b", "stream": {"first": "1s", "cut": {"after": 1, "how": "close"}}}
    async with running_caller(scenario(exchange(reply)), clock="instant") as caller:
        text = await post_raw_stream(caller)
    comment, event, remainder = text.split("\n\n")
    assert comment == ": OPENROUTER PROCESSING"
    assert '"content":"a"' in event
    assert remainder == ""


async def post_raw_stream(caller: Caller) -> str:
    """The bytes of a stream, also of one that breaks off."""
    received = b""
    body = {**BODY, "stream": True}
    async with caller.open_request("POST", CHAT, host=RUN, json=body) as response:
        try:
            async for chunk in response.content.iter_any():
                received += chunk
        except OSError:
            pass
        except Exception as error:
            assert "payload" in str(error).lower()  # noqa: PT017 (which error is aiohttp's affair)
    return received.decode()


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}/"])
async def test_a_trailing_slash_does_not_matter(path: str) -> None:
    async with running_caller() as caller:
        assert (await post_chat(caller, path)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("POST", f"{V1}/models", 404, "Path /openai/v1/models not found"),
        ("GET", f"{V1}/models", 404, "Path /openai/v1/models not found"),
        ("GET", V1, 404, "Path /openai/v1 not found"),
        ("POST", "/openrouter/router/chat", 404, "Path /chat not found"),
        ("GET", CHAT, 405, "Method Not Allowed"),
    ],
)
async def test_an_unknown_path_is_fals_404(
    method: str, path: str, status: int, detail: str
) -> None:
    async with running_caller() as caller:
        response = await post_chat(caller, path, method=method)
    assert (response.status, response.json) == (status, {"detail": detail})


async def test_an_unknown_path_may_be_scripted() -> None:
    when = {"endpoint": "openrouter/router/openai/v1/completions"}
    reply = {"output": {"choices": [{"text": "old"}]}}
    async with running_caller(scenario(exchange(reply, when=when))) as caller:
        response = await post_chat(caller, f"{V1}/completions", json={"prompt": "x"})
    assert response.json == {"choices": [{"text": "old"}]}


async def test_a_call_without_a_key_is_rejected() -> None:
    async with running_caller() as caller:
        for method in ("GET", "POST"):
            response = await post_chat(caller, method=method, key=None)
            assert response.status == 401
            assert 'application "openrouter/router"' in response.json["detail"]


async def test_a_miss_is_reported_where_openais_clients_look() -> None:
    async with running_caller(scenario(exchange(when={"input": {"prompt": "else"}}))) as caller:
        response = await post_chat(caller)
    assert response.status == 404
    assert response.json["error"]["message"] == response.json["detail"]
    assert 'input.prompt is "hi", wanted "else"' in response.json["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"'])
async def test_a_body_that_is_not_an_object_is_a_400(body: bytes) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", CHAT, host=RUN, data=body)
    assert response.status == 400
    assert response.json["error"]["type"] == "invalid_request_error"


async def test_invalid_input_is_fals_422_with_the_option() -> None:
    async with running_caller(scenario(exchange(), openai_errors="detail")) as caller:
        response = await post_chat(caller, json={"model": "m"})
    assert response.status == 422
    assert response.json["detail"][0]["loc"] == ["body", "messages"]


async def test_unchecked_input_is_accepted() -> None:
    async with running_caller(scenario(exchange(), validate=False)) as caller:
        assert (await post_chat(caller, json={"model": "m"})).status == 200


@pytest.mark.parametrize(
    ("key", "status"), [("Bearer a:b", 401), ("Bearer ey.j.w", 200), ("Key a:b", 200)]
)
async def test_strict_keys_reject_bearer_credentials(key: str, status: int) -> None:
    async with running_caller(scenario(exchange(), keys="strict")) as caller:
        response = await post_chat(caller, headers={"Authorization": key}, key=None)
    assert response.status == status


async def test_the_queue_accepts_these_endpoints_too() -> None:
    async with running_caller(scenario(exchange({"text": "Ship it.", "timeline": []}))) as caller:
        id_ = await caller.submit(CHAT[1:], json=BODY)
        response = await caller.request("GET", f"/openrouter/router/requests/{id_}")
    assert response.json["choices"][0]["message"]["content"] == "Ship it."


async def test_the_same_call_gives_the_same_bytes() -> None:
    async def bytes_of() -> list[bytes]:
        async with running_caller() as caller:
            return [
                (
                    await post_chat(caller, f"{V1}/{path}", json={**BODY, "input": "x", **fields})
                ).body
                for path in ("chat/completions", "responses", "embeddings")
                for fields in ({}, {"stream": True})
            ]

    assert await bytes_of() == await bytes_of()
