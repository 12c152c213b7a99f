"""Codec of realtime sockets: msgpack maps in binary frames, control messages as JSON text.

Source, unless stated otherwise: client (docs/reference/realtime.md#realtime-sessions).
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from typing import Any

import msgpack

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, iso

IDLE_SECONDS = 60.0
"""How long a session waits for an input. An app may set any time; this one is fakefal's choice.

The SDK's default is no timeout (fal 1.83.0 realtime.py: ``session_timeout=None``).
"""

MIN_BUFFERING, MAX_BUFFERING = 1, 60
"""Bounds of ``max_buffering``, the number of buffered inputs."""

NORMAL, GOING_AWAY, INTERNAL_ERROR = 1000, 1001, 1011
"""Close codes (RFC 6455 section 7.4.1). The SDK closes with 1000, after errors too."""

GARBAGE_FRAME = b"\xc1\xff\xfe no codec reads this \x80"
"""An undecodable frame: msgpack never uses the byte 0xC1
(https://github.com/msgpack/msgpack/blob/master/spec.md)."""

TEXT_FRAME_REASON = "'bytes'"
"""The error of an app that receives a text frame: Starlette's ``receive_bytes`` raises KeyError.

Source: client (docs/reference/open-questions.md#realtime-text-frames).
"""

_IMAGE_APP = re.compile(r"lcm|lightning")
_DATA_URI = re.compile(r"data:[^,]*;base64,")

_MAX_DEPTH = 200
"""The same limit as for JSON bodies."""


class FrameError(ValueError):
    """An invalid binary frame; the text is the ``reason`` in the error message to the caller."""


def decode_input(frame: bytes) -> dict[str, Json]:
    """Decode an input to JSON; raises FrameError.

    Bytes become a data URI, timestamps ISO 8601. Infinite numbers, NaN, other extension types and
    more than 200 levels are errors.
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
        raise FrameError(f"{value} is not a JSON number")
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is msgpack.Timestamp:
        return iso(value.to_unix())
    raise FrameError(f"cannot read {kind.__name__}")


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else key.decode("utf-8", "replace")


def encode_output(body: Json) -> bytes:
    """Encode an output; raises FrameError if it is not a map, or has integers over 64 bits."""
    if not isinstance(body, dict):
        raise FrameError(f"Expected a dict or pydantic model as output, got {type(body)}")
    return encode_message(body)


def sends_image_bytes(endpoint: str) -> bool:
    """Whether a realtime app gives ``request_id`` back, and sends images as bytes.

    Source: inferred from fal's demo pages for the LCM and lightning models
    (docs/reference/realtime.md#images-as-bytes).
    """
    return _IMAGE_APP.search(endpoint) is not None


def with_image_bytes(body: Json) -> Json:
    """An output whose ``images`` have bytes as ``content``, not data URIs as ``url``."""
    if not isinstance(body, dict) or not isinstance(body.get("images"), list):
        return body
    return {**body, "images": [_with_content(image) for image in body["images"]]}


def _with_content(image: Any) -> Any:
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or (scheme := _DATA_URI.match(url)) is None:
        return image
    content = b64decode(url[scheme.end() :])
    return {"content": content, **{name: image[name] for name in image if name != "url"}}


def encode_message(value: Json) -> bytes:
    """Encode any JSON as msgpack; raises FrameError for integers over 64 bits."""
    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(str(error)) from None
    return packed


def decode_message(frame: bytes | str) -> Json:
    """Decode a message of any app for matchers.

    JSON text and msgpack bytes are decoded if they hold an object or a list. Other text is returned
    as it is, other bytes as a data URI.
    """
    try:
        message = decode(frame.encode()) if isinstance(frame, str) else _to_json(_unpack(frame), 0)
    except ValueError:
        message = None
    if isinstance(message, (dict, list)):
        return message
    return frame if isinstance(frame, str) else _data_uri(frame)


def _unpack(frame: bytes) -> Any:
    try:
        return msgpack.unpackb(frame, raw=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise FrameError(str(error) or type(error).__name__) from None


def _data_uri(data: bytes) -> str:
    return f"data:application/octet-stream;base64,{b64encode(data).decode()}"


def timings_message(seconds: float) -> str:
    """The message with an output's duration, sent after the output. Clients ignore it."""
    message = {"type": "x-fal-message", "action": "timings", "timing": seconds}
    return json.dumps(message, separators=(",", ":"))


def denied_message(status: int, reason: str) -> str:
    """The message to a socket that is rejected after the handshake.

    Source: client for 401, inferred for others (docs/reference/realtime.md#realtime-sessions).
    """
    error = "Unauthorized" if status == 401 else reason
    return json.dumps({"status": "error", "error": error}, separators=(",", ":"))


def internal_error_message(reason: str) -> str:
    """The message of a failed app; a close with 1000 follows."""
    return _error_message("INTERNAL_ERROR", reason)


def error_reason(body: Json) -> str:
    """The ``reason`` for a failure with this HTTP body: its ``detail`` as text.

    Apps send ``str(exception)``, which is not known for each failure. A list of validation errors
    becomes ``body.prompt: Field required; …``. Source: inferred.
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
    loc = item.get("loc")
    location = ".".join(map(str, loc)) if isinstance(loc, list) else ""
    return f"{location}: {item['msg']}" if location else str(item["msg"])


def _error_message(error: str, reason: str) -> str:
    """Compact JSON in UTF-8, as Starlette's ``send_json`` writes it."""
    message = {"type": "x-fal-error", "error": error, "reason": reason}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


TIMEOUT_MESSAGE = _error_message("TIMEOUT", "no inputs, reconnect when needed!")
"""The message at the end of an idle session; a close with 1000 follows."""
