"""Header names, credentials and the number of billable units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core import headers
from fakefal.protocol.core.headers import (
    Credential,
    format_units,
    read_credential,
    without_credentials,
)


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        ("Key id:secret", Credential("key", "id:secret")),
        ("key id:secret", Credential("key", "id:secret")),
        ("KEY   id:secret  ", Credential("key", "id:secret")),
        ("  Key id:secret", Credential("key", "id:secret")),
        ("Bearer a.b.c", Credential("bearer", "a.b.c")),
        ("Key no-colon", Credential("key", "no-colon")),
        ("Key two words", Credential("key", "two words")),
    ],
)
def test_a_key_or_bearer_header_holds_a_credential(header: str, credential: Credential) -> None:
    assert read_credential(header) == credential


@pytest.mark.parametrize("header", [None, "", "Key", "Key ", "id:secret", "Basic aWQ6eA==", " "])
def test_other_headers_hold_none(header: str | None) -> None:
    assert read_credential(header) is None


def test_names_become_lower_case_and_values_stay() -> None:
    assert without_credentials([("X-Fal-Queue-Priority", "Low")]) == {"x-fal-queue-priority": "Low"}


SECRET_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-openai-api-key",
    "x-fal-cdn-token",
    "x-fal-key",
    "x-fal-webhook-signature",
    "x-fal-webhook-user-id",
    "x-amz-security-token",
    "x-auth-token",
    "x-csrf-token",
    "x-goog-api-key",
    "x-db-password",
)


def test_credentials_are_removed_in_any_case() -> None:
    spellings = [
        spelling for name in SECRET_HEADERS for spelling in (name.title(), name, name.upper())
    ]
    assert without_credentials((name, "s") for name in spellings) == {}


def test_credentials_in_values_are_redacted() -> None:
    values = {
        "https://fal.run/x?a=1&fal_jwt_token=sec-ret&b=2": "https://fal.run/x?a=1&fal_jwt_token=redacted&b=2",
        "sig=abcdefgh": "sig=redacted",
        "see sk-abcdefghijklmnop1234": "see redacted",
    }
    assert {
        value: without_credentials([(headers.TARGET_URL, value)])[headers.TARGET_URL]
        for value in values
    } == values


@given(st.lists(st.tuples(st.sampled_from(SECRET_HEADERS), st.just("hush"))))
def test_credentials_are_removed_from_any_headers(pairs: list[tuple[str, str]]) -> None:
    assert "hush" not in without_credentials(pairs).values()


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0"),
        (42, "42"),
        (42.0, "42.0"),
        (8.439999999999998, "8.439999999999998"),
        (38.8, "38.8"),
        (10, "10"),
    ],
)
def test_units_print_as_in_python(units: float, text: str) -> None:
    assert format_units(units) == text


def test_the_names_have_the_case_that_fal_sends() -> None:
    spelled = (
        headers.REQUEST_ID,
        headers.BILLABLE_UNITS,
        headers.ERROR_TYPE,
        headers.TIMEOUT_TYPE,
        headers.NEEDS_RETRY,
        headers.RETRYABLE,
        headers.TARGET_URL,
    )
    assert spelled == (
        "x-fal-request-id",
        "x-fal-billable-units",
        "X-Fal-Error-Type",
        "X-Fal-Request-Timeout-Type",
        "X-Fal-Needs-Retry",
        "X-Fal-Retryable",
        "x-fal-target-url",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a", "a"), ("é", "é"), ("caf\udce9", "café"), ("a=\udcff", "a=ÿ")],
)
def test_bytes_that_are_not_utf8_are_decoded_as_latin_1(value: str, shown: str) -> None:
    assert headers.without_credentials([("X-A", value)]) == {"x-a": shown}
