"""Options from platform headers (docs/reference/protocol.md#request-headers)."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.platform_options import (
    CONDITIONS,
    DEFAULT_OPTIONS,
    PlatformOptions,
    read_platform_options,
)
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.platform_headers import check_queue_length, read_platform_headers

NO_RETRY = "x-fal-no-retry"
TIMEOUT = "x-fal-request-timeout"
CONFIG = "x-fal-retry-config"
PRIORITY = "x-fal-queue-priority"
STORE_IO = "x-fal-store-io"


@pytest.mark.parametrize("headers", [{}, {PRIORITY: "normal"}, {"x-fal-runner-hint": "a"}])
def test_without_platform_headers_the_default_options_are_returned(headers: dict[str, str]) -> None:
    assert read_platform_options(headers) is DEFAULT_OPTIONS


@pytest.mark.parametrize(
    ("headers", "options"),
    [
        ({PRIORITY: "low"}, PlatformOptions(is_low_priority=True)),
        ({TIMEOUT: "5"}, PlatformOptions(start_timeout_seconds=5)),
        ({TIMEOUT: "5.0"}, PlatformOptions(start_timeout_seconds=5)),
        ({TIMEOUT: "0.2"}, PlatformOptions(start_timeout_seconds=0.2)),
        ({NO_RETRY: "1"}, PlatformOptions(may_retry=False)),
        ({NO_RETRY: "true"}, PlatformOptions(may_retry=False)),
        ({NO_RETRY: " YES "}, PlatformOptions(may_retry=False)),
        ({NO_RETRY: "0"}, PlatformOptions()),
        ({NO_RETRY: "no"}, PlatformOptions()),
        ({STORE_IO: "0"}, PlatformOptions(stores_io=False)),
        ({STORE_IO: "1"}, PlatformOptions()),
        ({CONFIG: "{}"}, PlatformOptions()),
        ({CONFIG: '{"timeout":{"retries":0}}'}, PlatformOptions(retry_budgets={"timeout": 0})),
        (
            {CONFIG: '{"server_error":{"retries":2},"connection_error":{}}'},
            PlatformOptions(retry_budgets={"server_error": 2}),
        ),
    ],
)
def test_a_header_sets_an_option(headers: dict[str, str], options: PlatformOptions) -> None:
    assert read_platform_options(headers) == options


@pytest.mark.parametrize(("text", "length"), [("0", 0), ("500", 500), ("9" * 18, 10**18 - 1)])
def test_the_longest_queue_is_a_parameter(text: str, length: int) -> None:
    assert read_platform_options({}, text) == PlatformOptions(max_queue_length=length)


@given(
    st.sampled_from([NO_RETRY, TIMEOUT, CONFIG, PRIORITY, STORE_IO]),
    st.text(st.characters(), max_size=12)
    | st.sampled_from(["1e400", "[" * 5000, '{"timeout":' * 900, "-0", "0x5", "\udcff", "٣"]),
    st.none() | st.text(max_size=12),
)
def test_validated_headers_can_be_parsed(name: str, text: str, length: str | None) -> None:
    with suppress(ApiError):
        read_platform_headers({name: text})
        check_queue_length(length)
        options = read_platform_options({name: text}, length)
        assert options.start_timeout_seconds > 0.1
        assert options.max_queue_length >= 0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_budget_holds_for_what_its_condition_covers(condition: str) -> None:
    options = PlatformOptions(retry_budgets={condition: 2})
    for other, covered in CONDITIONS.items():
        for error_type in covered:
            assert options.retries_for(error_type) == (2 if other == condition else 9)


def test_there_are_at_most_ten_attempts() -> None:
    assert PlatformOptions(retry_budgets={"timeout": 99}).retries_for("request_timeout") == 9
    assert DEFAULT_OPTIONS.retries_for("request_timeout") == 9
    assert DEFAULT_OPTIONS.max_queue_length == math.inf


def test_no_retry_wins_over_a_budget() -> None:
    options = PlatformOptions(may_retry=False, retry_budgets={"timeout": 5})
    assert options.retries_for("request_timeout") == 0
