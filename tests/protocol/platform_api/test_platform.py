"""Queries, pages, buckets and errors of the platform API (docs/reference/platform-api.md)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.platform_api.platform import (
    TIMEFRAMES,
    ListQuery,
    bucket_of,
    format_instant,
    status_matches,
    timeframe_for,
    to_platform_error,
)

NOON = 1_767_268_800.0
"""2026-01-01T12:00:00Z, a Thursday."""


@pytest.mark.parametrize(
    ("status", "expected_status", "type_"),
    [
        (400, 400, "validation_error"),
        (422, 400, "validation_error"),
        (401, 401, "authorization_error"),
        (403, 403, "authorization_error"),
        (404, 404, "not_found"),
        (405, 405, "validation_error"),
        (429, 429, "rate_limited"),
        (500, 500, "server_error"),
        (503, 503, "server_error"),
    ],
)
def test_an_error_has_the_platforms_shape(status: int, expected_status: int, type_: str) -> None:
    error = to_platform_error(ApiError(status, {"detail": "no"}, request_id="id-1"))
    assert error.status == expected_status
    assert error.body == f'{{"error":{{"type":"{type_}","message":"no"}}}}\n'.encode()
    assert dict(error.headers)["cache-control"] == "public, max-age=0, must-revalidate"


def test_a_page_of_the_ingress_stays_what_it_is() -> None:
    page = ApiError(413, b"<html>", content_type="text/html")
    assert to_platform_error(page) is page
    converted = to_platform_error(ApiError(404, {"detail": "no"}))
    assert to_platform_error(converted) is converted


def test_values_are_listed_in_three_ways() -> None:
    query = "endpoint_id=a/b&endpoint_id=c/d,e/f&endpoint_id[]=g/h&endpoint_id=a/b"
    assert ListQuery(query).endpoints() == ["a/b", "c/d", "e/f", "g/h"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: a number from 1 to 1000"),
        ("limit=x", "limit: a number from 1 to 1000"),
        ("limit=1001", "limit: a number from 1 to 1000"),
        ("cursor=%%%", "cursor: the next_cursor of an answer"),
        ("cursor=MA==", "cursor: the next_cursor of an answer"),
    ],
)
def test_an_invalid_page_is_a_400(query: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        ListQuery(query).page([1, 2, 3])
    assert (caught.value.status, caught.value.message) == (400, message)


def test_an_invalid_instant_is_a_400() -> None:
    with pytest.raises(ApiError, match="400"):
        ListQuery("start=soon").instant("start")
    assert ListQuery("").instant("start") is None
    for text in (
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00%2B00:00",
        "2026-01-01T13:00:00+01:00",
    ):
        assert ListQuery(f"start={text}").instant("start") == NOON
    assert ListQuery("start=2026-01-01").instant("start") == NOON - 12 * 3600


def test_too_few_and_too_many_endpoints_are_a_400() -> None:
    with pytest.raises(ApiError):
        ListQuery("").endpoints(minimum=1)
    with pytest.raises(ApiError):
        ListQuery("&".join(f"endpoint_id=a/{number}" for number in range(51))).endpoints()


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_all_pages_together_have_all_items(items: list[int], limit: int) -> None:
    received: list[int] = []
    cursor = ""
    while True:
        page, fields = ListQuery(f"limit={limit}&cursor={cursor}").page(items)
        received += page
        assert fields["has_more"] is (fields["next_cursor"] is not None)
        if not fields["has_more"]:
            break
        cursor = fields["next_cursor"].replace("=", "%3D")
    assert received == items


@pytest.mark.parametrize(
    ("timeframe", "bucket"),
    [
        ("minute", "2026-01-01T12:34:00+00:00"),
        ("hour", "2026-01-01T12:00:00+00:00"),
        ("day", "2026-01-01T00:00:00+00:00"),
        ("week", "2025-12-29T00:00:00+00:00"),
        ("month", "2026-01-01T00:00:00+00:00"),
    ],
)
def test_a_bucket_is_the_start_of_its_timeframe(timeframe: str, bucket: str) -> None:
    assert bucket_of(NOON + 34 * 60 + 5.25, timeframe) == bucket


def test_the_timeframe_follows_from_the_span() -> None:
    spans = (3600.0, 86_400.0, 30 * 86_400.0, 100 * 86_400.0, 400 * 86_400.0)
    assert tuple(timeframe_for(span) for span in spans) == TIMEFRAMES


def test_timestamps_omit_zeros() -> None:
    assert format_instant(NOON) == "2026-01-01T12:00:00Z"
    assert format_instant(NOON + 0.25) == "2026-01-01T12:00:00.250Z"


def test_a_status_matches_its_outcome() -> None:
    assert status_matches(200, "success")
    assert status_matches(422, "user_error")
    assert status_matches(503, "error")
    assert not status_matches(503, "success")
    assert status_matches(503, None)
