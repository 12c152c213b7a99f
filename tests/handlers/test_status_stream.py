"""The status stream over HTTP (docs/reference/protocol.md#status-stream)."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from fakefal.engine.queue.status_stream import PING_SECONDS
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.sse import Decoder
from tests.building import ANY_LLM, exchange, scenario, timeline
from tests.callers import KEY, Caller, running_caller, within_limit

APP = "/fal-ai/any-llm"

STEPS = (
    {"IN_QUEUE": {"for": 2, "position": 1, "logs": ["queued"]}},
    {"IN_PROGRESS": {"for": 2, "logs": ["loading", "working"]}},
)


def tenant_of(caller: Caller) -> Tenant:
    return caller.server.engine.tenant_for(Credential("key", KEY))


def watching(caller: Caller, id_: str, query: str = "?logs=1") -> Any:
    return caller.open_request("GET", f"{APP}/requests/{id_}/status/stream{query}")


async def event(response: aiohttp.ClientResponse) -> bytes:
    """The bytes up to the end of one event."""
    return await within_limit(response.content.readuntil(b"\n\n"))


def body(data: bytes) -> Any:
    assert data.startswith(b"data: ")
    assert data.endswith(b"\n\n")
    return json.loads(data[6:])


async def test_events_are_framed_byte_for_byte_as_in_the_documentation() -> None:
    async with running_caller(scenario(timeline()), clock="manual") as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=0")
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["x-fal-request-id"] == id_
        url = f"https://queue.fal.run{APP}/requests/{id_}"
        time = json.loads(response.body[6:])["metrics"]["inference_time"]
        assert (
            response.body
            == (
                f'data: {{"status":"COMPLETED","request_id":"{id_}","response_url":"{url}",'
                f'"status_url":"{url}/status","cancel_url":"{url}/cancel","logs":null,'
                f'"metrics":{{"inference_time":{time}}}}}\n\n'
            ).encode()
        )


async def test_each_step_sends_an_event_and_the_last_ends_the_stream() -> None:
    async with running_caller(scenario(timeline(*STEPS))) as caller:
        id_ = await caller.submit()
        async with watching(caller, id_) as response:
            bodies = [body(await event(response))]
            for _ in STEPS:
                tenant_of(caller).clock.advance(2)
                bodies.append(body(await event(response)))
            assert await response.content.read() == b""
        assert [status["status"] for status in bodies] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
        assert [status.get("queue_position") for status in bodies] == [1, None, None]
        logs = [[log["message"] for log in status["logs"]] for status in bodies]
        assert logs == [["queued"], ["loading", "working"], []]


async def test_without_logs_their_field_is_null() -> None:
    async with running_caller(scenario(timeline(*STEPS)), clock="instant") as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=0")
        bodies = [json.loads(event.data) for event in Decoder().feed(response.body)]
        assert [status["logs"] for status in bodies] == [None] * 3


async def test_on_the_instant_clock_all_events_come_together() -> None:
    async with running_caller(scenario(timeline(*STEPS)), clock="instant") as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=1")
        statuses = [json.loads(event.data)["status"] for event in Decoder().feed(response.body)]
        assert statuses == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_the_default_timeline_needs_no_polls_while_it_is_streamed() -> None:
    async with running_caller(scenario(exchange())) as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status/stream")
        statuses = [json.loads(event.data)["status"] for event in Decoder().feed(response.body)]
        assert statuses == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_a_long_silence_is_broken_by_a_comment() -> None:
    async with running_caller(scenario(timeline({"IN_QUEUE": {"for": "1m"}}))) as caller:
        id_ = await caller.submit()
        async with watching(caller, id_) as response:
            await event(response)
            tenant_of(caller).clock.advance(PING_SECONDS)
            assert await event(response) == b": ping\n\n"
            tenant_of(caller).clock.advance(60)
            assert body(await event(response))["status"] == "COMPLETED"


async def test_a_cancel_ends_the_stream_of_a_queued_job() -> None:
    async with running_caller(scenario(timeline({"IN_QUEUE": {"forever": True}}))) as caller:
        id_ = await caller.submit()
        async with watching(caller, id_) as response:
            await event(response)
            await caller.request("PUT", f"{APP}/requests/{id_}/cancel")
            last = body(await event(response))
            assert await response.content.read() == b""
        assert (last["status"], last["error_type"]) == ("COMPLETED", "client_cancelled")


async def test_the_urls_in_events_have_the_address_form_of_the_caller() -> None:
    async with running_caller(scenario(timeline())) as caller:
        id_ = await caller.submit()
        path = f"/queue.fal.run{APP}/requests/{id_}"
        response = await caller.request("GET", f"{path}/status/stream", host=None)
        assert json.loads(response.body[6:])["response_url"] == f"{caller.server.url}{path}"


async def test_a_caller_may_leave_the_stream() -> None:
    async with running_caller(scenario(timeline({"IN_QUEUE": {"forever": True}}))) as caller:
        id_ = await caller.submit()
        for _ in range(3):
            async with watching(caller, id_) as response:
                await event(response)
                response.close()
        next_response = await caller.request("GET", f"{APP}/requests/{id_}/status")
        assert (next_response.status, next_response.json["status"]) == (202, "IN_QUEUE")
        assert tenant_of(caller).cancel(ANY_LLM, id_)
