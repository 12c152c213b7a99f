"""The error catalog against the tables of docs/reference/errors.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import (
    ALIASES,
    CATALOG,
    ERROR_SPECS,
    error_names,
    find_error,
    outcome_of,
)
from fakefal.protocol.errors.errors import ingress_page

ROOT = Path(__file__).parents[3]

MODEL = {
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
"""Status, retry by the queue, and names in ``ctx``."""

REQUEST = {
    "request_timeout": (504, True, "Request timed out"),
    "startup_timeout": (504, True, "Runner startup timed out"),
    "runner_scheduling_failure": (503, True, "No runner available"),
    "runner_connection_timeout": (503, True, "Runner connection timed out"),
    "runner_disconnected": (503, True, "Runner disconnected"),
    "runner_connection_refused": (503, True, "Runner connection refused"),
    "runner_connection_error": (503, True, "Runner connection error"),
    "runner_incomplete_response": (502, True, "Runner sent an incomplete response"),
    "runner_server_error": (500, False, "Runner server error"),
    "client_disconnected": (499, False, "Client disconnected"),
    "client_cancelled": (499, False, "Request was cancelled"),
    "bad_request": (400, False, "Bad request"),
    "internal_error": (500, False, "Internal error"),
}

ACCOUNT = {
    "bad_key": (401, "invalid key credentials"),
    "malformed_key": (
        401,
        "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
    ),
    "exhausted_balance": (
        403,
        "User is locked. Reason: Exhausted balance. Top up your balance at "
        "fal.ai/dashboard/billing.",
    ),
    "admin_lock": (403, "User is locked. Reason: Admin lock. Please contact hello@fal.ai."),
    "payment_method_missing": (
        403,
        "User is locked. Reason: Please add a payment method at fal.ai/dashboard/billing",
    ),
    "account_archived": (
        403,
        "User is locked. Reason: This account has been archived. Please contact hello@fal.ai.",
    ),
    "budget_exceeded": (
        403,
        "User is locked. Reason: User budget is exceeded. Adjust it at fal.ai/dashboard/billing",
    ),
    "lock_unknown": (403, "User is locked. Reason: Unknown. Please contact hello@fal.ai."),
    "top_up": (403, "User is locked. Reason: TOP_UP."),
    "admin_lock_support": (
        403,
        "User is locked. Reason: Admin lock. Please contact support@fal.ai",
    ),
    "unknown_key": (401, "No user found for Key ID and Secret"),
    "bearer_key": (401, "bearer: unable to decode issuer"),
    "missing_key": (401, "Authorization header is required"),
    "no_access": (
        401,
        'Cannot access application "fal-ai/x". Authentication is required to access this '
        "application.",
    ),
    "forbidden_app": (403, 'Cannot access application "fal-ai/x"'),
}

UNDOCUMENTED = {
    "value_error": ("error",),
    "input_value_error": (),
    "invalid_api_key": (),
    "invalid_request": (),
    "image_aspect_ratio_error": (),
    "model_attributes_type": (),
}

BODIES = {
    "queue_full": (429, {"detail": "Queue is longer than fal_max_queue_length allows"}, "submit"),
    "unknown_path": (404, {"detail": "Path /x not found"}, "submit"),
    "not_found": (404, {"status": "NOT_FOUND"}, "submit"),
    "already_completed": (400, {"status": "ALREADY_COMPLETED"}, "submit"),
    "method_not_allowed": (405, {"detail": "Method Not Allowed"}, "submit"),
    "invalid_storage_type": (400, {"detail": "Invalid storage type"}, "submit"),
    "invalid_text": (422, {"detail": "Invalid input"}, "result"),
    "unsafe_text": (
        422,
        {
            "detail": "body.prompt: Request blocked due to safety violations (harmful content). "
            "Please rephrase."
        },
        "result",
    ),
    "application_error": (500, {"detail": "Internal Server Error"}, "result"),
    "gpu_out_of_memory": (503, {"detail": "CUDA error: out of memory"}, "result"),
    "gpu_error": (503, {"detail": "GPU error"}, "result"),
    "cancelled_by_app": (499, {"detail": "Request cancelled by the client."}, "result"),
}
"""Errors of apps and of routing: status, body, and the response that carries the failure."""

OTHERS = {
    "concurrent_requests_limit",
    "unknown_app",
    "start_deadline",
    *(f"nginx_{status}" for status in (413, 502, 503, 504)),
}


def outcome(name: str, app: str = "", path: str = "") -> Outcome:
    spec = find_error(name)
    assert spec is not None
    return outcome_of(spec, app=app, path=path)


def model_item(name: str) -> dict[str, Any]:
    (item,) = outcome(name).body["detail"]
    return dict(item)


def test_the_tables_cover_the_whole_catalog() -> None:
    assert set(CATALOG) == {*MODEL, *REQUEST, *ACCOUNT, *OTHERS, *UNDOCUMENTED, *BODIES}


def test_model_errors_have_the_documented_status_retry_and_context() -> None:
    specs = {name: CATALOG[name] for name in MODEL}
    assert {
        name: (spec.status, spec.queue_retry, tuple(spec.context)) for name, spec in specs.items()
    } == MODEL
    assert {name: tuple(model_item(name).get("ctx", ())) for name in MODEL} == {
        name: context for name, (_, _, context) in MODEL.items()
    }
    assert {name: outcome(name).status for name in MODEL} == {
        name: status for name, (status, _, _) in MODEL.items()
    }


def test_model_errors_are_a_detail_list_with_type_location_and_url() -> None:
    items = {name: model_item(name) for name in MODEL}
    assert {name: (item["type"], item["loc"], item["url"]) for name, item in items.items()} == {
        name: (
            name,
            ["body", "prompt"] if name == "content_policy_violation" else ["body"],
            f"https://docs.fal.ai/errors#{name}",
        )
        for name in MODEL
    }
    assert [name for name, item in items.items() if not item["msg"]] == []


def test_model_errors_that_a_retry_may_fix_say_so_in_two_headers() -> None:
    expected = {
        name: (None, None) if retry == "no" else ("true", "1")
        for name, (_, retry, _) in MODEL.items()
    }
    headers = {name: dict(outcome(name).headers) for name in MODEL}
    assert {
        name: (values.get("X-Fal-Retryable"), values.get("X-Fal-Needs-Retry"))
        for name, values in headers.items()
    } == expected


def test_undocumented_model_errors_are_graded_as_recorded() -> None:
    items = {name: model_item(name) for name in UNDOCUMENTED}
    assert {name: tuple(item.get("ctx", ())) for name, item in items.items()} == UNDOCUMENTED
    assert [item["type"] for item in items.values()] == list(UNDOCUMENTED)
    assert {CATALOG[name].grade for name in UNDOCUMENTED} == {"recorded"}


def test_request_errors_have_the_documented_status_retry_and_detail() -> None:
    assert {
        name: (outcome(name).status, CATALOG[name].queue_retry == "yes", outcome(name).error)
        for name in REQUEST
    } == REQUEST
    assert {CATALOG[name].queue_retry for name in REQUEST} == {"yes", "no"}


def test_request_errors_repeat_their_type_in_body_header_and_status() -> None:
    outcomes = {name: outcome(name) for name in REQUEST}
    assert {
        name: (list(made.body.items()), made.headers, made.error, made.error_type, made.fails_at)
        for name, made in outcomes.items()
    } == {
        name: (
            [("detail", detail), ("error_type", name)],
            (("X-Fal-Error-Type", name),),
            detail,
            name,
            "result",
        )
        for name, (_, _, detail) in REQUEST.items()
    }


def test_account_errors_have_the_documented_text_and_fail_at_submit() -> None:
    outcomes = {name: outcome(name, "fal-ai/x") for name in ACCOUNT}
    assert {
        name: (made.status, made.body, made.headers, made.fails_at)
        for name, made in outcomes.items()
    } == {
        name: (status, {"detail": detail}, (), "submit")
        for name, (status, detail) in ACCOUNT.items()
    }


def test_the_concurrency_limit_has_the_recorded_body_and_header() -> None:
    made = outcome("concurrent_requests_limit")
    assert made.status == 429
    assert made.payload == (
        b'{"detail":"Reached concurrent requests limit of 2",'
        b'"type":"concurrent_requests_limit","data":{"limit":2}}'
    )
    assert made.headers == (
        ("X-Fal-Needs-Retry", "1"),
        ("X-Fal-Error-Type", "concurrent_requests_limit"),
    )


def test_an_unknown_app_names_only_the_alias() -> None:
    made = outcome("unknown_app", "fal-ai/any-{llm}x")
    assert (made.status, made.fails_at) == (404, "submit")
    assert made.body == {"detail": 'Application "any-{llm}x" not found'}


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (413, "Request Entity Too Large"),
        (502, "Bad Gateway"),
        (503, "Service Temporarily Unavailable"),
        (504, "Gateway Time-out"),
    ],
)
def test_an_ingress_error_is_the_page_of_nginx_without_headers_of_fal(
    status: int, phrase: str
) -> None:
    made = outcome(f"nginx-{status}")
    assert (made.status, made.payload) == (status, ingress_page(status, phrase))
    assert (made.content_type, made.has_request_id, made.headers) == ("text/html", False, ())
    assert made.fails_at == "submit"
    assert b"nginx" in made.payload


def test_errors_of_apps_and_of_routing_have_their_bodies() -> None:
    outcomes = {name: outcome(name, "fal-ai/x", "/x") for name in BODIES}
    assert {
        name: (made.status, made.body, made.fails_at) for name, made in outcomes.items()
    } == BODIES


def test_a_start_deadline_is_a_request_timeout_that_the_user_set() -> None:
    made = outcome("start_deadline")
    assert made.status == 504
    assert made.body == {"detail": "Request timed out", "error_type": "request_timeout"}
    assert dict(made.headers) == {
        "X-Fal-Error-Type": "request_timeout",
        "X-Fal-Request-Timeout-Type": "user",
    }


def test_only_the_start_deadline_has_a_timeout_type() -> None:
    names = [
        spec.name for spec in CATALOG.values() if "X-Fal-Request-Timeout-Type" in dict(spec.headers)
    ]
    assert names == ["start_deadline"]


def test_every_name_is_in_the_catalog_once() -> None:
    assert len(ERROR_SPECS) == len(CATALOG)


def test_every_name_may_be_written_with_dashes() -> None:
    specs = {name: find_error(name) for name in error_names()}
    assert None not in specs.values()
    assert {name: find_error(name.replace("_", "-")) for name in error_names()} == specs


def test_an_alias_is_another_name_of_its_error() -> None:
    assert {alias: find_error(alias) for alias in ALIASES} == {
        alias: CATALOG[name] for alias, name in ALIASES.items()
    }


@pytest.mark.parametrize("name", ["", "nope", "runner disconnected", "Runner_Disconnected"])
def test_other_names_are_not_in_the_catalog(name: str) -> None:
    assert find_error(name) is None


def test_every_error_has_a_grade_and_a_source_in_the_reference() -> None:
    sources = {spec.source for spec in CATALOG.values()}
    assert {source.partition("#")[0] for source in sources} == {
        "docs/reference/errors.md",
        "docs/reference/open-questions.md",
    }
    assert {spec.grade for spec in CATALOG.values()} == {
        "documented",
        "client",
        "recorded",
        "inferred",
    }


def test_every_source_is_a_heading_of_its_document() -> None:
    wrong = [spec.source for spec in CATALOG.values() if not is_heading(*spec.source.split("#", 1))]
    assert wrong == []


def is_heading(document: str, anchor: str) -> bool:
    """Whether a heading of the document has this anchor on GitHub."""
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
    return anchor in [heading.lower().replace(" ", "-") for heading in headings]
