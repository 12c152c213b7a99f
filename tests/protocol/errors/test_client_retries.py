"""The retry arithmetic of protocol.md section 7.4."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.client_retries import RequestCounts, count_requests
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import Operation

JS_RETRIES = {"run": 3, "submit": 3, "result": 3, "status": 5, "cancel": 3, "upload": 3, "token": 3}
"""Retries of @fal-ai/client, by what is asked."""

JS_CODES = {429, 502, 503, 504}
PYTHON_CODES = {408, 409, 429}


@pytest.mark.parametrize("operation", ["submit", "status", "result", "cancel", "run"])
@pytest.mark.parametrize(
    "code", [400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504]
)
def test_a_plain_failure_is_asked_for_again_as_the_tables_say(
    operation: Operation, code: int
) -> None:
    codes = JS_CODES | {500} if operation == "status" else JS_CODES
    assert count_requests(failed_outcome(code, {"detail": "x"}), operation) == RequestCounts(
        python=10 if code in PYTHON_CODES else 1,
        js=1 + JS_RETRIES[operation] if code in codes else 1,
    )


@pytest.mark.parametrize("status", [502, 503, 504])
def test_python_asks_again_for_a_page_of_nginx_without_a_request_id(status: int) -> None:
    page = outcome_of(CATALOG[f"nginx_{status}"])
    assert count_requests(page, "submit").python == 10
    assert count_requests(failed_outcome(status, page.body), "submit").python == 1


@pytest.mark.parametrize(
    ("name", "python", "js"),
    [
        ("nginx_413", 1, 1),
        ("start_deadline", 1, 1),
        ("request_timeout", 1, 4),
        ("runner_disconnected", 1, 4),
        ("concurrent_requests_limit", 10, 4),
        ("exhausted_balance", 1, 1),
        ("content_policy_violation", 1, 1),
        ("generation_timeout", 1, 4),
    ],
)
def test_failures_of_the_catalogue(name: str, python: int, js: int) -> None:
    assert count_requests(outcome_of(CATALOG[name]), "result") == RequestCounts(python, js)


@pytest.mark.parametrize("operation", ["stream", "status_stream", "download"])
def test_nobody_asks_again_for_a_stream_or_a_file(operation: Operation) -> None:
    assert count_requests(outcome_of(CATALOG["nginx_502"]), operation) == RequestCounts(1, 1)


def test_bytes_of_an_upload_are_put_once_by_js() -> None:
    assert count_requests(failed_outcome(503, {}), "upload_put").js == 1


def test_a_timeout_type_of_another_than_the_user_stops_python_alone() -> None:
    outcome = failed_outcome(504, {}, headers=(("x-fal-request-timeout-type", "app"),))
    assert count_requests(outcome, "submit") == RequestCounts(1, 4)
