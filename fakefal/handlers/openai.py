"""fal.run: the OpenAI-compatible endpoints of openrouter/router."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing

from fakefal.engine.calls.direct_calls import Streaming
from fakefal.engine.core.clock import Clock
from fakefal.engine.tenant import Tenant
from fakefal.handlers import run
from fakefal.handlers.http import (
    NO_STORE,
    Answer,
    EventStream,
    Request,
    answered,
    endpoint_of,
    read_call,
    tenant_of,
)
from fakefal.protocol import sse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call
from fakefal.protocol.core.json_codec import encode_ascii
from fakefal.protocol.errors.errors import method_not_allowed, unknown_path
from fakefal.protocol.llm.endpoints import ROUTER_APP, is_unknown_path

_V1 = f"{ROUTER_APP}/openai/v1"

_DONE = sse.PLAIN.encode("[DONE]")
_PROCESSING = sse.PLAIN.comment("OPENROUTER PROCESSING")
"""What is sent while nothing is said yet. Source: inferred (protocol.md section 6.4)."""


async def call(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /openrouter/router/openai/v1/…``: whole, or as events with ``stream: true``.

    Source: documented (protocol.md section 6.4).
    """
    endpoint = endpoint_of(parts["endpoint"])
    tenant = tenant_of(request, endpoint)
    asked = read_call(request, endpoint, "run")
    _note_bearer(request, tenant, asked)
    if asks_for_stream(asked):
        asked.via = "stream"
        if tenant.answering.asks:
            await tenant.answering.ask(asked, "stream")
        return event_stream(request, tenant.stream(asked), tenant.clock)
    answer = await tenant.run(asked)
    outcome = answer.ending.outcome
    return answered(request, outcome, answer.request_id, answer.units, answer.trouble)


async def get(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET``: no path takes it; one that there is not says so. The key is checked first."""
    endpoint = endpoint_of(parts["endpoint"])
    tenant_of(request, endpoint)
    raise unknown_path(endpoint.path) if is_unknown_path(endpoint) else method_not_allowed()


def asks_for_stream(call: Call) -> bool:
    """Whether a call of these endpoints is to be answered by events."""
    is_ours = call.endpoint.text.startswith(_V1)
    return is_ours and isinstance(call.input, dict) and call.input.get("stream") is True


def event_stream_of(call: Call) -> Callable[[Request, Streaming, Clock], EventStream]:
    """What makes a stream the answer that it is, for any call."""
    return event_stream if call.endpoint.text.startswith(_V1) else run.event_stream


def event_stream(request: Request, streaming: Streaming, clock: Clock) -> EventStream:
    """A stream as these endpoints write it."""
    return EventStream(
        _paced(request, streaming, clock),
        sse.CONTENT_TYPE,
        (*NO_STORE, *streaming.headers),
        streaming.request_id,
        streaming.trouble,
    )


async def _paced(
    request: Request, streaming: Streaming, clock: Clock
) -> AsyncGenerator[bytes, None]:
    """The events; while the first is waited for, a comment says that it will come."""
    if streaming.pacing.first_seconds:
        yield _PROCESSING
    async with aclosing(run.events(request, streaming, clock, _encoded(streaming))) as chunks:
        async for chunk in chunks:
            yield chunk


def _encoded(streaming: Streaming) -> Iterator[bytes]:
    """Events that have a type are named by it; the end is told by ``[DONE]``.

    Source: documented (protocol.md section 6.4), client (openai 3.54.0 _streaming.py).
    """
    pacing = streaming.pacing
    for event in streaming.events:
        kind = event.get("type") if isinstance(event, dict) else None
        framing = sse.Framing("\n", kind) if isinstance(kind, str) else sse.PLAIN
        yield framing.encode(encode_ascii(event))
    if pacing.is_finished and pacing.broken is None:
        yield _DONE


def _note_bearer(request: Request, tenant: Tenant, asked: Call) -> None:
    """Say in the journal that fal takes no API key as Bearer (protocol.md sections 6.4, 7.3)."""
    credential = names.read_credential(request.headers.get("Authorization"))
    if credential is not None and credential.scheme == "bearer" and ":" in credential.token:
        note = "fal refuses an API key sent as Bearer: send Authorization: Key …"
        tenant.note("lint", 200, note, asked)
