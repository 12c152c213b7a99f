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


async def ask(caller: Caller, path: str = CHAT, **more: Any) -> ClientResponse:
    body = more.pop("json", BODY)
    return await caller.request(more.pop("method", "POST"), path, host=RUN, json=body, **more)


async def streamed(caller: Caller, path: str = CHAT, **more: Any) -> str:
    heard = await ask(caller, path, json={**BODY, "stream": True, **more})
    assert heard.status == 200, heard.body
    assert heard.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    return heard.body.decode()


async def test_a_chat_is_answered_with_fals_headers() -> None:
    async with running_caller(scenario(exchange())) as caller:
        heard = await ask(caller)
    assert heard.status == 200
    assert heard.json["choices"][0]["message"]["content"] == "Ship it."
    assert heard.headers["x-fal-request-id"].replace("-", "") in heard.json["id"]
    assert float(heard.headers["x-fal-billable-units"]) == heard.json["usage"]["cost"]


async def test_a_stream_is_data_lines_that_end_with_done() -> None:
    async with running_caller(scenario(exchange())) as caller:
        text = await streamed(caller)
    *events, end, rest = text.split("\n\n")
    assert (end, rest) == ("data: [DONE]", "")
    assert all(it.startswith('data: {"id":"gen-') for it in events)
    assert json.loads(events[-1].removeprefix("data: "))["usage"]["total_tokens"] == 4


async def test_events_of_responses_are_named() -> None:
    async with running_caller(scenario(exchange())) as caller:
        text = await streamed(caller, f"{V1}/responses", input="hi")
    first, *_, end, _ = text.split("\n\n")
    assert first.startswith("event: response.created\ndata: {")
    assert end == "data: [DONE]"


@pytest.mark.parametrize(
    ("stream", "is_done"),
    [({}, True), ({"final": False}, False), ({"cut": {"after": 1, "how": "error"}}, False)],
)
async def test_only_a_stream_that_ends_well_is_done(stream: Any, is_done: bool) -> None:
    async with running_caller(scenario(exchange({"text": "a b", "stream": stream}))) as caller:
        text = await streamed(caller)
    assert text.endswith("data: [DONE]\n\n") is is_done


async def test_while_the_first_event_is_waited_for_a_comment_says_so() -> None:
    reply = {"text": "a b", "stream": {"first": "1s", "cut": {"after": 1, "how": "close"}}}
    async with running_caller(scenario(exchange(reply)), clock="instant") as caller:
        text = await streamed_raw(caller)
    comment, event, rest = text.split("\n\n")
    assert comment == ": OPENROUTER PROCESSING"
    assert '"content":"a"' in event
    assert rest == ""


async def streamed_raw(caller: Caller) -> str:
    """What comes of a stream, although it breaks off."""
    heard = b""
    body = {**BODY, "stream": True}
    async with caller.open_request("POST", CHAT, host=RUN, json=body) as response:
        try:
            async for chunk in response.content.iter_any():
                heard += chunk
        except OSError:
            pass
        except Exception as error:
            assert "payload" in str(error).lower()  # noqa: PT017 (which error is aiohttp's affair)
    return heard.decode()


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}/"])
async def test_a_trailing_slash_does_not_matter(path: str) -> None:
    async with running_caller() as caller:
        assert (await ask(caller, path)).status == 200


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
async def test_a_path_that_there_is_not_is_told_as_fal_does(
    method: str, path: str, status: int, detail: str
) -> None:
    async with running_caller() as caller:
        heard = await ask(caller, path, method=method)
    assert (heard.status, heard.json) == (status, {"detail": detail})


async def test_a_path_that_there_is_not_may_be_scripted() -> None:
    when = {"endpoint": "openrouter/router/openai/v1/completions"}
    reply = {"output": {"choices": [{"text": "old"}]}}
    async with running_caller(scenario(exchange(reply, when=when))) as caller:
        heard = await ask(caller, f"{V1}/completions", json={"prompt": "x"})
    assert heard.json == {"choices": [{"text": "old"}]}


async def test_without_a_key_nobody_is_answered() -> None:
    async with running_caller() as caller:
        for method in ("GET", "POST"):
            heard = await ask(caller, method=method, key=None)
            assert heard.status == 401
            assert 'application "openrouter/router"' in heard.json["detail"]


async def test_a_miss_is_told_where_openais_clients_look() -> None:
    async with running_caller(scenario(exchange(when={"input": {"prompt": "else"}}))) as caller:
        heard = await ask(caller)
    assert heard.status == 404
    assert heard.json["error"]["message"] == heard.json["detail"]
    assert 'input.prompt is "hi", wanted "else"' in heard.json["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"'])
async def test_a_body_that_is_no_object_is_a_400(body: bytes) -> None:
    async with running_caller() as caller:
        heard = await caller.request("POST", CHAT, host=RUN, data=body)
    assert heard.status == 400
    assert heard.json["error"]["type"] == "invalid_request_error"


async def test_bad_input_is_fals_422_where_that_is_asked_for() -> None:
    async with running_caller(scenario(exchange(), openai_errors="detail")) as caller:
        heard = await ask(caller, json={"model": "m"})
    assert heard.status == 422
    assert heard.json["detail"][0]["loc"] == ["body", "messages"]


async def test_unchecked_input_is_let_through() -> None:
    async with running_caller(scenario(exchange(), validate=False)) as caller:
        assert (await ask(caller, json={"model": "m"})).status == 200


@pytest.mark.parametrize(
    ("key", "status"), [("Bearer a:b", 401), ("Bearer ey.j.w", 200), ("Key a:b", 200)]
)
async def test_strict_keys_are_no_bearers(key: str, status: int) -> None:
    async with running_caller(scenario(exchange(), keys="strict")) as caller:
        heard = await ask(caller, headers={"Authorization": key}, key=None)
    assert heard.status == status


async def test_the_queue_takes_them_too() -> None:
    async with running_caller(scenario(exchange({"text": "Ship it.", "timeline": []}))) as caller:
        id_ = await caller.submit(CHAT[1:], json=BODY)
        heard = await caller.request("GET", f"/openrouter/router/requests/{id_}")
    assert heard.json["choices"][0]["message"]["content"] == "Ship it."


async def test_the_same_call_gives_the_same_bytes() -> None:
    async def bytes_of() -> list[bytes]:
        async with running_caller() as caller:
            return [
                (await ask(caller, f"{V1}/{path}", json={**BODY, "input": "x", **more})).body
                for path in ("chat/completions", "responses", "embeddings")
                for more in ({}, {"stream": True})
            ]

    assert await bytes_of() == await bytes_of()
