"""Responses of routes, and built-in responses that they change."""

from __future__ import annotations

import asyncio

from fakefal.addressing import Address, AddressForm
from fakefal.engine.core.clock import make_clock
from fakefal.engine.routes.resolver import RouteAnswer
from fakefal.handlers.http import BufferedResponse, EventStreamResponse
from fakefal.handlers.scripted_routes import change_builtin, read_route_request, respond
from fakefal.scenario.render.route import RenderedRoute, RouteChunk


def test_the_credentials_of_a_request_are_not_kept() -> None:
    address = Address("fal.ai", "/x%20y", "a=1", AddressForm.HOST, "")
    request = read_route_request(
        "GET", address, "/x y", {"Authorization": "Key a:b", "A": "1"}, b""
    )
    assert dict(request.headers) == {"a": "1", "authorization": "Key …"}
    assert (request.path, request.query) == ("/x y", {"a": "1"})


def test_a_pause_is_on_the_clock() -> None:
    clock = make_clock("instant")
    before = clock.now()
    answer = RouteAnswer(RenderedRoute(201, (), "a/b", b"x"), None, 5)
    response = asyncio.run(respond(answer, clock))
    assert isinstance(response, BufferedResponse)
    assert (response.status, response.payload, response.content_type) == (201, b"x", "a/b")
    assert clock.now() - before == 5


def test_chunks_come_at_their_pace() -> None:
    clock = make_clock("instant")
    chunks = (RouteChunk(1, b"a"), RouteChunk(2, b""))

    async def read() -> list[bytes]:
        rendered = RenderedRoute(206, (), "a/b", chunks=chunks)
        response = await respond(RouteAnswer(rendered, None), clock)
        assert isinstance(response, EventStreamResponse)
        assert (response.status, response.is_event_stream) == (206, False)
        return [chunk async for chunk in response.chunks]

    before = clock.now()
    assert asyncio.run(read()) == [b"a"]
    assert clock.now() - before == 3


def test_headers_replace_those_of_the_built_in_response() -> None:
    builtin = BufferedResponse(200, b"{}", (("Vary", "a"), ("X-A", "b")))
    rendered = RenderedRoute(None, (("vary", "c"),))
    changed = change_builtin(builtin, RouteAnswer(rendered, None, is_builtin=True))
    assert isinstance(changed, BufferedResponse)
    assert (changed.status, changed.headers) == (200, (("X-A", "b"), ("vary", "c")))
