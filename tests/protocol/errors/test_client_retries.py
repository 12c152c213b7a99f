"""The retry rules of docs/reference/clients.md#errors-and-retries."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.client_retries import RequestCounts, count_requests
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import Operation

JS_RETRIES = {"run": 3, "submit": 3, "result": 3, "status": 5, "cancel": 3, "upload": 3, "token": 3}
"""Retries of @fal-ai/client by operation."""

JS_CODES = {429, 502, 503, 504}
PYTHON_CODES = {408, 409, 429}


OPERATIONS: tuple[Operation, ...] = ("submit", "status", "result", "cancel", "run")
CODES = (400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504)


def expected_counts(operation: Operation, code: int) -> RequestCounts:
    js_codes = JS_CODES | {500} if operation == "status" else JS_CODES
    return RequestCounts(
        python=10 if code in PYTHON_CODES else 1,
        js=1 + JS_RETRIES[operation] if code in js_codes else 1,
    )


def test_failures_are_retried_by_status_and_operation() -> None:
    assert {
        (operation, code): count_requests(failed_outcome(code, {"detail": "x"}), operation)
        for operation in OPERATIONS
        for code in CODES
    } == {
        (operation, code): expected_counts(operation, code)
        for operation in OPERATIONS
        for code in CODES
    }


@pytest.mark.parametrize("status", [502, 503, 504])
def test_python_retries_a_page_of_nginx_without_a_request_id(status: int) -> None:
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
def test_errors_of_the_catalog(name: str, python: int, js: int) -> None:
    assert count_requests(outcome_of(CATALOG[name]), "result") == RequestCounts(python, js)


@pytest.mark.parametrize("operation", ["stream", "status_stream", "download"])
def test_streams_and_downloads_are_not_retried(operation: Operation) -> None:
    assert count_requests(outcome_of(CATALOG["nginx_502"]), operation) == RequestCounts(1, 1)


def test_js_does_not_retry_the_put_of_an_upload() -> None:
    assert count_requests(failed_outcome(503, {}), "upload_put").js == 1


def test_other_timeout_types_stop_only_python() -> None:
    outcome = failed_outcome(504, {}, headers=(("x-fal-request-timeout-type", "app"),))
    assert count_requests(outcome, "submit") == RequestCounts(1, 4)
