"""Realtime sockets: msgpack maps in binary frames both ways, control messages as JSON text.

Source of all: client and SDK (protocol.md section 11.1), unless said otherwise.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from typing import Any

from fakefal.protocol.call import Json
from fakefal.protocol.texts import iso

IDLE_SECONDS = 60.0
"""How long a session waits for an input. fal leaves that to each app, and the SDK's own default is
for ever (fal 1.83.0 realtime.py: ``session_timeout=None``); the number is the fake's."""

MIN_BUFFERING, MAX_BUFFERING = 1, 60
"""Bounds of ``max_buffering``: how many inputs may wait."""

NORMAL, GOING_AWAY, FAILED = 1000, 1001, 1011
"""Close codes (RFC 6455 section 7.4.1). Both ends that the SDK knows are 1000."""

TEXT_REASON = "'bytes'"
"""What an app says of a text frame: the KeyError of Starlette's ``receive_bytes``.

Source: SDK's code (protocol.md section 16 row 34).
"""

_DEPTH = 200
"""The nesting that JSON bodies may have too."""


class FrameError(ValueError):
    """A binary frame that is no input; the text is the ``reason`` that the caller is told."""


def decode_input(frame: bytes) -> dict[str, Json]:
    """The input in a binary frame, as the JSON it would be; raises FrameError.

    JSON has no bytes and no instants: bytes become a data URI, timestamps ISO 8601. Numbers that
    are not finite, other extension types, and more than 200 levels are refused.
    """
    import msgpack  # most servers never see a socket

    try:
        value = msgpack.unpackb(frame, raw=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise FrameError(str(error) or type(error).__name__) from None
    if not isinstance(value, dict):
        raise FrameError(f"argument after ** must be a mapping, not {type(value).__name__}")
    found: dict[str, Json] = _json(value, 0)
    return found


def _json(value: Any, depth: int) -> Json:
    if depth > _DEPTH:
        raise FrameError(f"nested over {_DEPTH} levels deep")
    kind = type(value)
    if kind is dict:
        return {_name(key): _json(inner, depth + 1) for key, inner in value.items()}
    if kind is list:
        return [_json(inner, depth + 1) for inner in value]
    if kind is bytes:
        return f"data:application/octet-stream;base64,{b64encode(value).decode()}"
    if kind is float and not math.isfinite(value):
        raise FrameError(f"{value} is no number of JSON")
    if value is None or kind in (bool, int, float, str):
        return value
    import msgpack

    if kind is msgpack.Timestamp:
        return iso(value.to_unix())
    raise FrameError(f"cannot read {kind.__name__}")


def _name(key: Any) -> str:
    return key if isinstance(key, str) else key.decode("utf-8", "replace")


def encode_output(body: Json) -> bytes:
    """An output as a binary frame; raises FrameError for what an app could not send either.

    Only maps are outputs, and msgpack's integers have 64 bits.
    """
    import msgpack

    if not isinstance(body, dict):
        raise FrameError(f"Expected a dict or pydantic model as output, got {type(body)}")
    try:
        packed: bytes = msgpack.packb(body, use_bin_type=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(str(error)) from None
    return packed


def internal_error(reason: str) -> str:
    """The control message of an app that failed; a close with 1000 follows."""
    return _error("INTERNAL_ERROR", reason)


def reason_of(body: Json) -> str:
    """The ``reason`` for a failure that has this body over HTTP.

    Apps tell ``str(exception)``; how that looks for each failure is not known, so it is the
    ``detail``, and for a list of flaws each as ``body.prompt: Field required``.
    """
    if isinstance(body, bytes):
        return body.decode("utf-8", "replace")
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, list):
        return "; ".join(map(_flaw, detail))
    return detail if isinstance(detail, str) else json.dumps(detail)


def _flaw(item: Json) -> str:
    if not isinstance(item, dict) or "msg" not in item:
        return json.dumps(item)
    place = ".".join(map(str, item.get("loc", ())))
    return f"{place}: {item['msg']}" if place else str(item["msg"])


def _error(error: str, reason: str) -> str:
    """Compact and not escaped, as Starlette's ``send_json`` writes."""
    message = {"type": "x-fal-error", "error": error, "reason": reason}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


TIMEOUT = _error("TIMEOUT", "no inputs, reconnect when needed!")
"""The regular end of a session, before a close with 1000."""
