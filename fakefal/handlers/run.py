"""fal.run: direct runs and streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping

from fakefal.engine.calls.direct_calls import Streaming
from fakefal.engine.core.clock import Clock
from fakefal.handlers.http import (
    NO_STORE,
    Answer,
    EventStream,
    Request,
    answered,
    endpoint_of,
    granted_tenant,
    linked,
    read_call,
    tenant_of,
)
from fakefal.protocol import sse
from fakefal.protocol.core.json_codec import encode_ascii
from fakefal.protocol.errors.errors import method_not_allowed

_KEPT_BYTES = 1_000_000
"""A stream that is always the same is kept encoded if it is no longer than this."""

_JOINED_BYTES = 65_536
"""Events due at once are joined up to this size, so that a long stream is not held in memory."""


async def run(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /{endpoint}``: the bare output, or the failure at once.

    Source: protocol.md section 4.
    """
    endpoint = endpoint_of(parts["endpoint"])
    tenant = tenant_of(request, endpoint)
    answer = await tenant.run(read_call(request, endpoint, "run"))
    outcome = answer.ending.outcome
    return answered(request, outcome, answer.request_id, answer.units, answer.trouble)


async def get(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{endpoint}``: refused, as model endpoints are POST-only; the key is checked first.

    An app may have other routes, which an exchange names; their input is the query. Source:
    recorded, client (protocol.md section 4).
    """
    endpoint = endpoint_of(parts["endpoint"])
    tenant = tenant_of(request, endpoint)
    call = read_call(request, endpoint, "run")
    if tenant.answering.entry_for(call) is None:
        raise method_not_allowed()
    answer = await tenant.run(call)
    outcome = answer.ending.outcome
    return answered(request, outcome, answer.request_id, answer.units, answer.trouble)


async def stream(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /{endpoint}/stream``: server-sent events. Source: protocol.md section 5."""
    endpoint = endpoint_of(parts["endpoint"])
    request.tenant = granted_tenant(request, endpoint)
    tenant = tenant_of(request, endpoint)
    call = read_call(request, endpoint, "stream")
    if tenant.answering.asks:
        await tenant.answering.ask(call, "stream")
    return event_stream(request, tenant.stream(call), tenant.clock)


def event_stream(request: Request, streaming: Streaming, clock: Clock) -> EventStream:
    """A stream as the answer that it is."""
    return EventStream(
        events(request, streaming, clock, _encoded(streaming)),
        sse.CONTENT_TYPE,
        (*NO_STORE, *streaming.headers),
        streaming.request_id,
        streaming.trouble,
    )


async def events(
    request: Request, streaming: Streaming, clock: Clock, encoded: Iterator[bytes]
) -> AsyncGenerator[bytes, None]:
    """The events as they are paced; what is due at once goes out in one piece."""
    pacing = streaming.pacing
    is_paced = pacing.is_paced
    stall_at, stall_seconds = pacing.stalled or (-1, 0.0)
    due = clock.later(clock.now(), pacing.wait(0))
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
            joined += linked(request, event, streaming.links) if streaming.links else event
            if len(joined) >= _JOINED_BYTES:
                yield bytes(joined)
                joined.clear()
            if is_paced:
                due = clock.later(due, pacing.wait(number + 1))
        if joined:
            yield bytes(joined)


def _encoded(streaming: Streaming) -> Iterator[bytes]:
    """Each event's bytes; those of a stream that is always the same are worked out once."""
    if streaming.kept:
        yield from streaming.kept
        return
    framing = sse.FRAMINGS[streaming.sse]
    fresh: list[bytes] | None = None if streaming.kept is None else []
    size = 0
    for event in streaming.events:
        data = framing.encode(encode_ascii(event))
        yield data
        size += len(data)
        if fresh is not None and size <= _KEPT_BYTES:
            fresh.append(data)
        else:
            fresh = None
    if fresh is not None and streaming.kept is not None:
        streaming.kept[:] = fresh
