"""Options of fal's platform that a caller sets with ``X-Fal-…`` headers or in the query."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from fakefal.protocol.core.json_codec import decode

PRIORITY = "x-fal-queue-priority"
START_TIMEOUT = "x-fal-request-timeout"
NO_RETRY = "x-fal-no-retry"
RETRY_CONFIG = "x-fal-retry-config"
STORE_IO = "x-fal-store-io"
MAX_QUEUE_LENGTH = "fal_max_queue_length"

MAX_ATTEMPTS = 10
"""Source: documented (docs/reference/protocol.md#limits-and-retries)."""

CONDITIONS: dict[str, tuple[str, ...]] = {
    "timeout": ("request_timeout", "startup_timeout", "runner_connection_timeout"),
    "server_error": ("runner_incomplete_response", "runner_scheduling_failure"),
    "connection_error": (
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
    ),
}
"""The conditions of ``X-Fal-Retry-Config``, and the error types that each covers.

Source: documented names (docs/reference/protocol.md#request-headers), inferred error types.
"""

_YES = frozenset({"1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """Options of one request. Source: documented (docs/reference/protocol.md#request-headers).

    ``start_timeout_seconds`` is the deadline for the start of the run, ``retry_budgets`` the number
    of retries by condition. A request is rejected if its queue is longer than ``max_queue_length``.
    """

    start_timeout_seconds: float = math.inf
    is_low_priority: bool = False
    may_retry: bool = True
    retry_budgets: Mapping[str, int] = field(default_factory=dict)
    stores_io: bool = True
    max_queue_length: float = math.inf

    def retries_for(self, error_type: str) -> int:
        """How often the platform retries a run that fails with this error type."""
        if not self.may_retry:
            return 0
        for condition, covered in CONDITIONS.items():
            if error_type in covered:
                return min(self.retry_budgets.get(condition, MAX_ATTEMPTS - 1), MAX_ATTEMPTS - 1)
        return MAX_ATTEMPTS - 1


DEFAULT_OPTIONS = PlatformOptions()


def read_platform_options(
    headers: Mapping[str, str], max_queue_length: str | None = None
) -> PlatformOptions:
    """Options from headers that ``read_platform_headers`` has validated."""
    priority = headers.get(PRIORITY)
    timeout = headers.get(START_TIMEOUT)
    no_retry = headers.get(NO_RETRY)
    config = headers.get(RETRY_CONFIG)
    store_io = headers.get(STORE_IO)
    is_low_priority = priority == "low"
    if (
        not is_low_priority
        and timeout is no_retry is config is store_io is max_queue_length is None
    ):
        return DEFAULT_OPTIONS
    return PlatformOptions(
        math.inf if timeout is None else float(timeout),
        is_low_priority,
        no_retry is None or no_retry.strip().lower() not in _YES,
        {} if config is None else _retry_budgets(config),
        store_io is None or store_io.strip().lower() not in _NO,
        math.inf if max_queue_length is None else int(max_queue_length),
    )


def _retry_budgets(text: str) -> dict[str, int]:
    rules: dict[str, dict[str, int]] = decode(text.encode("utf-8", "surrogatepass"))
    return {name: rule["retries"] for name, rule in rules.items() if "retries" in rule}
