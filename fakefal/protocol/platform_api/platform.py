"""Queries, pages, timestamps and errors of the platform API (api.fal.ai/v1).

Source, unless stated otherwise: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError

MAX_IDS = 50
"""Endpoints per query."""

CURRENCY = "USD"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1_000

Item = TypeVar("Item")

_ERROR_TYPES = {
    400: "validation_error",
    401: "authorization_error",
    403: "authorization_error",
    404: "not_found",
    429: "rate_limited",
}


HEADERS = (
    ("access-control-allow-origin", "*"),
    ("cache-control", "public, max-age=0, must-revalidate"),
)
"""Of every response. Source: recorded (docs/reference/open-questions.md#platform-api-format)."""


def encode_body(body: Json) -> bytes:
    """A body of the platform API: JSON that ends in a newline.

    Source: recorded (docs/reference/open-questions.md#platform-api-format).
    """
    return encode(body) + b"\n"


def to_platform_error(error: ApiError) -> ApiError:
    """Convert an error to the platform API's shape; HTML pages and converted errors are returned as
    they are.

    Source: recorded (docs/reference/open-questions.md#platform-api-format).
    """
    body = error.body
    if isinstance(body, bytes) or (isinstance(body, dict) and "error" in body):
        return error
    status = 400 if error.status == 422 else error.status
    type_ = "server_error" if status >= 500 else _ERROR_TYPES.get(status, "validation_error")
    body = {"error": {"type": type_, "message": error.message}}
    headers = (*error.headers, *HEADERS)
    return replace(error, status=status, body=encode_body(body), headers=headers, encoded=None)


def invalid_query(message: str) -> ApiError:
    """A 400 for a malformed query."""
    return ApiError(400, {"detail": message})


def resource_not_found(message: str) -> ApiError:
    """A 404 with a message."""
    return ApiError(404, {"detail": message})


def missing_permission(permission: str) -> ApiError:
    """A 403 for keys whose scope or preset does not allow an operation."""
    detail = "This operation requires an API key with the ADMIN scope"
    return ApiError(403, {"detail": detail}, hint=f"the key lacks the permission {permission}")


class ListQuery:
    """The query of a request. A list repeats the name, or separates its values by commas."""

    def __init__(self, query: str) -> None:
        self._pairs = parse_qsl(query, keep_blank_values=True)

    def get(self, name: str) -> str | None:
        """The last value of a name."""
        values = [value for key, value in self._pairs if key == name]
        return values[-1] if values else None

    def get_list(self, name: str) -> list[str]:
        """The distinct values of a name, in order."""
        parts = [
            part.strip()
            for key, value in self._pairs
            if key in (name, f"{name}[]")
            for part in value.split(",")
        ]
        return [part for part in dict.fromkeys(parts) if part]

    def endpoints(self, *, minimum: int = 0) -> list[str]:
        """The values of ``endpoint_id``; raises a 400 for too few or too many."""
        endpoint_ids = [endpoint_id.strip("/") for endpoint_id in self.get_list("endpoint_id")]
        if not minimum <= len(endpoint_ids) <= MAX_IDS:
            raise invalid_query(f"endpoint_id: name {minimum} to {MAX_IDS} endpoints")
        return endpoint_ids

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """The value of a name; raises a 400 if it is not one of ``choices``."""
        value = self.get(name)
        if value is not None and value not in choices:
            raise invalid_query(f"{name}: one of {', '.join(choices)}")
        return value

    def instant(self, name: str) -> float | None:
        """An ISO 8601 date or time as a Unix timestamp; raises a 400 if it is malformed."""
        text = self.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
        except ValueError:
            raise invalid_query(f"{name}: an ISO 8601 date, such as 2026-01-31T00:00:00Z") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()

    def page(self, items: Sequence[Item]) -> tuple[list[Item], dict[str, Any]]:
        """The items of the requested page, and the fields about the next page.

        A cursor is the page's number in base64, without padding. Raises a 400 for a bad ``limit``
        or ``cursor``.
        """
        limit, number = self._limit(), self._number()
        start = (number - 1) * limit
        has_more = start + limit < len(items)
        cursor = _cursor(number + 1) if has_more else None
        return list(items[start : start + limit]), {"next_cursor": cursor, "has_more": has_more}

    def count(self, name: str, default: int) -> int:
        """A number from 1 on; raises a 400 for anything else."""
        text = self.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1_000_000):
            raise invalid_query(f"{name}: a number from 1")
        return int(text)

    def _limit(self) -> int:
        text = self.get("limit")
        if text is None:
            return DEFAULT_PAGE_SIZE
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE_SIZE):
            raise invalid_query(f"limit: a number from 1 to {MAX_PAGE_SIZE}")
        return int(text)

    def _number(self) -> int:
        cursor = self.get("cursor")
        if not cursor:
            return 1
        try:
            number = int(b64decode(cursor + "=" * (-len(cursor) % 4), validate=True)[:9])
        except ValueError:
            number = 0
        if number < 1:
            raise invalid_query("cursor: the next_cursor of an answer")
        return number


def _cursor(number: int) -> str:
    return b64encode(str(number).encode()).decode().rstrip("=")


TIMEFRAMES = ("minute", "hour", "day", "week", "month")


def timeframe_for(seconds: float) -> str:
    """The default timeframe of a time series of this length. Source: partly documented."""
    for limit, name in ((2 * 3600, "minute"), (2 * 86_400, "hour"), (64 * 86_400, "day")):
        if seconds <= limit:
            return name
    return "week" if seconds <= 183 * 86_400 else "month"


def bucket_of(instant: float, timeframe: str) -> str:
    """The start of the minute, hour, day, week (Monday) or month, in UTC, as ISO 8601."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    moment = epoch + timedelta(seconds=math.floor(instant))
    if timeframe != "minute":
        moment = moment.replace(minute=0)
    if timeframe not in ("minute", "hour"):
        moment = moment.replace(hour=0)
    if timeframe == "week":
        moment -= timedelta(days=moment.weekday())
    if timeframe == "month":
        moment = moment.replace(day=1)
    return moment.replace(second=0).isoformat()


def format_instant(instant: float) -> str:
    """A Unix timestamp in ISO 8601: ``2026-01-15T12:00:00.250Z``, or without ``.000``."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=round(instant, 3))
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def status_matches(status: int, outcome_filter: str | None) -> bool:
    """Whether an HTTP status is a ``success``, ``user_error`` or ``error``; None matches all."""
    if outcome_filter is None:
        return True
    kind = "success" if status < 400 else "user_error" if status < 500 else "error"
    return kind == outcome_filter
