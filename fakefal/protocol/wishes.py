"""What a caller asks of fal's platform beside the call itself, by headers and query."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakefal.protocol.texts import decode

PRIORITY = "x-fal-queue-priority"
START_TIMEOUT = "x-fal-request-timeout"
NO_RETRY = "x-fal-no-retry"
RETRY_CONFIG = "x-fal-retry-config"
STORE_IO = "x-fal-store-io"
MAX_QUEUE_LENGTH = "fal_max_queue_length"

ATTEMPTS = 10
"""How often the platform tries at most. Source: documented (protocol.md section 15)."""

CONDITIONS: dict[str, tuple[str, ...]] = {
    "timeout": ("request_timeout", "startup_timeout", "runner_connection_timeout"),
    "server_error": ("runner_incomplete_response", "runner_scheduling_failure"),
    "connection_error": (
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
    ),
}
"""The conditions of ``X-Fal-Retry-Config``, and the failures that each is taken to cover.

Source: documented names (protocol.md section 3.7); which failures is inferred.
"""

_YES = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of the platform. Source: documented (protocol.md section 3.7).

    ``start_seconds`` is the deadline for starting, ``budgets`` the retries left for a condition.
    ``max_queue_length`` refuses a request whose queue is longer.
    """

    start_seconds: float = math.inf
    is_low: bool = False
    may_retry: bool = True
    budgets: Mapping[str, int] = field(default_factory=dict)
    stores: bool = True
    max_queue_length: float = math.inf

    def retries_for(self, error_type: str) -> int:
        """How often the platform may try again after a failure."""
        if not self.may_retry:
            return 0
        for condition, covered in CONDITIONS.items():
            if error_type in covered:
                return min(self.budgets.get(condition, ATTEMPTS - 1), ATTEMPTS - 1)
        return ATTEMPTS - 1


NO_WISHES = Wishes()


def read_wishes(headers: Mapping[str, str], max_queue_length: str | None = None) -> Wishes:
    """The wishes of a request; raises ValueError that names what cannot be read."""
    priority = headers.get(PRIORITY)
    timeout = headers.get(START_TIMEOUT)
    no_retry = headers.get(NO_RETRY)
    config = headers.get(RETRY_CONFIG)
    store = headers.get(STORE_IO)
    if (
        (priority is None or priority == "normal")
        and timeout is None
        and no_retry is None
        and config is None
        and store is None
        and max_queue_length is None
    ):
        return NO_WISHES
    return Wishes(
        math.inf if timeout is None else _seconds(timeout),
        _is_low(priority),
        no_retry is None or no_retry.strip().lower() not in _YES,
        {} if config is None else _budgets(config),
        store is None or store.strip() != "0",
        math.inf if max_queue_length is None else _length(max_queue_length),
    )


def _is_low(priority: str | None) -> bool:
    if priority not in (None, "normal", "low"):
        raise ValueError(f"Invalid X-Fal-Queue-Priority header: {priority!r}")
    return priority == "low"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 < seconds < math.inf:
        raise ValueError(f"Invalid X-Fal-Request-Timeout header: {text!r}")
    return seconds


def _budgets(text: str) -> dict[str, int]:
    try:
        given: Any = decode(text.encode())
    except ValueError:
        given = None
    found: dict[str, int] = {}
    if isinstance(given, dict):
        for condition, rule in given.items():
            retries = rule.get("retries", ATTEMPTS - 1) if isinstance(rule, dict) else None
            if condition in CONDITIONS and type(retries) is int and retries >= 0:
                found[condition] = retries
        if len(found) == len(given):
            return found
    raise ValueError(f"Invalid X-Fal-Retry-Config header: {text!r}")


def _length(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise ValueError(f"Invalid {MAX_QUEUE_LENGTH} parameter: {text!r}")
