"""What a trouble makes of an answer before it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from fakefal.handlers.http import EventStream, FileBody, Response
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, encode, encode_ascii
from fakefal.protocol.errors.fault import Trouble


def spoilt(answer: Response, trouble: Trouble) -> Response:
    """An answer as the caller is to see it, if it comes whole."""
    if trouble.refusal is not None:
        refusal = trouble.refusal
        request_id = answer.request_id if refusal.identified else ""
        answer = Response(
            refusal.status, refusal.payload, refusal.headers, refusal.content_type, request_id
        )
    payload = answer.payload
    if trouble.dropped or trouble.changed:
        payload = _edited(payload, trouble)
    if trouble.body is not None:
        payload = trouble.body
    if trouble.kept is not None:
        payload = payload[: int(len(payload) * trouble.kept)]
    return replace(
        answer,
        status=trouble.status or answer.status,
        payload=payload,
        headers=(*answer.headers, *trouble.headers),
        content_type=trouble.content_type or answer.content_type,
        trouble=None,
    )


def spoilt_file(answer: FileBody, trouble: Trouble) -> FileBody | Response:
    """A file as the caller is to see it; it is held in memory only to change what is in it."""
    size = answer.stop - answer.start
    if trouble.refusal is not None or trouble.body is not None:
        whole = Response(answer.status, b"", answer.headers, answer.content_type)
        return spoilt(whole, trouble)
    if trouble.dropped or trouble.changed:
        payload = answer.blob.read(answer.start, answer.stop)
        return spoilt(
            Response(answer.status, payload, answer.headers, answer.content_type), trouble
        )
    kept = size if trouble.kept is None else int(size * trouble.kept)
    return replace(
        answer,
        status=trouble.status or answer.status,
        stop=answer.start + kept,
        headers=(*answer.headers, *trouble.headers),
        content_type=trouble.content_type or answer.content_type,
        trouble=None,
    )


def _edited(payload: bytes, trouble: Trouble) -> bytes:
    """A JSON object without the fields that are dropped, and with those that are changed."""
    try:
        body: Json = decode(payload)
    except ValueError:
        return payload
    if not isinstance(body, dict):
        return payload
    return encode(edited(body, trouble))


def edited(body: dict[str, Json], trouble: Trouble) -> dict[str, Json]:
    """An object with what the trouble drops and changes."""
    kept = {name: value for name, value in body.items() if name not in trouble.dropped}
    return {**kept, **trouble.changed}


def spoilt_stream(answer: EventStream, trouble: Trouble) -> EventStream:
    """A stream as the caller is to see it, its chunks the single events."""
    return replace(
        answer,
        chunks=_edited_events(single_events(answer.chunks), trouble),
        headers=(*answer.headers, *trouble.headers),
        content_type=trouble.content_type or answer.content_type,
        trouble=None,
    )


async def single_events(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The events of a stream one by one, each with the blank line that ends it."""
    rest = b""
    try:
        async for chunk in chunks:
            rest += chunk
            while (end := _end_of_event(rest)) > 0:
                yield rest[:end]
                rest = rest[end:]
        if rest:
            yield rest
    finally:
        await chunks.aclose()


def _end_of_event(data: bytes) -> int:
    ends = [
        data.find(blank) + len(blank) for blank in (b"\n\n", b"\r\n\r\n") if data.find(blank) >= 0
    ]
    return min(ends, default=0)


async def _edited_events(
    events: AsyncGenerator[bytes, None], trouble: Trouble
) -> AsyncGenerator[bytes, None]:
    try:
        async for event in events:
            yield _edited_event(event, trouble)
    finally:
        await events.aclose()


def _edited_event(event: bytes, trouble: Trouble) -> bytes:
    if not trouble.dropped and not trouble.changed:
        return event
    head, mark, rest = event.partition(b"data: ")
    data, end = rest.rstrip(b"\r\n"), rest[len(rest.rstrip(b"\r\n")) :]
    try:
        body: Json = decode(data)
    except ValueError:
        return event
    if not isinstance(body, dict):
        return event
    return head + mark + encode_ascii(edited(body, trouble)).encode() + end


def pieces(data: bytes, size: int) -> list[bytes]:
    """Bytes in pieces of a size, the last as long as is left."""
    return [data[start : start + size] for start in range(0, len(data), size)]
