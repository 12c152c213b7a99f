"""The entries of the error catalogue as protocol.md section 7 lists them."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.protocol.errors.situations import ERROR_SPECS

MODEL_ERRORS = {
    "internal_server_error": (500, "yes", ()),
    "generation_timeout": (504, "yes", ()),
    "downstream_service_error": (400, "maybe", ()),
    "downstream_service_unavailable": (500, "yes", ()),
    "content_policy_violation": (422, "no", ()),
    "no_media_generated": (422, "maybe", ()),
    "image_too_small": (422, "no", ("min_height", "min_width")),
    "image_too_large": (422, "no", ("max_height", "max_width")),
    "image_load_error": (422, "no", ()),
    "file_download_error": (422, "no", ()),
    "face_detection_error": (422, "no", ()),
    "file_too_large": (422, "no", ("max_size",)),
    "greater_than": (422, "no", ("gt",)),
    "greater_than_equal": (422, "no", ("ge",)),
    "less_than": (422, "no", ("lt",)),
    "less_than_equal": (422, "no", ("le",)),
    "multiple_of": (422, "no", ("multiple_of",)),
    "sequence_too_short": (422, "no", ("min_length",)),
    "sequence_too_long": (422, "no", ("max_length",)),
    "one_of": (422, "no", ("expected",)),
    "feature_not_supported": (422, "no", ()),
    "invalid_archive": (422, "no", ("supported_extensions",)),
    "archive_file_count_below_minimum": (
        422,
        "no",
        ("min_count", "provided_count", "supported_extensions"),
    ),
    "archive_file_count_exceeds_maximum": (
        422,
        "no",
        ("max_count", "provided_count", "supported_extensions"),
    ),
    "audio_duration_too_long": (422, "no", ("max_duration", "provided_duration")),
    "audio_duration_too_short": (422, "no", ("min_duration", "provided_duration")),
    "video_duration_too_long": (422, "no", ("max_duration", "provided_duration")),
    "video_duration_too_short": (422, "no", ("min_duration", "provided_duration")),
    "unsupported_audio_format": (422, "no", ("supported_formats",)),
    "unsupported_image_format": (422, "no", ("supported_formats",)),
    "unsupported_video_format": (422, "no", ("supported_formats",)),
}
"""The table of section 7.1: status, whether a retry may help, names in ctx."""

REQUEST_ERRORS = {
    "request_timeout": (504, "yes"),
    "startup_timeout": (504, "yes"),
    "runner_scheduling_failure": (503, "yes"),
    "runner_connection_timeout": (503, "yes"),
    "runner_disconnected": (503, "yes"),
    "runner_connection_refused": (503, "yes"),
    "runner_connection_error": (503, "yes"),
    "runner_incomplete_response": (502, "yes"),
    "runner_server_error": (500, "no"),
    "client_disconnected": (499, "no"),
    "client_cancelled": (499, "no"),
    "bad_request": (400, "no"),
    "internal_error": (500, "no"),
}
"""The table of section 7.2: status, and whether the queue tries again."""

LOCKS = {
    "exhausted_balance": "Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
    "admin_lock": "Admin lock. Please contact hello@fal.ai.",
    "payment_method_missing": "Please add a payment method at fal.ai/dashboard/billing",
    "account_archived": "This account has been archived. Please contact hello@fal.ai.",
    "budget_exceeded": "User budget is exceeded. Adjust it at fal.ai/dashboard/billing",
    "lock_unknown": "Unknown. Please contact hello@fal.ai.",
}
"""The reasons of section 7.3."""


@pytest.mark.parametrize("name", MODEL_ERRORS)
def test_a_model_error_is_as_the_table_has_it(name: str) -> None:
    entry = CATALOG[name]
    assert (entry.status, entry.queue_retry, tuple(entry.context)) == MODEL_ERRORS[name]
    (item,) = outcome_of(entry).body["detail"]
    assert (item["type"], item["url"]) == (name, f"https://docs.fal.ai/errors/#{name}")
    assert tuple(item.get("ctx", ())) == MODEL_ERRORS[name][2]
    assert item["msg"]


@pytest.mark.parametrize("name", MODEL_ERRORS)
def test_what_a_retry_may_mend_is_told_under_both_names(name: str) -> None:
    headers = dict(outcome_of(CATALOG[name]).headers)
    may_help = MODEL_ERRORS[name][1] != "no"
    assert headers["X-Fal-Retryable"] == ("true" if may_help else "false")
    assert headers.get("X-Fal-Needs-Retry") == ("1" if may_help else None)


@pytest.mark.parametrize("name", REQUEST_ERRORS)
def test_a_request_error_is_flat_and_repeats_its_word_in_a_header(name: str) -> None:
    entry = CATALOG[name]
    assert (entry.status, entry.queue_retry) == REQUEST_ERRORS[name]
    outcome = outcome_of(entry)
    assert list(outcome.body) == ["detail", "error_type"]
    assert outcome.body["error_type"] == dict(outcome.headers)["X-Fal-Error-Type"] == name
    assert (outcome.error, outcome.error_type) == (outcome.body["detail"], name)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_tells_its_reason(name: str) -> None:
    outcome = outcome_of(CATALOG[name])
    assert (outcome.status, outcome.fails_at) == (403, "submit")
    assert outcome.body == {"detail": f"User is locked. Reason: {LOCKS[name]}"}


def test_a_start_deadline_is_a_request_timeout_of_the_user() -> None:
    outcome = outcome_of(CATALOG["start_deadline"])
    assert (outcome.status, outcome.body["error_type"]) == (504, "request_timeout")
    assert dict(outcome.headers)["X-Fal-Request-Timeout-Type"] == "user"


def test_only_the_start_deadline_has_a_timeout_type() -> None:
    found = [it.name for it in ERROR_SPECS if "X-Fal-Request-Timeout-Type" in dict(it.headers)]
    assert found == ["start_deadline"]


@pytest.mark.parametrize("status", [413, 502, 503, 504])
def test_a_page_of_the_ingress_names_nginx_and_carries_no_request_id(status: int) -> None:
    outcome = outcome_of(CATALOG[f"nginx_{status}"])
    assert (outcome.status, outcome.content_type) == (status, "text/html")
    assert not outcome.has_request_id
    assert b"nginx" in outcome.payload


def test_the_concurrency_limit_has_a_type_and_data() -> None:
    outcome = outcome_of(CATALOG["concurrent_requests_limit"])
    assert list(outcome.body) == ["detail", "type", "data"]
    assert outcome.body["type"] == "concurrent_requests_limit"
    assert dict(outcome.headers)["X-Fal-Needs-Retry"] == "1"


def test_every_name_stands_once() -> None:
    assert len({entry.name for entry in ERROR_SPECS}) == len(ERROR_SPECS)


@pytest.mark.parametrize("entry", ERROR_SPECS, ids=lambda entry: entry.name)
def test_every_entry_says_where_it_is_from(entry: ErrorSpec) -> None:
    assert entry.source.startswith("protocol.md section")
