"""HTTP over a WebSocket: the frames between which an answer stands.

Source: documented, and client (fal 1.83.0 apps.py: ``_WSConnection``); protocol.md section 11.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fakefal.protocol.core.json_codec import encode

FRAME_BYTES = 65_536
"""Bodies are cut into frames of this size: clients refuse one of more than a megabyte."""


def start(request_id: str, status: int, headers: Iterable[tuple[str, str]]) -> str:
    """What stands before the body: ``{"type":"start","request_id":…,"status":…,"headers":…}``."""
    told = dict(headers)
    return _meta({"type": "start", "request_id": request_id, "status": status, "headers": told})


def end(request_id: str, status: int, seconds: float) -> str:
    """What stands after it; ``seconds`` is how long the first byte took."""
    told = {"type": "end", "request_id": request_id, "status": status}
    return _meta({**told, "time_to_first_byte_seconds": seconds})


def _meta(message: dict[str, object]) -> str:
    return encode(message).decode()


def frames(body: bytes) -> Iterator[bytes]:
    """A body in frames, none of which ends within a character of UTF-8."""
    at = 0
    while at < len(body):
        upto = min(at + FRAME_BYTES, len(body))
        if upto < len(body):
            whole = upto
            while whole > upto - 4 and body[whole] & 0xC0 == 0x80:
                whole -= 1
            upto = whole if body[whole] & 0xC0 != 0x80 else upto
        yield body[at:upto]
        at = upto
