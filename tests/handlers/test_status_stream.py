"""The status stream over HTTP (protocol.md section 3.3)."""

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
    """What comes up to the end of one event."""
    return await within_limit(response.content.readuntil(b"\n\n"))


def body(data: bytes) -> Any:
    assert data.startswith(b"data: ")
    assert data.endswith(b"\n\n")
    return json.loads(data[6:])


async def test_events_are_framed_byte_for_byte_as_in_the_documentation() -> None:
    async with running_caller(scenario(timeline()), clock="manual") as caller:
        id_ = await caller.submit()
        heard = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=0")
        assert heard.status == 200
        assert heard.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert heard.headers["Cache-Control"] == "no-store"
        assert heard.headers["x-fal-request-id"] == id_
        url = f"https://queue.fal.run{APP}/requests/{id_}"
        time = json.loads(heard.body[6:])["metrics"]["inference_time"]
        assert (
            heard.body
            == (
                f'data: {{"status":"COMPLETED","request_id":"{id_}","response_url":"{url}",'
                f'"status_url":"{url}/status","cancel_url":"{url}/cancel","logs":null,'
                f'"metrics":{{"inference_time":{time}}}}}\n\n'
            ).encode()
        )


async def test_an_event_comes_at_each_step_and_the_stream_ends_after_the_last() -> None:
    async with running_caller(scenario(timeline(*STEPS))) as caller:
        id_ = await caller.submit()
        async with watching(caller, id_) as response:
            told = [body(await event(response))]
            for _ in STEPS:
                tenant_of(caller).clock.advance(2)
                told.append(body(await event(response)))
            assert await response.content.read() == b""
        assert [it["status"] for it in told] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
        assert [it.get("queue_position") for it in told] == [1, None, None]
        logs = [[line["message"] for line in it["logs"]] for it in told]
        assert logs == [["queued"], ["loading", "working"], []]


async def test_without_logs_their_field_is_null() -> None:
    async with running_caller(scenario(timeline(*STEPS)), clock="instant") as caller:
        id_ = await caller.submit()
        heard = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=0")
        told = [json.loads(event.data) for event in Decoder().feed(heard.body)]
        assert [it["logs"] for it in told] == [None] * 3


async def test_on_the_instant_clock_the_whole_story_comes_at_once() -> None:
    async with running_caller(scenario(timeline(*STEPS)), clock="instant") as caller:
        id_ = await caller.submit()
        heard = await caller.request("GET", f"{APP}/requests/{id_}/status/stream?logs=1")
        told = [json.loads(event.data)["status"] for event in Decoder().feed(heard.body)]
        assert told == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_the_default_timeline_needs_no_polls_while_it_is_streamed() -> None:
    async with running_caller(scenario(exchange())) as caller:
        id_ = await caller.submit()
        heard = await caller.request("GET", f"{APP}/requests/{id_}/status/stream")
        told = [json.loads(event.data)["status"] for event in Decoder().feed(heard.body)]
        assert told == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


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


async def test_the_urls_in_events_have_the_form_the_caller_used() -> None:
    async with running_caller(scenario(timeline())) as caller:
        id_ = await caller.submit()
        path = f"/queue.fal.run{APP}/requests/{id_}"
        heard = await caller.request("GET", f"{path}/status/stream", host=None)
        assert json.loads(heard.body[6:])["response_url"] == f"{caller.server.url}{path}"


async def test_a_caller_that_leaves_does_no_harm() -> None:
    async with running_caller(scenario(timeline({"IN_QUEUE": {"forever": True}}))) as caller:
        id_ = await caller.submit()
        for _ in range(3):
            async with watching(caller, id_) as response:
                await event(response)
                response.close()
        heard = await caller.request("GET", f"{APP}/requests/{id_}/status")
        assert (heard.status, heard.json["status"]) == (202, "IN_QUEUE")
        assert tenant_of(caller).cancel(ANY_LLM, id_)
