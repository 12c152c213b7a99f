"""JSON and timestamps in fal's formats."""

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
    """Compact JSON in UTF-8. Source: recorded (docs/reference/protocol.md#submit).

    With a lone surrogate, which UTF-8 cannot encode, the whole text becomes escaped ASCII.
    """
    try:
        return to_json(value)
    except ValueError:
        return encode_ascii(value).encode()


def encode_spaced(value: Any) -> bytes:
    """JSON with spaces after commas and colons, as Python's json writes it.

    Source: recorded (docs/reference/open-questions.md#spaces-in-auth-errors).
    """
    return json.dumps(value).encode()


def encode_ascii(value: Any) -> str:
    """Compact JSON in ASCII, for event streams.

    The JS clients decode each network chunk separately, so a character split between two chunks
    becomes U+FFFD. Source: client (docs/reference/clients.md#stream-parsing).
    """
    return json.dumps(value, separators=(",", ":"))


def decode(data: bytes) -> Any:
    """Parse JSON; raises ValueError with the reason.

    Rejects NaN, infinities, numbers too large for a float (``1e400``) and more than 200 levels.
    """
    value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    if _is_infinite(value):
        raise ValueError("number out of range")
    return value


def _is_infinite(value: Any) -> bool:
    """Whether a value contains a number that overflowed to infinity."""
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
    """A Unix timestamp in the format of fal's logs: ``2026-01-01T00:00:00.000000Z``.

    Clamped to years 1 to 9999, the range of ``datetime``.
    """
    microseconds = min(max(round(instant * 1_000_000), _MIN_MICROSECONDS), _MAX_MICROSECONDS)
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
