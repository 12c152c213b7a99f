"""fal.run: the OpenAI-compatible endpoints of openrouter/router."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing

from fakefal.engine.calls.direct_calls import StreamedReply
from fakefal.engine.core.clock import Clock
from fakefal.engine.tenant import Tenant
from fakefal.handlers import run
from fakefal.handlers.http import (
    EVENT_STREAM_HEADERS,
    EventStreamResponse,
    HttpResponse,
    Request,
    caller_of,
    endpoint_of,
    read_call,
    response_for_outcome,
    tenant_of,
)
from fakefal.protocol import sse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call
from fakefal.protocol.core.endpoints import ROUTER_APP
from fakefal.protocol.core.json_codec import encode_ascii
from fakefal.protocol.errors.errors import method_not_allowed, unknown_path
from fakefal.protocol.llm.endpoints import is_unknown_path

_V1 = f"{ROUTER_APP}/openai/v1"

_DONE = sse.DATA_LF.encode("[DONE]")
_PROCESSING = sse.DATA_LF.comment("OPENROUTER PROCESSING")
"""A comment that is sent before a delayed first event.

Source: inferred (docs/reference/llm.md#openai-compatible-endpoints).
"""


async def post(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /openrouter/router/openai/v1/…``: JSON, or events with ``stream: true``.

    Source: documented (docs/reference/llm.md#openai-compatible-endpoints).
    """
    tenant, endpoint = caller_of(request, parts["endpoint"])
    llm_call = read_call(request, endpoint, "run")
    _note_bearer(request, tenant, llm_call)
    if wants_stream(llm_call):
        llm_call.via = "stream"
        if tenant.resolver.has_callables:
            await tenant.resolver.prepare(llm_call, "stream")
        return event_stream(request, tenant.stream(llm_call), tenant.clock)
    resolution = await tenant.run(llm_call)
    outcome = resolution.rendered.outcome
    return response_for_outcome(
        request, outcome, resolution.request_id, resolution.units, resolution.fault
    )


async def get(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET``: 405, or 404 for an unknown path. The key is checked first."""
    endpoint = endpoint_of(parts["endpoint"])
    tenant_of(request, endpoint)
    raise unknown_path(endpoint.path) if is_unknown_path(endpoint) else method_not_allowed()


def wants_stream(call: Call) -> bool:
    """Whether a call is to these endpoints and requests a stream."""
    is_router_call = call.endpoint.text.startswith(_V1)
    return is_router_call and isinstance(call.input, dict) and call.input.get("stream") is True


def event_stream_factory(
    call: Call,
) -> Callable[[Request, StreamedReply, Clock], EventStreamResponse]:
    """The function that builds the event stream of a call, in the format of its endpoint."""
    return event_stream if call.endpoint.text.startswith(_V1) else run.event_stream


def event_stream(request: Request, streaming: StreamedReply, clock: Clock) -> EventStreamResponse:
    """The event stream of a call, in OpenAI's format."""
    return EventStreamResponse(
        _pace_events(request, streaming, clock),
        sse.CONTENT_TYPE,
        (*EVENT_STREAM_HEADERS, *streaming.headers),
        streaming.request_id,
        streaming.fault,
    )


async def _pace_events(
    request: Request, streaming: StreamedReply, clock: Clock
) -> AsyncGenerator[bytes, None]:
    """The encoded events at their pace, preceded by a comment if the first is delayed."""
    if streaming.pacing.first_seconds:
        yield _PROCESSING
    async with aclosing(
        run.pace_events(request, streaming, clock, _encode_events(streaming))
    ) as chunks:
        async for chunk in chunks:
            yield chunk


def _encode_events(streaming: StreamedReply) -> Iterator[bytes]:
    """Events with a ``type`` get it as their SSE event name; ``[DONE]`` is the last event.

    Source: documented (docs/reference/llm.md#openai-compatible-endpoints),
    client (openai 3.54.0 _streaming.py).
    """
    pacing = streaming.pacing
    for event in streaming.events:
        event_type = event.get("type") if isinstance(event, dict) else None
        framing = sse.Framing("\n", event_type) if isinstance(event_type, str) else sse.DATA_LF
        yield framing.encode(encode_ascii(event))
    if pacing.has_final_event and pacing.error_after is None:
        yield _DONE


def _note_bearer(request: Request, tenant: Tenant, call: Call) -> None:
    """Journal a warning for an API key sent as Bearer, which fal rejects.

    Source: documented (docs/reference/errors.md#account-and-routing-errors).
    """
    credential = names.read_credential(request.headers.get("Authorization"))
    if credential is not None and credential.scheme == "bearer" and ":" in credential.token:
        note = "fal rejects an API key sent as Bearer: send Authorization: Key …"
        tenant.record("lint", 200, note, call)
