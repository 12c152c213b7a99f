"""fal.run: direct runs and streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping

from fakefal.engine.calls.direct_calls import StreamedReply
from fakefal.engine.core.clock import Clock
from fakefal.handlers.http import (
    EVENT_STREAM_HEADERS,
    EventStreamResponse,
    HttpResponse,
    Request,
    caller_of,
    endpoint_of,
    granted_tenant,
    read_call,
    response_for_outcome,
    with_public_urls,
)
from fakefal.protocol import sse
from fakefal.protocol.core.json_codec import encode_ascii
from fakefal.protocol.errors.errors import method_not_allowed

_MAX_CACHED_BYTES = 1_000_000
"""A longer constant stream is not cached in its encoded form."""

_MAX_JOINED_BYTES = 65_536
"""Events that are due together are joined up to this size, so that memory stays bounded."""


async def run(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /{endpoint}``: the bare output, or the error.

    Source: documented (docs/reference/protocol.md#direct-runs).
    """
    tenant, endpoint = caller_of(request, parts["endpoint"])
    resolution = await tenant.run(read_call(request, endpoint, "run"))
    outcome = resolution.rendered.outcome
    return response_for_outcome(
        request, outcome, resolution.request_id, resolution.units, resolution.fault
    )


async def get(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /{endpoint}``: 405, as model endpoints are POST-only; the key is checked first.

    An app may have GET, PUT, PATCH and DELETE routes, which an exchange names with ``method``. The
    input of a GET, and of a DELETE without a body, is the query.

    Source: recorded, client (docs/reference/protocol.md#direct-runs).
    """
    tenant, endpoint = caller_of(request, parts["endpoint"])
    call = read_call(request, endpoint, "run")
    if tenant.resolver.exchange_for(call) is None:
        raise method_not_allowed()
    resolution = await tenant.run(call)
    outcome = resolution.rendered.outcome
    return response_for_outcome(
        request, outcome, resolution.request_id, resolution.units, resolution.fault
    )


async def stream(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /{endpoint}/stream``: server-sent events.

    Source: documented (docs/reference/protocol.md#streaming).
    """
    endpoint = endpoint_of(parts["endpoint"])
    request.tenant = granted_tenant(request, endpoint)
    tenant, _ = caller_of(request, endpoint.text)
    call = read_call(request, endpoint, "stream")
    if tenant.resolver.has_callables:
        await tenant.resolver.prepare(call, "stream")
    return event_stream(request, tenant.stream(call), tenant.clock)


def event_stream(request: Request, streaming: StreamedReply, clock: Clock) -> EventStreamResponse:
    """The event stream of a call, in the generic format of fal's apps."""
    return EventStreamResponse(
        pace_events(request, streaming, clock, _encode_events(streaming)),
        sse.CONTENT_TYPE,
        (*EVENT_STREAM_HEADERS, *streaming.headers),
        streaming.request_id,
        streaming.fault,
    )


async def pace_events(
    request: Request, streaming: StreamedReply, clock: Clock, encoded: Iterator[bytes]
) -> AsyncGenerator[bytes, None]:
    """The encoded events at their pace; events that are due together are joined."""
    pacing = streaming.pacing
    is_paced = pacing.is_paced
    stall_at, stall_seconds = pacing.stall or (-1, 0.0)
    due = clock.later(clock.now(), pacing.wait_before(0))
    joined = bytearray()
    with streaming.busy():
        for number, event in enumerate(encoded):
            if number == stall_at:
                due = clock.later(max(due, clock.now()), stall_seconds)
            if is_paced and due > clock.now():
                if joined:
                    yield bytes(joined)
                    joined.clear()
                await clock.wait_until(due)
            joined += (
                with_public_urls(request, event, streaming.links) if streaming.links else event
            )
            if len(joined) >= _MAX_JOINED_BYTES:
                yield bytes(joined)
                joined.clear()
            if is_paced:
                due = clock.later(due, pacing.wait_before(number + 1))
        if joined:
            yield bytes(joined)


def _encode_events(streaming: StreamedReply) -> Iterator[bytes]:
    """The bytes of each event; a constant stream is encoded once and cached."""
    if streaming.chunk_cache:
        yield from streaming.chunk_cache
        return
    framing = sse.FRAMINGS[streaming.sse]
    encoded: list[bytes] | None = None if streaming.chunk_cache is None else []
    size = 0
    for event in streaming.events:
        data = framing.encode(encode_ascii(event))
        yield data
        size += len(data)
        if encoded is not None and size <= _MAX_CACHED_BYTES:
            encoded.append(data)
        else:
            encoded = None
    if encoded is not None and streaming.chunk_cache is not None:
        streaming.chunk_cache[:] = encoded
