"""JSON and instants as the wire has them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from pydantic_core import from_json, to_json

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MIN_MICROSECONDS = -62_135_596_800_000_000
_MAX_MICROSECONDS = 253_402_300_799_999_999
_MAY_BE_INFINITE = frozenset((dict, list, float))


def encode(value: Any) -> bytes:
    """JSON as fal's answers have it: compact, UTF-8. Source: recorded (protocol.md section 3.1).

    Half characters (lone surrogates), which UTF-8 cannot hold, are written as escapes.
    """
    try:
        return to_json(value)
    except ValueError:
        return encode_ascii(value).encode()


def encode_ascii(value: Any) -> str:
    """Compact JSON in ASCII, for event streams.

    The JS clients decode each network chunk on its own, so a character cut in two would turn into
    U+FFFD; ASCII cannot be cut. Source: protocol.md section 5 (client).
    """
    return json.dumps(value, separators=(",", ":"))


def decode(data: bytes) -> Any:
    """Parse JSON; raises ValueError with the reason. NaN and infinities are not JSON.

    Neither are numbers too large for a float, such as ``1e400``, and nesting over 200 levels.
    """
    value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    if _is_infinite(value):
        raise ValueError("number out of range")
    return value


def _is_infinite(value: Any) -> bool:
    """Whether a number somewhere in the value was too large for a float."""
    kind = type(value)
    if kind is dict:
        value = value.values()
    elif kind is not list:
        return kind is float and value - value != 0
    for inner in value:
        kind = type(inner)
        if kind in _MAY_BE_INFINITE and _is_infinite(inner):
            return True
    return False


def iso(instant: float) -> str:
    """An instant, seconds since 1970, as fal's logs have it: ``2026-01-01T00:00:00.000000Z``.

    Instants before year 1 or after year 9999 become the first or last that has a date.
    """
    microseconds = min(max(round(instant * 1_000_000), _MIN_MICROSECONDS), _MAX_MICROSECONDS)
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
