from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fakefal.control.journal import HEARTBEAT_SECONDS, MAX_LISTENERS, EntryFeed
from fakefal.control.requests import ControlContext
from fakefal.engine.core.clock import ManualClock
from fakefal.engine.engine import Engine
from fakefal.settings import Limits
from tests.building import ANY_LLM, make_call, make_engine, tenant_of
from tests.callers import running_caller, within_limit
from tests.control.calls import call, call_json, expect_error, make_context


def numbers(engine: Engine, query: str) -> list[int]:
    return [entry["number"] for entry in call_json(engine, "GET", f"/journal?{query}")]


def busy() -> Engine:
    """Entries: 1 call, 2 call, 3 status of the first, 4 cancel of the second."""
    engine = make_engine()
    tenant = tenant_of(engine)
    first, second = tenant.submit(make_call()), tenant.submit(make_call("fal-ai/flux/dev"))
    tenant.status(ANY_LLM, first.id, with_logs=False)
    tenant.cancel("fal-ai/flux", second.id)
    return engine


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=call", [1, 2]),
        ("kind=status,cancel", [3, 4]),
        ("endpoint=fal-ai/flux*", [2, 4]),
        ("via=queue", [1, 2, 3, 4]),
        ("via=run", []),
        ("since=2", [3, 4]),
        ("since=99", []),
        ("limit=1", [4]),
        ("since=1&limit=2", [2, 3]),
        ("kind=call&limit=1", [2]),
    ],
)
def test_entries_can_be_filtered(query: str, expected: list[int]) -> None:
    assert numbers(busy(), query) == expected


def test_entries_can_be_filtered_by_request() -> None:
    engine = busy()
    first = call_json(engine, "GET", "/jobs")[0]["request_id"]
    assert numbers(engine, f"request_id={first}") == [1, 3]


@pytest.mark.parametrize("query", ["kind=calls", "limit=0", "limit=10001", "since=-1", "via=ftp"])
def test_an_invalid_filter_is_a_400(query: str) -> None:
    assert expect_error(make_engine(), "GET", f"/journal?{query}").status == 400


class LiveEvents:
    """Reads the events of a live journal."""

    def __init__(self, context: ControlContext | Engine, query: str = "", **headers: str) -> None:
        response = call(context, "GET", f"/journal/live{query}", **headers)
        assert response.content_type == "text/event-stream"
        assert response.events is not None
        self.events = response.events

    async def next(self) -> tuple[str, str, Any]:
        """The name, id and data of the next event."""
        while True:
            piece = (await within_limit(anext(self.events))).decode()
            if "event:" in piece:
                assert piece.endswith("\n\n")
                lines = dict(line.split(": ", 1) for line in piece.strip().splitlines())
                return lines["event"], lines["id"], json.loads(lines["data"])

    async def pieces(self, count: int) -> list[str]:
        return [(await within_limit(anext(self.events))).decode() for _ in range(count)]


async def test_new_entries_are_streamed() -> None:
    engine = busy()
    live = LiveEvents(engine)
    waiting = asyncio.ensure_future(live.next())
    await asyncio.sleep(0)
    tenant_of(engine).submit(make_call())
    name, id_, entry = await waiting
    assert (name, id_, entry["number"]) == ("entry", "1.5", 5)
    assert entry == call_json(engine, "GET", "/journal")[-1]
    await live.events.aclose()
    assert tenant_of(engine).journal.listeners == ()
    assert not tenant_of(engine).close_callbacks


async def test_a_stream_can_begin_with_past_entries() -> None:
    live = LiveEvents(busy(), "?since=0&kind=call")
    assert [(await live.next())[1] for _ in range(2)] == ["1.1", "1.2"]


async def test_an_interrupted_stream_can_be_resumed() -> None:
    engine = busy()
    live = LiveEvents(engine, Last_Event_ID="1.2")
    assert [(await live.next())[1] for _ in range(2)] == ["1.3", "1.4"]


async def test_a_reset_is_an_event_and_the_stream_goes_on() -> None:
    engine = busy()
    live = LiveEvents(engine)
    await live.pieces(1)
    waiting = asyncio.ensure_future(live.next())
    await asyncio.sleep(0)
    call_json(engine, "POST", "/reset")
    assert await waiting == ("reset", "2.0", {"edition": 2})
    tenant_of(engine).submit(make_call())
    assert (await live.next())[1] == "2.1"
    again = LiveEvents(engine, Last_Event_ID="1.4")
    assert [(await again.next())[:2] for _ in range(2)] == [("reset", "2.0"), ("entry", "2.1")]


async def test_dropped_entries_are_an_event() -> None:
    engine = make_engine(limits=Limits(journal_entries=2))
    for _ in range(5):
        tenant_of(engine).submit(make_call())
    live = LiveEvents(engine, "?since=1")
    assert await live.next() == ("dropped", "1.3", {"entries": 2})
    assert [(await live.next())[1] for _ in range(2)] == ["1.4", "1.5"]


async def test_a_silent_stream_sends_heartbeats() -> None:
    engine, clock = make_engine(), ManualClock()
    tenant = tenant_of(engine)
    feed = EntryFeed(lambda: engine.find(tenant.key), lambda _: True, 1, 0, clock).events()
    assert b"retry: 1000" in await anext(feed)
    waiting = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    clock.advance(HEARTBEAT_SECONDS)
    assert await within_limit(waiting) == b": no new entries\n\n"
    await feed.aclose()


async def test_a_stream_ends_when_its_tenant_is_dropped() -> None:
    engine = busy()
    live = LiveEvents(engine)
    await live.pieces(1)
    waiting = asyncio.ensure_future(anext(live.events))
    await asyncio.sleep(0)
    engine.drop("id:secret")
    with pytest.raises(StopAsyncIteration):
        await within_limit(waiting)


async def test_the_number_of_streams_is_limited() -> None:
    context = make_context(make_engine())
    live = [LiveEvents(context) for _ in range(MAX_LISTENERS + 1)]
    for one in live[:MAX_LISTENERS]:
        await one.pieces(1)
    with pytest.raises(StopAsyncIteration):
        await anext(live[-1].events)
    assert expect_error(context, "GET", "/journal/live").status == 503
    for one in live:
        await one.events.aclose()
    assert context.live_streams == 0


def test_an_invalid_event_id_is_a_400() -> None:
    for last in ("57", "x.y", "1.2.3"):
        assert expect_error(make_engine(), "GET", "/journal/live", Last_Event_ID=last).status == 400


async def test_the_stream_works_over_http_and_ends_with_the_server() -> None:
    async with running_caller() as caller:
        live = caller.open_request("GET", "/_fakefal/journal/live", host=None)
        async with live as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            assert "x-fal-request-id" not in response.headers
            assert (await within_limit(response.content.readline())) == b"retry: 1000\n"
            await caller.run()
            lines = [await within_limit(response.content.readline()) for _ in range(5)]
            assert lines[2:4] == [b"event: entry\n", b"id: 1.1\n"]
            await within_limit(caller.server.stop())
