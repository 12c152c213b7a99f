from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.platform_headers import check_queue_length, read_platform_headers

GOOD = {
    "X-Fal-Queue-Priority": ["normal", "low"],
    "X-Fal-Request-Timeout": ["5", "5.0", "0.2", "1e3"],
    "X-Fal-No-Retry": ["1", "true", "yes", "0", "True"],
    "X-Fal-Retry-Config": [
        "{}",
        '{"timeout":{"retries":0}}',
        '{"server_error":{"retries":3},"connection_error":{}}',
    ],
    "X-Fal-Object-Lifecycle-Preference": [
        "{}",
        '{"expiration_duration_seconds":3600}',
        '{"expiration_duration_seconds":null,"initial_acl":{"default":"forbid"}}',
    ],
    "X-Fal-Store-IO": ["0", "1"],
    "X-Fal-Tags": ["", "team=a", "team=a, run=7,x=", ",".join(f"k{n}=v" for n in range(10))],
}
BAD = {
    "X-Fal-Queue-Priority": ["", "high", "NORMAL", "normal,low"],
    "X-Fal-Request-Timeout": ["", "0.1", "-1", "nan", "inf", "5s"],
    "X-Fal-No-Retry": ["", "2", "never"],
    "X-Fal-Retry-Config": [
        "",
        "{",
        "[]",
        '{"else":{"retries":1}}',
        '{"timeout":1}',
        '{"timeout":{"retries":-1}}',
        '{"timeout":{"retries":true}}',
        '{"timeout":{"retries":1e400}}',
    ],
    "X-Fal-Object-Lifecycle-Preference": [
        "",
        "3600",
        "{'a':1}",
        '{"expiration_duration_seconds":0}',
        '{"expiration_duration_seconds":"1h"}',
        '{"expiration_duration_seconds":true}',
        '{"initial_acl":[]}',
    ],
    "X-Fal-Store-IO": ["", "off"],
    "X-Fal-Tags": [
        "team",
        "=a",
        "fal.x=y",
        "a=b,,c=d",
        ",".join(f"k{n}=v" for n in range(11)),
        f"a={'x' * 1023}",
    ],
}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_a_valid_platform_header_is_returned() -> None:
    for name, value in pairs(GOOD):
        assert read_platform_headers({name.lower(): value}) == {name.lower(): value}


def test_bad_tags_are_dropped() -> None:
    for value in BAD["X-Fal-Tags"]:
        assert read_platform_headers({"x-fal-tags": value}) == {}


def test_a_malformed_platform_header_is_a_bad_request() -> None:
    for name, value in pairs({name: BAD[name] for name in BAD if name != "X-Fal-Tags"}):
        with pytest.raises(ApiError) as caught:
            read_platform_headers({name.lower(): value})
        error = caught.value
        assert (error.status, error.body["error_type"]) == (400, "bad_request"), (name, value)
        assert error.body["detail"].startswith(f"Invalid {name} header: "), (name, value)
        assert len(error.body["detail"]) < 200, (name, value)


@given(st.sampled_from(sorted(GOOD)), st.text(st.characters()))
def test_any_value_passes_or_is_a_bad_request(name: str, value: str) -> None:
    with suppress(ApiError):
        read_platform_headers({name.lower(): value})


@pytest.mark.parametrize("value", [None, "0", "1", "100000"])
def test_a_queue_length_is_a_count(value: str | None) -> None:
    check_queue_length(value)


@pytest.mark.parametrize("value", ["", "-1", "1.5", "ten", "1" * 19, "١"])
def test_an_invalid_queue_length_is_a_bad_request(value: str) -> None:
    with pytest.raises(ApiError, match="400"):
        check_queue_length(value)
