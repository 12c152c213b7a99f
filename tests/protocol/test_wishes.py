"""The platform headers of protocol.md section 3.7, as they are read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.wishes import CONDITIONS, NO_WISHES, Wishes, read_wishes

NO_RETRY = "x-fal-no-retry"
TIMEOUT = "x-fal-request-timeout"
CONFIG = "x-fal-retry-config"
PRIORITY = "x-fal-queue-priority"


@pytest.mark.parametrize("headers", [{}, {PRIORITY: "normal"}, {"x-fal-runner-hint": "a"}])
def test_who_asks_for_nothing_gets_the_very_same_wishes(headers: dict[str, str]) -> None:
    assert read_wishes(headers) is NO_WISHES


@pytest.mark.parametrize(
    ("headers", "wishes"),
    [
        ({PRIORITY: "low"}, Wishes(is_low=True)),
        ({TIMEOUT: "5"}, Wishes(start_seconds=5)),
        ({TIMEOUT: "5.0"}, Wishes(start_seconds=5)),
        ({TIMEOUT: "0.2"}, Wishes(start_seconds=0.2)),
        ({NO_RETRY: "1"}, Wishes(may_retry=False)),
        ({NO_RETRY: "true"}, Wishes(may_retry=False)),
        ({NO_RETRY: " YES "}, Wishes(may_retry=False)),
        ({NO_RETRY: "0"}, Wishes()),
        ({NO_RETRY: "no"}, Wishes()),
        ({"x-fal-store-io": "0"}, Wishes(stores=False)),
        ({"x-fal-store-io": "1"}, Wishes()),
        ({CONFIG: "{}"}, Wishes()),
        ({CONFIG: '{"timeout":{"retries":0}}'}, Wishes(budgets={"timeout": 0})),
        (
            {CONFIG: '{"server_error":{"retries":2},"connection_error":{}}'},
            Wishes(budgets={"server_error": 2, "connection_error": 9}),
        ),
    ],
)
def test_a_header_is_a_wish(headers: dict[str, str], wishes: Wishes) -> None:
    assert read_wishes(headers) == wishes


@pytest.mark.parametrize(("text", "length"), [("0", 0), ("500", 500), ("999999999", 999_999_999)])
def test_the_longest_queue_is_a_parameter(text: str, length: int) -> None:
    assert read_wishes({}, text) == Wishes(max_queue_length=length)


@pytest.mark.parametrize(
    ("headers", "length", "named"),
    [
        ({PRIORITY: "high"}, None, "X-Fal-Queue-Priority header: 'high'"),
        ({PRIORITY: ""}, None, "X-Fal-Queue-Priority"),
        ({TIMEOUT: "0.1"}, None, "X-Fal-Request-Timeout header: '0.1'"),
        ({TIMEOUT: "-1"}, None, "X-Fal-Request-Timeout"),
        ({TIMEOUT: "nan"}, None, "X-Fal-Request-Timeout"),
        ({TIMEOUT: "inf"}, None, "X-Fal-Request-Timeout"),
        ({TIMEOUT: "soon"}, None, "X-Fal-Request-Timeout"),
        ({CONFIG: "x"}, None, "X-Fal-Retry-Config header: 'x'"),
        ({CONFIG: "[]"}, None, "X-Fal-Retry-Config"),
        ({CONFIG: '{"timeout":3}'}, None, "X-Fal-Retry-Config"),
        ({CONFIG: '{"timeout":{"retries":-1}}'}, None, "X-Fal-Retry-Config"),
        ({CONFIG: '{"timeout":{"retries":true}}'}, None, "X-Fal-Retry-Config"),
        ({CONFIG: '{"weather":{"retries":1}}'}, None, "X-Fal-Retry-Config"),
        ({CONFIG: "\udcff"}, None, ""),
        ({}, "many", "fal_max_queue_length parameter: 'many'"),
        ({}, "-1", "fal_max_queue_length"),
        ({}, "1.5", "fal_max_queue_length"),
        ({}, "٣", "fal_max_queue_length"),
        ({}, "", "fal_max_queue_length"),
    ],
)
def test_what_cannot_be_read_is_named(
    headers: dict[str, str], length: str | None, named: str
) -> None:
    with pytest.raises(ValueError, match="") as caught:
        read_wishes(headers, length)
    assert named in str(caught.value)


@given(
    st.sampled_from([NO_RETRY, TIMEOUT, CONFIG, PRIORITY, "x-fal-store-io"]),
    st.text() | st.sampled_from(["1e400", "[" * 5000, '{"timeout":' * 900, "-0", "0x5"]),
    st.none() | st.text(max_size=12),
)
def test_any_text_is_read_or_refused(name: str, text: str, length: str | None) -> None:
    try:
        assert read_wishes({name: text}, length).start_seconds > 0.1
    except ValueError:
        pass


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_budget_holds_for_what_its_condition_covers(condition: str) -> None:
    wishes = Wishes(budgets={condition: 2})
    for other, covered in CONDITIONS.items():
        for error_type in covered:
            assert wishes.retries_for(error_type) == (2 if other == condition else 9)


def test_there_are_ten_attempts_at_most_however_many_are_asked_for() -> None:
    assert Wishes(budgets={"timeout": 99}).retries_for("request_timeout") == 9
    assert NO_WISHES.retries_for("request_timeout") == 9
    assert NO_WISHES.max_queue_length == math.inf


def test_no_retry_wins_over_a_budget() -> None:
    wishes = Wishes(may_retry=False, budgets={"timeout": 5})
    assert wishes.retries_for("request_timeout") == 0
