"""Responses of scripted routes, and the built-in responses that they change."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from fakefal.addressing import Address
from fakefal.engine.core.clock import Clock
from fakefal.engine.routes.resolver import RouteAnswer
from fakefal.handlers.http import (
    BufferedResponse,
    EventStreamResponse,
    HttpResponse,
    WebSocketSession,
)
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.route_request import RouteRequest


def read_route_request(
    method: str, address: Address, path: str, headers: Mapping[str, str], body: bytes
) -> RouteRequest:
    """The request as routes match it; ``path`` is percent-decoded."""
    return RouteRequest(method, address.host, path, address.query, _without_secrets(headers), body)


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers by lower-case name; of credentials only the scheme, so that they can be matched.

    ``Key id:secret`` becomes ``Key …``.
    """
    safe_headers = dict(names.without_credentials(headers.items()))
    for name, value in headers.items():
        if name.lower() not in safe_headers:
            scheme, space, _ = value.partition(" ")
            safe_headers[name.lower()] = f"{scheme} …" if space and scheme.isalpha() else "…"
    return safe_headers


async def respond(answer: RouteAnswer, clock: Clock) -> HttpResponse:
    """The response of an answer, after its pause on the clock."""
    if answer.pause_seconds:
        await clock.wait_until(clock.later(clock.now(), answer.pause_seconds))
    rendered = answer.rendered
    if rendered.chunks is None:
        return BufferedResponse(
            rendered.status or 200,
            rendered.payload,
            rendered.headers,
            rendered.content_type,
            fault=answer.fault,
        )
    return EventStreamResponse(
        _pace(answer, clock),
        rendered.content_type,
        rendered.headers,
        fault=answer.fault,
        status=rendered.status or 200,
        is_event_stream=rendered.content_type.startswith("text/event-stream"),
    )


async def _pace(answer: RouteAnswer, clock: Clock) -> AsyncGenerator[bytes, None]:
    for chunk in answer.rendered.chunks or ():
        if chunk.wait_seconds:
            await clock.wait_until(clock.later(clock.now(), chunk.wait_seconds))
        if chunk.data:
            yield chunk.data


def change_builtin(response: HttpResponse, answer: RouteAnswer) -> HttpResponse:
    """A built-in response with the status, headers and fault of a route; sockets stay as they are.

    A header replaces one of the same name.
    """
    if isinstance(response, WebSocketSession):
        return response
    rendered = answer.rendered
    replaced = {name.lower() for name, _ in rendered.headers}
    kept = tuple(pair for pair in response.headers if pair[0].lower() not in replaced)
    response.headers = (*kept, *rendered.headers)
    response.status = rendered.status or response.status
    response.fault = answer.fault or response.fault
    return response
