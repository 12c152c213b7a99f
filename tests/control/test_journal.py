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
    return [it["number"] for it in call_json(engine, "GET", f"/journal?{query}")]


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
def test_entries_are_chosen(query: str, expected: list[int]) -> None:
    assert numbers(busy(), query) == expected


def test_entries_of_one_request_are_chosen() -> None:
    engine = busy()
    first = call_json(engine, "GET", "/jobs")[0]["request_id"]
    assert numbers(engine, f"request_id={first}") == [1, 3]


@pytest.mark.parametrize("query", ["kind=calls", "limit=0", "limit=10001", "since=-1", "via=ftp"])
def test_what_cannot_be_chosen_is_a_400(query: str) -> None:
    assert expect_error(make_engine(), "GET", f"/journal?{query}").status == 400


class Heard:
    """The events of a live journal, one after the other."""

    def __init__(self, house: ControlContext | Engine, query: str = "", **headers: str) -> None:
        answer = call(house, "GET", f"/journal/live{query}", **headers)
        assert answer.content_type == "text/event-stream"
        assert answer.events is not None
        self.events = answer.events

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


async def test_entries_come_as_they_are_written() -> None:
    engine = busy()
    heard = Heard(engine)
    waiting = asyncio.ensure_future(heard.next())
    await asyncio.sleep(0)
    tenant_of(engine).submit(make_call())
    name, id_, entry = await waiting
    assert (name, id_, entry["number"]) == ("entry", "1.5", 5)
    assert entry == call_json(engine, "GET", "/journal")[-1]
    await heard.events.aclose()
    assert tenant_of(engine).journal.listeners == ()
    assert not tenant_of(engine).close_callbacks


async def test_the_past_comes_first_where_it_is_asked_for() -> None:
    heard = Heard(busy(), "?since=0&kind=call")
    assert [(await heard.next())[1] for _ in range(2)] == ["1.1", "1.2"]


async def test_who_was_cut_off_goes_on_where_it_stopped() -> None:
    engine = busy()
    heard = Heard(engine, Last_Event_ID="1.2")
    assert [(await heard.next())[1] for _ in range(2)] == ["1.3", "1.4"]


async def test_a_reset_is_told_and_followed() -> None:
    engine = busy()
    heard = Heard(engine)
    await heard.pieces(1)
    waiting = asyncio.ensure_future(heard.next())
    await asyncio.sleep(0)
    call_json(engine, "POST", "/reset")
    assert await waiting == ("reset", "2.0", {"edition": 2})
    tenant_of(engine).submit(make_call())
    assert (await heard.next())[1] == "2.1"
    again = Heard(engine, Last_Event_ID="1.4")
    assert [(await again.next())[:2] for _ in range(2)] == [("reset", "2.0"), ("entry", "2.1")]


async def test_what_was_let_go_meanwhile_is_told() -> None:
    engine = make_engine(limits=Limits(journal_entries=2))
    for _ in range(5):
        tenant_of(engine).submit(make_call())
    heard = Heard(engine, "?since=1")
    assert await heard.next() == ("dropped", "1.3", {"entries": 2})
    assert [(await heard.next())[1] for _ in range(2)] == ["1.4", "1.5"]


async def test_a_silent_stream_shows_that_it_lives() -> None:
    engine, clock = make_engine(), ManualClock()
    tenant = tenant_of(engine)
    feed = EntryFeed(lambda: engine.find(tenant.key), lambda _: True, 1, 0, clock).events()
    assert b"retry: 1000" in await anext(feed)
    waiting = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    clock.advance(HEARTBEAT_SECONDS)
    assert await within_limit(waiting) == b": nothing new\n\n"
    await feed.aclose()


async def test_it_ends_with_its_tenant() -> None:
    engine = busy()
    heard = Heard(engine)
    await heard.pieces(1)
    waiting = asyncio.ensure_future(anext(heard.events))
    await asyncio.sleep(0)
    engine.drop("id:secret")
    with pytest.raises(StopAsyncIteration):
        await within_limit(waiting)


async def test_there_is_a_bound_on_listeners() -> None:
    house = make_context(make_engine())
    heard = [Heard(house) for _ in range(MAX_LISTENERS + 1)]
    for one in heard[:MAX_LISTENERS]:
        await one.pieces(1)
    with pytest.raises(StopAsyncIteration):
        await anext(heard[-1].events)
    assert expect_error(house, "GET", "/journal/live").status == 503
    for one in heard:
        await one.events.aclose()
    assert house.live_streams == 0


def test_an_event_id_that_is_none_is_refused() -> None:
    for last in ("57", "x.y", "1.2.3"):
        assert expect_error(make_engine(), "GET", "/journal/live", Last_Event_ID=last).status == 400


async def test_it_is_read_over_http_and_ends_with_the_server() -> None:
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
