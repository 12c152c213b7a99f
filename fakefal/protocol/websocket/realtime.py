"""Realtime sockets: msgpack maps in binary frames both ways, control messages as JSON text.

Source of all: client and SDK (protocol.md section 11.1), unless said otherwise.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, iso

IDLE_SECONDS = 60.0
"""How long a session waits for an input. fal leaves that to each app, and the SDK's own default is
for ever (fal 1.83.0 realtime.py: ``session_timeout=None``); the number is the fake's."""

MIN_BUFFERING, MAX_BUFFERING = 1, 60
"""Bounds of ``max_buffering``: how many inputs may wait."""

NORMAL, GOING_AWAY, INTERNAL_ERROR = 1000, 1001, 1011
"""Close codes (RFC 6455 section 7.4.1). Both ends that the SDK knows are 1000."""

GARBAGE_FRAME = b"\xc1\xff\xfe no codec reads this \x80"
"""A frame that makes no sense: 0xC1 is the one byte that msgpack never uses."""

TEXT_FRAME_REASON = "'bytes'"
"""What an app says of a text frame: the KeyError of Starlette's ``receive_bytes``.

Source: SDK's code (protocol.md section 16 row 34).
"""

_MAX_DEPTH = 200
"""The nesting that JSON bodies may have too."""


class FrameError(ValueError):
    """A binary frame that is no input; the text is the ``reason`` that the caller is told."""


def decode_input(frame: bytes) -> dict[str, Json]:
    """The input in a binary frame, as the JSON it would be; raises FrameError.

    JSON has no bytes and no instants: bytes become a data URI, timestamps ISO 8601. Numbers that
    are not finite, other extension types, and more than 200 levels are refused.
    """
    value = _unpack(frame)
    if not isinstance(value, dict):
        raise FrameError(f"argument after ** must be a mapping, not {type(value).__name__}")
    body: dict[str, Json] = _to_json(value, 0)
    return body


def _to_json(value: Any, depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise FrameError(f"nested over {_MAX_DEPTH} levels deep")
    kind = type(value)
    if kind is dict:
        return {_key_text(key): _to_json(inner, depth + 1) for key, inner in value.items()}
    if kind is list:
        return [_to_json(inner, depth + 1) for inner in value]
    if kind is bytes:
        return _data_uri(value)
    if kind is float and not math.isfinite(value):
        raise FrameError(f"{value} is no number of JSON")
    if value is None or kind in (bool, int, float, str):
        return value
    import msgpack

    if kind is msgpack.Timestamp:
        return iso(value.to_unix())
    raise FrameError(f"cannot read {kind.__name__}")


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else key.decode("utf-8", "replace")


def encode_output(body: Json) -> bytes:
    """An output as a binary frame; raises FrameError for what an app could not send either.

    Only maps are outputs, and msgpack's integers have 64 bits.
    """
    if not isinstance(body, dict):
        raise FrameError(f"Expected a dict or pydantic model as output, got {type(body)}")
    return encode_message(body)


def encode_message(value: Json) -> bytes:
    """Any JSON as msgpack; raises FrameError for integers of more than 64 bits."""
    import msgpack

    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(str(error)) from None
    return packed


def decode_message(frame: bytes | str) -> Json:
    """A message of any app as the JSON that matchers see.

    Text that holds a JSON object or list is that, and so are bytes that hold one in msgpack; other
    text is itself, other bytes are a data URI.
    """
    try:
        message = decode(frame.encode()) if isinstance(frame, str) else _to_json(_unpack(frame), 0)
    except ValueError:
        message = None
    if isinstance(message, (dict, list)):
        return message
    return frame if isinstance(frame, str) else _data_uri(frame)


def _unpack(frame: bytes) -> Any:
    import msgpack  # most servers never see a socket

    try:
        return msgpack.unpackb(frame, raw=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise FrameError(str(error) or type(error).__name__) from None


def _data_uri(data: bytes) -> str:
    return f"data:application/octet-stream;base64,{b64encode(data).decode()}"


def timings_message(seconds: float) -> str:
    """How long an output took, after it. Clients pass over it."""
    message = {"type": "x-fal-message", "action": "timings", "timing": seconds}
    return json.dumps(message, separators=(",", ":"))


def denied_message(status: int, reason: str) -> str:
    """What a socket tells that is refused after it was opened, before it is closed.

    Source: client for 401 (protocol.md section 11.1), inferred for others.
    """
    error = "Unauthorized" if status == 401 else reason
    return json.dumps({"status": "error", "error": error}, separators=(",", ":"))


def internal_error_message(reason: str) -> str:
    """The control message of an app that failed; a close with 1000 follows."""
    return _error_message("INTERNAL_ERROR", reason)


def error_reason(body: Json) -> str:
    """The ``reason`` for a failure that has this body over HTTP.

    Apps tell ``str(exception)``; how that looks for each failure is not known, so it is the
    ``detail``, and for a list of flaws each as ``body.prompt: Field required``.
    """
    if isinstance(body, bytes):
        return body.decode("utf-8", "replace")
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, list):
        return "; ".join(map(_format_validation_error, detail))
    return detail if isinstance(detail, str) else json.dumps(detail)


def _format_validation_error(item: Json) -> str:
    if not isinstance(item, dict) or "msg" not in item:
        return json.dumps(item)
    location = ".".join(map(str, item.get("loc", ())))
    return f"{location}: {item['msg']}" if location else str(item["msg"])


def _error_message(error: str, reason: str) -> str:
    """Compact and not escaped, as Starlette's ``send_json`` writes."""
    message = {"type": "x-fal-error", "error": error, "reason": reason}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


TIMEOUT_MESSAGE = _error_message("TIMEOUT", "no inputs, reconnect when needed!")
"""The regular end of a session, before a close with 1000."""
