"""Applies a fault's changes to a response before it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from fakefal.handlers.http import BufferedResponse, EventStreamResponse, FileResponse
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, encode, encode_ascii
from fakefal.protocol.errors.fault import Fault


def apply_fault(response: BufferedResponse, fault: Fault) -> BufferedResponse:
    """The response as the caller sees it, before any cut."""
    if fault.outcome is not None:
        rejection = fault.outcome
        request_id = response.request_id if rejection.has_request_id else ""
        response = BufferedResponse(
            rejection.status,
            rejection.payload,
            rejection.headers,
            rejection.content_type,
            request_id,
        )
    payload = response.payload
    if fault.removed_fields or fault.changed_fields:
        payload = _edit_payload(payload, fault)
    if fault.body is not None:
        payload = fault.body
    if fault.body_share is not None:
        payload = payload[: int(len(payload) * fault.body_share)]
    return replace(
        response,
        status=fault.status or response.status,
        payload=payload,
        headers=(*response.headers, *fault.headers),
        content_type=fault.content_type or response.content_type,
        fault=None,
    )


def apply_fault_to_file(response: FileResponse, fault: Fault) -> FileResponse | BufferedResponse:
    """The file response as the caller sees it; read into memory only to edit its JSON fields."""
    size = response.stop - response.start
    if fault.outcome is not None or fault.body is not None:
        empty = BufferedResponse(response.status, b"", response.headers, response.content_type)
        return apply_fault(empty, fault)
    if fault.removed_fields or fault.changed_fields:
        payload = response.blob.read(response.start, response.stop)
        return apply_fault(
            BufferedResponse(response.status, payload, response.headers, response.content_type),
            fault,
        )
    kept_bytes = size if fault.body_share is None else int(size * fault.body_share)
    return replace(
        response,
        status=fault.status or response.status,
        stop=response.start + kept_bytes,
        headers=(*response.headers, *fault.headers),
        content_type=fault.content_type or response.content_type,
        fault=None,
    )


def _edit_payload(payload: bytes, fault: Fault) -> bytes:
    """A JSON payload with the fault's edits; anything but an object stays as it is."""
    try:
        body: Json = decode(payload)
    except ValueError:
        return payload
    if not isinstance(body, dict):
        return payload
    return encode(edit_fields(body, fault))


def edit_fields(body: dict[str, Json], fault: Fault) -> dict[str, Json]:
    """The object without the removed fields, and with the changed ones."""
    remaining = {name: value for name, value in body.items() if name not in fault.removed_fields}
    return {**remaining, **fault.changed_fields}


def apply_fault_to_stream(response: EventStreamResponse, fault: Fault) -> EventStreamResponse:
    """The stream as the caller sees it, with one event per chunk, where it has events."""
    chunks = response.chunks
    if response.is_event_stream:
        chunks = _edit_events(split_events(chunks), fault)
    return replace(
        response,
        chunks=chunks,
        headers=(*response.headers, *fault.headers),
        content_type=fault.content_type or response.content_type,
        fault=None,
    )


async def split_events(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The events of a stream one by one, each with its final blank line."""
    buffer = b""
    try:
        async for chunk in chunks:
            buffer += chunk
            while (end := _event_end(buffer)) > 0:
                yield buffer[:end]
                buffer = buffer[end:]
        if buffer:
            yield buffer
    finally:
        await chunks.aclose()


def _event_end(data: bytes) -> int:
    ends = [
        data.find(blank) + len(blank) for blank in (b"\n\n", b"\r\n\r\n") if data.find(blank) >= 0
    ]
    return min(ends, default=0)


async def _edit_events(
    events: AsyncGenerator[bytes, None], fault: Fault
) -> AsyncGenerator[bytes, None]:
    try:
        async for event in events:
            yield _edit_event(event, fault)
    finally:
        await events.aclose()


def _edit_event(event: bytes, fault: Fault) -> bytes:
    if not fault.removed_fields and not fault.changed_fields:
        return event
    head, field_name, value = event.partition(b"data: ")
    data, end = value.rstrip(b"\r\n"), value[len(value.rstrip(b"\r\n")) :]
    try:
        body: Json = decode(data)
    except ValueError:
        return event
    if not isinstance(body, dict):
        return event
    return head + field_name + encode_ascii(edit_fields(body, fault)).encode() + end


def split_bytes(data: bytes, size: int) -> list[bytes]:
    """Bytes in parts of N bytes; the last one may be shorter."""
    return [data[start : start + size] for start in range(0, len(data), size)]
