"""HTTP over a WebSocket: the frames between which an answer stands.

Source: documented, and client (fal 1.83.0 apps.py: ``_WSConnection``); protocol.md section 11.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fakefal.protocol.core.json_codec import encode

FRAME_BYTES = 65_536
"""Bodies are cut into frames of this size: clients refuse one of more than a megabyte."""


def start_message(request_id: str, status: int, headers: Iterable[tuple[str, str]]) -> str:
    """What stands before the body: ``{"type":"start","request_id":…,"status":…,"headers":…}``."""
    fields = dict(headers)
    return _encode_message(
        {"type": "start", "request_id": request_id, "status": status, "headers": fields}
    )


def end_message(request_id: str, status: int, seconds: float) -> str:
    """What stands after it; ``seconds`` is how long the first byte took."""
    message = {"type": "end", "request_id": request_id, "status": status}
    return _encode_message({**message, "time_to_first_byte_seconds": seconds})


def _encode_message(message: dict[str, object]) -> str:
    return encode(message).decode()


def split_frames(body: bytes) -> Iterator[bytes]:
    """A body in frames, none of which ends within a character of UTF-8."""
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
