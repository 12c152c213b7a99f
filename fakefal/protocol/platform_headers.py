"""Validates the platform headers and ``fal_max_queue_length``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.core.platform_options import CONDITIONS
from fakefal.protocol.errors.errors import ApiError, bad_request

MAX_TAGS = 10
MAX_TAGS_BYTES = 1024

_TAGS = "X-Fal-Tags"
_FLAGS = frozenset({"0", "1", "true", "false", "yes", "no"})
_COUNT = re.compile(r"[0-9]{1,18}")


def read_platform_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The platform headers of a request, by lower-case names.

    Raises a 400 for the first malformed one; bad tags are dropped. Source: documented names, client
    (dropped tags: docs/reference/protocol.md#request-headers), inferred validation
    (docs/reference/protocol.md#request-headers).
    """
    values: dict[str, str] = {}
    for lowered, name, is_valid in _CHECKS:
        value = headers.get(lowered)
        if value is None:
            continue
        if name == _TAGS and not is_valid(value):
            continue
        if not is_valid(value):
            raise _malformed(f"{name} header", value)
        values[lowered] = value
    return values


def check_queue_length(value: str | None) -> None:
    """Raise a 400 for a ``fal_max_queue_length`` that is not a number.

    Source: inferred (docs/reference/protocol.md#submit).
    """
    if value is not None and _COUNT.fullmatch(value) is None:
        raise _malformed("fal_max_queue_length parameter", value)


def _malformed(what: str, value: str) -> ApiError:
    shown = value if len(value) <= 100 else f"{value[:99]}…"
    return bad_request(f"Invalid {what}: {shown!r}")


def _is_priority(text: str) -> bool:
    return text in ("normal", "low")


def _is_timeout(text: str) -> bool:
    try:
        return 0.1 < float(text) < float("inf")
    except ValueError:
        return False


def _is_flag(text: str) -> bool:
    return text.strip().lower() in _FLAGS


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = decode(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_retry_config(text: str) -> bool:
    config = _object(text)
    return config is not None and all(
        name in CONDITIONS and isinstance(budget, dict) and _is_count(budget.get("retries", 0))
        for name, budget in config.items()
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_lifecycle(text: str) -> bool:
    preference = _object(text)
    if preference is None:
        return False
    seconds = preference.get("expiration_duration_seconds")
    acl = preference.get("initial_acl")
    is_duration = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return (seconds is None or (is_duration and seconds > 0)) and (
        acl is None or isinstance(acl, dict)
    )


def _are_tags(text: str) -> bool:
    """Up to ten ``name=value``, separated by commas. Names may not begin with ``fal.``."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TAGS_BYTES:
        return False
    tags = [tag.strip().partition("=") for tag in text.split(",")] if text.strip() else []
    return len(tags) <= MAX_TAGS and all(
        name and is_pair and not name.startswith("fal.") for name, is_pair, _ in tags
    )


_CHECKS: tuple[tuple[str, str, Callable[[str], bool]], ...] = tuple(
    (name.lower(), name, is_good)
    for name, is_good in (
        ("X-Fal-Queue-Priority", _is_priority),
        ("X-Fal-Request-Timeout", _is_timeout),
        ("X-Fal-No-Retry", _is_flag),
        ("X-Fal-Retry-Config", _is_retry_config),
        ("X-Fal-Object-Lifecycle-Preference", _is_lifecycle),
        ("X-Fal-Store-IO", _is_flag),
        (_TAGS, _are_tags),
    )
)

PLATFORM_HEADERS = tuple(name for name, _, _ in _CHECKS)
"""Their lower-case names."""
