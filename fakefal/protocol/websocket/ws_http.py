"""Messages of HTTP over a WebSocket: start, body frames, end.

Source: documented, client (docs/reference/realtime.md#http-over-websocket).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fakefal.protocol.core.json_codec import encode

FRAME_BYTES = 65_536
"""Size of a body's frames. Clients reject frames over a megabyte."""


def start_message(request_id: str, status: int, headers: Iterable[tuple[str, str]]) -> str:
    """The message before the body: ``{"type":"start","request_id":…,"status":…,"headers":…}``."""
    fields = dict(headers)
    return _encode_message(
        {"type": "start", "request_id": request_id, "status": status, "headers": fields}
    )


def end_message(request_id: str, status: int, seconds: float) -> str:
    """The message after the body. ``seconds`` is the time to the first byte."""
    message = {"type": "end", "request_id": request_id, "status": status}
    return _encode_message({**message, "time_to_first_byte_seconds": seconds})


def _encode_message(message: dict[str, object]) -> str:
    return encode(message).decode()


def split_frames(body: bytes) -> Iterator[bytes]:
    """Split a body into frames, none of which ends within a UTF-8 character."""
    start = 0
    while start < len(body):
        stop = min(start + FRAME_BYTES, len(body))
        if stop < len(body):
            boundary = stop
            while boundary > stop - 4 and body[boundary] & 0xC0 == 0x80:
                boundary -= 1
            stop = boundary if body[boundary] & 0xC0 != 0x80 else stop
        yield body[start:stop]
        start = stop
