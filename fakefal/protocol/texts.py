"""JSON and instants as the wire has them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from pydantic_core import from_json, to_json

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST = -62_135_596_800_000_000
_LAST = 253_402_300_799_999_999


def encode(value: Any) -> bytes:
    """JSON as fal's answers have it: compact, UTF-8. Source: recorded (protocol.md section 3.1)."""
    return to_json(value)


def encode_ascii(value: Any) -> str:
    """Compact JSON in ASCII, for event streams.

    The JS clients decode each network chunk on its own, so a character cut in two would turn into
    U+FFFD; ASCII cannot be cut. Source: protocol.md section 5 (client).
    """
    return json.dumps(value, separators=(",", ":"))


def decode(data: bytes) -> Any:
    """Parse JSON; raises ValueError with the reason. NaN and infinities are not JSON."""
    return from_json(data, allow_inf_nan=False, cache_strings="keys")


def iso(instant: float) -> str:
    """An instant, seconds since 1970, as fal's logs have it: ``2026-01-01T00:00:00.000000Z``.

    Instants before year 1 or after year 9999 become the first or last that has a date.
    """
    microseconds = min(max(round(instant * 1_000_000), _FIRST), _LAST)
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
